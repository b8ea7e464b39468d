/** Fixtures and matchers for vitest. A module of its own because it imports vitest. */
import { test as base, expect, inject } from 'vitest'
import { UnsupportedError } from '../../errors.js'
import type { Db } from '../../schema/database.js'
import { ambientHandle } from '../databases/ambient.js'
import type { TestDatabasesHandle } from '../databases/databases.js'
import { copyDatabase, type DatabaseCopy, workerSandboxes } from '../databases/databases.js'
import { matchers } from '../matchers.js'
import type { SandboxOptions } from '../sandbox/sandbox.js'
import '../vitest-setup/context.js'

declare module 'vitest' {
  interface Matchers<T> {
    /** A decimal string of this value, however many zeros follow. Never a number. */
    toBeDecimal(expected: string): T extends Promise<unknown> ? Promise<void> : void
    /** The balance that the database has now for this account, and that it follows from its movements. */
    toHaveBalance(db: Db, expected: string): Promise<void>
  }
}

expect.extend(matchers)

export type SandboxTestOptions = Omit<SandboxOptions, 'name'>

/**
 * A `test` whose fixtures are the sandbox of that test: `sandbox`, `db` (our tables), `pool` (for code that takes a
 * `pg.Pool`). What a test writes vanishes when it ends; what it does wrong fails it, by name.
 *
 * ```ts
 * const test = sandboxTest()
 * test('a host of ours', async ({ db, pool }) => { … })
 * const appTest = test.extend('app', ({ pool }) => buildApp({ pool }))
 * ```
 */
export function sandboxTest(options: SandboxTestOptions = {}) {
  return base
    .extend('databases', { scope: 'file' }, () => databasesOfThisRun())
    .extend('sandboxes', { scope: 'file' }, async ({ databases }, { onCleanup }) => {
      const sandboxes = await workerSandboxes(databases, process.env.VITEST_POOL_ID ?? process.pid)
      onCleanup(() => sandboxes.close())
      return sandboxes
    })
    .extend('sandbox', async ({ sandboxes, task }, { onCleanup }) => {
      const sandbox = await sandboxes.open({ ...options, name: nameOf(task) })
      onCleanup(() => sandbox.close())
      return sandbox
    })
    .extend('db', ({ sandbox }) => sandbox.db)
    .extend('pool', ({ sandbox }) => sandbox.pool)
}

/** {@link sandboxTest} with its defaults. */
export const test = sandboxTest()

/** A copy of the template for a test that must commit. Use with `await using`. */
export function freshDatabase(): Promise<DatabaseCopy> {
  return copyDatabase(databasesOfThisRun())
}

/** @throws {UnsupportedError} The global set-up is not in the configuration of vitest. */
export function databasesOfThisRun(): TestDatabasesHandle {
  const handle = inject('financeDb') ?? ambientHandle()
  if (handle === undefined) {
    throw new UnsupportedError(
      "No databases were made for this run: add globalSetup: ['@org/finance-db/testing/vitest-setup'] to vitest.config.ts.",
    )
  }
  return handle
}

interface Named {
  readonly name: string
  readonly suite?: Named | undefined
  readonly file?: Named | undefined
}

function nameOf({ name, suite, file }: Named): string {
  if (suite !== undefined && suite.name !== '' && suite !== file) return `${nameOf({ ...suite, file })} > ${name}`
  return file === undefined ? name : `${file.name} > ${name}`
}
