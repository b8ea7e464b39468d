import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../src/migrations/migrate.js'
import { startTestServer } from '../src/testing/server.js'
import { pgbouncerBinary, startPgBouncer } from './migrations/pgbouncer.js'
import { directServer, dropRun, execute, ownershipComment, staleRuns, withDatabase } from './server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects to the server's maintenance database as a user who may create databases; see TEST_THROUGH_PGBOUNCER. */
    databaseUrl: string
    /** The same, always to the server itself: for databases that come and go. */
    serverUrl: string
    /** The migrated, empty database that `freshDatabase` clones. It accepts no connections itself. */
    templateName: string
  }
}

/**
 * One server and one migrated template database for the whole run. With `TEST_THROUGH_PGBOUNCER=1` tests reach it by way of a
 * PgBouncer in transaction mode, where one is installed.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer()
  console.log(`Tests run on ${server.describe}.`)

  const templateName = `finance_db_test_${randomBytes(4).toString('hex')}`
  const bouncer = process.env.TEST_THROUGH_PGBOUNCER ? await bouncerBefore(server.url) : undefined
  const tearDown = async () => {
    await bouncer?.[Symbol.asyncDispose]()
    if (server.kind === 'url') await dropRun(server.url, templateName)
    await server.stop()
  }

  try {
    for (const stale of await staleRuns(server.url)) await dropRun(server.url, stale)
    await execute(server.url, `create database ${templateName} template template0`, ownershipComment(templateName))
    await migrateDatabase(withDatabase(server.url, templateName))
    await execute(server.url, `alter database ${templateName} with is_template true allow_connections false`)
  } catch (error) {
    await tearDown()
    throw error
  }

  // `pgbouncer=true` is what hosted databases print, and turns named statements off.
  project.provide('databaseUrl', bouncer === undefined ? server.url : `${bouncer.through(server.url)}?pgbouncer=true`)
  project.provide('serverUrl', server.url)
  project.provide('templateName', templateName)
  return tearDown
}

async function bouncerBefore(url: string) {
  if (pgbouncerBinary === undefined) {
    console.log('TEST_THROUGH_PGBOUNCER is set, but pgbouncer is not installed: tests run without it.')
    return undefined
  }
  // Sessions of a database that is dropped or cloned must not linger, and each test file has databases of its own.
  const settings = `server_idle_timeout = 2
server_login_retry = 1
ignore_startup_parameters = statement_timeout, idle_in_transaction_session_timeout
`
  const bouncer = await startPgBouncer(pgbouncerBinary, url, 20, settings)
  process.env[directServer] = new URL(url).host
  console.log('Tests go through PgBouncer in transaction mode.')
  return bouncer
}

async function migrateDatabase(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db).finally(() => db.destroy())
}
