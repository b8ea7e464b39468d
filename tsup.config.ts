import { existsSync } from 'node:fs'
import { defineConfig } from 'tsup'

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
  seed: 'src/seed/index.ts',
  testing: 'src/testing/index.ts',
  cli: 'src/cli/main.ts',
}

export default defineConfig({
  entry: Object.fromEntries(Object.entries(entry).filter(([, path]) => existsSync(path))),
  format: 'esm',
  target: 'node20',
  platform: 'node',
  splitting: true, // one copy of each class, so that `instanceof` holds across subpaths
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
})
