import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import type { TestProject } from 'vitest/node'
import { bundling } from '../tsup.config.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the {@link programs} are: `<name>.js`. */
    programs: string
  }
}

/** What tests start often or many at once: from its sources each process takes a second and a half more of a processor. */
const programs = { cli: 'src/cli/main.ts', migrating: 'tests/migrations/migrating-process.ts' }

/**
 * Bundles them as the package is bundled. Made anew for every run and every rerun of a watch, in a directory of its own, so that
 * they are never older than the sources.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'finance-db-bundle-'))
  await symlink(fileURLToPath(new URL('../node_modules', import.meta.url)), join(directory, 'node_modules'))
  const outDir = join(directory, 'dist')
  const bundle = () => build({ ...bundling, entry: programs, outDir, clean: false, config: false, silent: true })

  await bundle()
  project.onTestsRerun(bundle)
  project.provide('programs', outDir)
  return () => rm(directory, { recursive: true, force: true })
}
