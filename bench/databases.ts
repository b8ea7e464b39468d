import type { Kysely } from 'kysely'
import pg from 'pg'
import { createFinanceDb, migrate } from '../src/index.js'
import type { Database } from '../src/schema/index.js'

/** A server to measure on, and what was made there. */
export interface Bench {
  readonly url: string
  /** Rows of the larger tables. */
  readonly rows: number
}

function urlOf(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

async function onServer(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

export function connect(url: string): Kysely<Database> {
  return createFinanceDb({ connectionString: url, poolSize: 10, maxOverflow: 0, statementTimeoutMs: 0 }, {})
}

const made = { count: 0 }

/** A database of its own, dropped at the end: migrated, or a copy of another one that nobody is connected to. */
export async function freshDatabase(bench: Bench, template?: string) {
  const name = `finance_db_bench_${process.pid}_${++made.count}`
  await onServer(bench.url, `create database ${name} template ${template ?? 'template0'}`)
  const url = urlOf(bench.url, name)
  const db = connect(url)
  if (template === undefined) await migrate(db)
  // What was written before does not have its checkpoint in the measured time.
  await onServer(url, 'checkpoint')
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= db.destroy()
    return closed
  }
  return {
    name,
    url,
    db,
    /** So that it can be copied. */
    close,
    async [Symbol.asyncDispose]() {
      await close()
      await onServer(bench.url, `drop database ${name} with (force)`)
    },
  }
}

export async function query(url: string, ...statements: string[]): Promise<void> {
  await onServer(url, ...statements)
}
