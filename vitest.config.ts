import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))

export default defineConfig({
  // The examples import the package by its name.
  resolve: {
    alias: [
      { find: /^@org\/finance-db$/, replacement: `${root}src/index.ts` },
      { find: /^@org\/finance-db\/(.*)$/, replacement: `${root}src/$1/index.ts` },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['tests/global-setup.ts', 'tests/programs.ts'],
    maxWorkers: 2,
    // A process for each of 166 files would spend a third of the time on loading the same sources. What a test changes in its
    // process it puts back.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    typecheck: { enabled: false },
  },
})
