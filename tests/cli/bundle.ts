import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import type { TestProject } from 'vitest/node'
import { bundling } from '../../tsup.config.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** The command, as a file for plain Node. */
    cliEntry: string
  }
}

/**
 * Bundles the command as the package has it: to run it from its sources costs each process a second. Made anew for every run
 * and every rerun of a watch, in a directory of its own, so that it is never older than the sources.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'finance-db-bundle-'))
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(directory, 'node_modules'))
  const outDir = join(directory, 'dist')
  const bundle = () =>
    build({ ...bundling, entry: { cli: 'src/cli/main.ts' }, outDir, clean: false, config: false, silent: true })

  await bundle()
  project.onTestsRerun(bundle)
  project.provide('cliEntry', join(outDir, 'cli.js'))
  return () => rm(directory, { recursive: true, force: true })
}
