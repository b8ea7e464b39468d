import { existsSync } from 'node:fs'
import { defineConfig } from 'tsup'

/** One entry for each subpath of `exports` in package.json; the command has no types and stands by itself below. */
const entry = {
  index: 'src/index.ts',
  schema: 'src/schema/index.ts',
  migrations: 'src/migrations/index.ts',
  import: 'src/import/index.ts',
  seed: 'src/seed/index.ts',
  testing: 'src/testing/index.ts',
  cli: 'src/cli/main.ts',
}

const present = Object.fromEntries(Object.entries(entry).filter(([, path]) => existsSync(path)))
const { cli: _, ...libraries } = present

export default defineConfig({
  entry: present,
  format: 'esm',
  target: 'node20',
  platform: 'node',
  // tsup sets `baseUrl`, which TypeScript 6 deprecates.
  dts: { entry: libraries, compilerOptions: { ignoreDeprecations: '6.0' } },
  splitting: true, // one copy of each class, so that `instanceof` holds across subpaths
  sourcemap: true,
  clean: true,
  removeNodeProtocol: false,
})
