import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { withDatabase } from '../src/testing/databases/connect.js'

/** Where the server is when tests reach it through PgBouncer. */
export const directServer = 'FINANCE_DB_TEST_SERVER'
/** Where that PgBouncer is. */
export const poolerBefore = 'FINANCE_DB_TEST_POOLER'

/** Whether this run reaches its server through PgBouncer, in transaction mode. */
const throughPgBouncer = process.env[directServer] !== undefined

/** The same database at the server itself, for a step that needs a session of its own: each such step says why. */
export function directly(url: string): string {
  const target = new URL(url)
  // A test may have a server of its own.
  if (!throughPgBouncer || target.host !== process.env[poolerBefore]) return url
  target.host = process.env[directServer] ?? target.host
  target.searchParams.delete('pgbouncer')
  return target.href
}

/** Runs statements one by one on a connection of their own, to the server itself: `set` would stay with a pooler's connection. */
export async function execute(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: directly(url) })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** How many deadlocks the server has had to break in a database. Everybody has to have left it: sessions report when they end. */
export async function deadlocksIn(url: string): Promise<number> {
  const name = new URL(url).pathname.slice(1)
  const client = new pg.Client({ connectionString: withDatabase(url, 'postgres') })
  await client.connect()
  try {
    for (;;) {
      const { rows } = await client.query<{ numbackends: number; deadlocks: string }>(
        'select numbackends, deadlocks from pg_stat_database where datname = $1',
        [name],
      )
      if (rows[0]?.numbackends === 0) return Number(rows[0].deadlocks)
      await sleep(20)
    }
  } finally {
    await client.end()
  }
}

/** How many sessions of a database wait for a lock that another has. */
export async function waitingIn<Database>(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows.length
}

export { withDatabase }
