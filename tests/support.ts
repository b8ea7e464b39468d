import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { test as base, inject } from 'vitest'
import { createFinanceDb } from '../src/database.js'
import { migrate } from '../src/migrations/index.js'
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
  const admin = inject('serverUrl')
  const name = `${inject('templateName')}_${process.pid}_${++clones.count}`
  await execute(admin, `create database ${name} template ${inject('templateName')}`)
  const url = withDatabase(inject('databaseUrl'), name)
  const db = createFinanceDb({ connectionString: url, poolSize: 5 }, {})
  return {
    url,
    db,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      await execute(admin, `drop database ${name} with (force)`)
    },
  }
}

/** A PGlite of its own, migrated, with pgvector. It takes a second or two. Use with `await using`. */
export async function pgliteDb(): Promise<
  AsyncDisposable & { readonly db: Kysely<Database>; readonly pglite: PGlite }
> {
  const pglite = await PGlite.create({ extensions: { vector } })
  const db = createFinanceDb({ pglite }, {})
  await migrate(db)
  return {
    db,
    pglite,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      await pglite.close()
    },
  }
}

/** The database in which the `db` of this worker's tests opens its transactions: nothing in it is ever committed. */
async function workerDatabase(): Promise<string> {
  const admin = inject('serverUrl')
  const name = `${inject('templateName')}_worker_${process.env.VITEST_POOL_ID}`
  try {
    await execute(admin, `create database ${name} template ${inject('templateName')}`)
  } catch (error) {
    // A test file that ran earlier in this worker has made it already.
    if (!(error instanceof pg.DatabaseError && error.code === '42P04')) throw error
  }
  return withDatabase(inject('databaseUrl'), name)
}

/** A handle on the one connection of a sandbox. Ending the pool rolls everything back. */
export function sandboxHandle(pool: OneConnectionPool): Kysely<Database> {
  return createFinanceDb({ pool, prePing: false }, {})
}

/** `test` with a `db`: the migrated schema, empty, inside a transaction that is rolled back when the test ends. */
export const test = base
  .extend('sandboxUrl', { scope: 'file' }, () => workerDatabase())
  .extend('db', async ({ sandboxUrl }, { onCleanup }) => {
    const pool = await OneConnectionPool.open({ connectionString: sandboxUrl })
    const db = sandboxHandle(pool)
    onCleanup(() => pool.end())
    return db
  })
