import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Files that take longest come first, so that no worker is left with one at the end: on a fresh clone nobody knows but us. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) =>
      /tests\/(readme|readonly\/(attacks|pglite)|migrations\/releases|cli|real-data)/.test(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

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
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    typecheck: { enabled: false },
  },
})
