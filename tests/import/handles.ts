import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import type { Database } from '../../src/schema/database.js'
import { type FreshDatabase, freshDatabase, pgliteDb } from '../support.js'

export type Handles = Record<'COPY' | 'unnest' | 'PGlite', Kysely<Database>>

/** The three ways in which rows reach the server: our pool, a host's own Kysely on the same database, and PGlite. */
export function openHandles(): Handles {
  const handles = {} as Handles
  const open: AsyncDisposable[] = []
  beforeAll(async () => {
    const server: FreshDatabase = await freshDatabase()
    const embedded = await pgliteDb()
    open.push(server, embedded)
    handles.COPY = server.db
    handles.PGlite = embedded.db
    handles.unnest = new Kysely<Database>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: server.url, max: 3 }) }),
    })
  })
  afterAll(async () => {
    await handles.unnest?.destroy()
    for (const one of open) await one[Symbol.asyncDispose]()
  })
  return handles
}
