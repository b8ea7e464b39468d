import { existsSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Options } from 'tsup'

/**
 * One entry for each subpath of `exports` in package.json, and the command. The declarations come from `tsc`
 * (tsconfig.build.json): bundling them turned re-exported types into values.
 */
const entry = {
  index: 'src/index.ts',
  schema: 'src/schema/index.ts',
  migrations: 'src/migrations/index.ts',
  import: 'src/import/index.ts',
  auth: 'src/auth/index.ts',
  readonly: 'src/readonly/index.ts',
  mcp: 'src/mcp/index.ts',
  seed: 'src/seed/index.ts',
  health: 'src/health/index.ts',
  telemetry: 'src/telemetry/index.ts',
  testing: 'src/testing/index.ts',
  'testing-vitest': 'src/testing/vitest/index.ts',
  'testing-vitest-setup': 'src/testing/vitest-setup/index.ts',
  cli: 'src/cli/main.ts',
}

/** How all of it is bundled, also the command that the tests run. */
export const bundling = {
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true, // one copy of each class, so that `instanceof` holds across subpaths
  sourcemap: true,
  removeNodeProtocol: false,
} satisfies Options

export default defineConfig({
  ...bundling,
  entry: Object.fromEntries(Object.entries(entry).filter(([, path]) => existsSync(path))),
  clean: true,
  onSuccess: copyChartLibrary,
})

/** `finance-db report` puts Chart.js into its pages: its one file goes into the package, with its licence. */
async function copyChartLibrary(): Promise<void> {
  const dist = dirname(fileURLToPath(import.meta.resolve('chart.js')))
  await copyFile(join(dist, 'chart.umd.min.js'), 'dist/chart.umd.min.js')
  await copyFile(join(dist, '..', 'LICENSE.md'), 'dist/chart.js.LICENSE.md')
}
