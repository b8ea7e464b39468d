import type { TestProject } from 'vitest/node'
import { startTestDatabases, type TestDatabases } from '../src/testing/index.js'
import { createGlobalSetup } from '../src/testing/vitest-setup/index.js'
import { pgbouncerBinary, startPgBouncer } from './migrations/pgbouncer.js'
import { directServer, poolerBefore } from './server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects to the server's maintenance database as a user who may create databases. */
    databaseUrl: string
    /** Databases whose names begin with it are dropped at the end of the run. */
    templateName: string
  }
}

/**
 * What hosts have. Much of what is tested here needs a server. With `TEST_THROUGH_PGBOUNCER=1` tests reach it by way of a
 * PgBouncer in transaction mode, where one is installed.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const databases = await throughPgBouncer(await startTestDatabases())
  const { handle } = databases
  // With TEST_DATABASE=pglite only the examples and the tests that use nothing but `db` run.
  project.provide('databaseUrl', handle.kind === 'server' ? handle.url : '')
  project.provide('templateName', handle.kind === 'server' ? handle.run : '')
  return createGlobalSetup({ databases })(project)
}

async function throughPgBouncer(databases: TestDatabases): Promise<TestDatabases> {
  const { handle } = databases
  if (!process.env.TEST_THROUGH_PGBOUNCER || handle.kind !== 'server') return databases
  if (pgbouncerBinary === undefined) {
    console.log('TEST_THROUGH_PGBOUNCER is set, but pgbouncer is not installed: tests run without it.')
    return databases
  }
  // Few connections, so that what is left on one soon meets somebody else.
  // Sessions of a database that is dropped or cloned must not linger, and each test file has databases of its own.
  const settings = `server_idle_timeout = 2
server_login_retry = 1
ignore_startup_parameters = statement_timeout, idle_in_transaction_session_timeout
`
  const bouncer = await startPgBouncer(pgbouncerBinary, handle.url, 5, settings)
  const through = bouncer.through(handle.url)
  process.env[directServer] = new URL(handle.url).host
  process.env[poolerBefore] = new URL(through).host
  return {
    // `pgbouncer=true` is what hosted databases print, and turns named statements off.
    handle: { ...handle, through: `${through}?pgbouncer=true` },
    describe: `${databases.describe}, through PgBouncer in transaction mode`,
    async stop() {
      await bouncer[Symbol.asyncDispose]()
      await databases.stop()
    },
  }
}
