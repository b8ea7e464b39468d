import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { test as base, inject } from 'vitest'
import type { Database } from '../src/schema/database.js'
import { OneConnectionPool } from './one-connection-pool.js'
import { execute, withDatabase } from './server.js'

/** A database of its own for a test that must commit, or needs several connections. */
export interface FreshDatabase extends AsyncDisposable {
  readonly url: string
  readonly db: Kysely<Database>
}

const clones = { count: 0 }

/** Clones the migrated template. Use with `await using`, which closes the pool and drops the database. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const admin = inject('databaseUrl')
  const name = `${inject('templateName')}_${process.pid}_${++clones.count}`
  await execute(admin, `create database ${name} template ${inject('templateName')}`)
  const url = withDatabase(admin, name)
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url }) }) })
  return {
    url,
    db,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      await execute(admin, `drop database ${name} with (force)`)
    },
  }
}

/** The database in which the `db` of this worker's tests opens its transactions: nothing in it is ever committed. */
async function workerDatabase(): Promise<string> {
  const admin = inject('databaseUrl')
  const name = `${inject('templateName')}_worker_${process.env.VITEST_POOL_ID}`
  try {
    await execute(admin, `create database ${name} template ${inject('templateName')}`)
  } catch (error) {
    // A test file that ran earlier in this worker has made it already.
    if (!(error instanceof pg.DatabaseError && error.code === '42P04')) throw error
  }
  return withDatabase(admin, name)
}

export function sandboxHandle(pool: OneConnectionPool): Kysely<Database> {
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
}

/** `test` with a `db`: the migrated schema, empty, inside a transaction that is rolled back when the test ends. */
export const test = base
  .extend('sandboxUrl', { scope: 'file' }, () => workerDatabase())
  .extend('db', async ({ sandboxUrl }, { onCleanup }) => {
    const pool = await OneConnectionPool.open({ connectionString: sandboxUrl })
    const db = sandboxHandle(pool)
    onCleanup(() => db.destroy())
    return db
  })
