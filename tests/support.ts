import type { PGlite } from '@electric-sql/pglite'
import type { Kysely } from 'kysely'
import { createFinanceDb } from '../src/database.js'
import type { Database } from '../src/schema/database.js'
import { ensurePGliteImage, openPGliteImage } from '../src/testing/databases/pglite-image.js'
import { copyDatabase } from '../src/testing/index.js'
import { databasesOfThisRun } from '../src/testing/vitest/index.js'
import { directly } from './server.js'

/** `test` with a `db`: the migrated schema, empty, inside a transaction that is rolled back when the test ends. */
export { test } from '../src/testing/vitest/index.js'

/** A database of its own for a test that must commit, or needs several connections. */
export interface FreshDatabase extends AsyncDisposable {
  readonly url: string
  readonly db: Kysely<Database>
}

/** Clones the migrated template. Use with `await using`, which closes the pool and drops the database. */
export async function freshDatabase(): Promise<FreshDatabase> {
  return cloneAt((url) => url)
}

/** The same past any PgBouncer of the run, for what takes a session of its own and says so. */
export async function directDatabase(): Promise<FreshDatabase> {
  return cloneAt(directly)
}

async function cloneAt(way: (url: string) => string): Promise<FreshDatabase> {
  const copy = await copyDatabase(databasesOfThisRun())
  const url = way(copy.url ?? '')
  // A pool of ours, as a service has it: the copy's own is pg's.
  const db = createFinanceDb({ connectionString: url, poolSize: 5 }, {})
  return {
    url,
    db,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      await copy[Symbol.asyncDispose]()
    },
  }
}

/** A PGlite of its own, migrated, with pgvector. It takes about half a second. Use with `await using`. */
export async function pgliteDb(): Promise<
  AsyncDisposable & { readonly db: Kysely<Database>; readonly pglite: PGlite }
> {
  const pglite = await openPGliteImage(await ensurePGliteImage({}))
  const db = createFinanceDb({ pglite }, {})
  return {
    db,
    pglite,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      await pglite.close()
    },
  }
}
