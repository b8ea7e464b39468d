import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

const COMMENT = 'finance-db test run'

/** Where the server is when tests reach it through PgBouncer. */
export const directServer = 'FINANCE_DB_TEST_SERVER'

/** Runs statements one by one on a connection of their own, to the server itself: `set` would stay with a pooler's connection. */
export async function execute(url: string, ...statements: string[]): Promise<void> {
  const target = new URL(url)
  target.host = process.env[directServer] ?? target.host
  const client = new pg.Client({ connectionString: target.href })
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

/** The same server and user, another database. */
export function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

/** Signs the database with its owner, so that a later run knows whether anyone still needs it. */
export function ownershipComment(name: string): string {
  return `comment on database ${name} is '${COMMENT} ${process.pid} on ${hostname().replaceAll("'", '')}'`
}

/** Drops the template and every database cloned from it: their names all start with the template's. */
export async function dropRun(url: string, templateName: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ datname: string }>(
      'select datname from pg_database where starts_with(datname, $1)',
      [templateName],
    )
    if (rows.some(({ datname }) => datname === templateName)) {
      await client.query(`alter database ${templateName} with is_template false`)
    }
    for (const { datname } of rows) await client.query(`drop database if exists ${datname} with (force)`)
  } finally {
    await client.end()
  }
}

/** Names of templates on this server whose run died on this machine without dropping them. */
export async function staleRuns(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ datname: string; comment: string | null }>(
      `select datname, shobj_description(oid, 'pg_database') as comment from pg_database where datname ~ '^finance_db_test_'`,
    )
    return rows.filter(({ comment }) => isDead(comment ?? '')).map(({ datname }) => datname)
  } finally {
    await client.end()
  }
}

function isDead(comment: string): boolean {
  const [, pid, host] = /^finance-db test run (\d+) on (.*)$/.exec(comment) ?? []
  if (pid === undefined || host !== hostname().replaceAll("'", '')) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
