import type { TestProject } from 'vitest/node'
import {
  handleVariable,
  startTestDatabases,
  type TestDatabases,
  type TestDatabasesOptions,
} from '../databases/databases.js'
import './context.js'

/**
 * A global set-up for vitest: one server and one migrated template for the whole run, whatever the number of workers.
 *
 * ```ts
 * // vitest.config.ts: globalSetup: ['@org/finance-db/testing/vitest-setup']
 * // With tables of the host's, globalSetup: ['tests/global-setup.ts']
 * export default createGlobalSetup({ prepare: (pool) => migrateOurTables(pool), prepareKey: '7' })
 * ```
 */
export function createGlobalSetup(
  options: TestDatabasesOptions | { readonly databases: TestDatabases } = {},
): (project: TestProject) => Promise<() => Promise<void>> {
  return async (project) => {
    const databases = 'databases' in options ? options.databases : await startTestDatabases(options)
    console.log(`Tests run on ${databases.describe}.`)
    project.provide('financeDb', databases.handle)
    // For processes that tests start.
    process.env[handleVariable] = JSON.stringify(databases.handle)
    return () => databases.stop()
  }
}

export default createGlobalSetup()
