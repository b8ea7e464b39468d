import { type CompiledQuery, Kysely, type KyselyPlugin, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { inject } from 'vitest'
import type { SqlMigration } from '../../src/migrations/shape.js'
import { execute, withDatabase } from '../server.js'

/** A database with nothing in it, and a handle that counts its queries. */
export interface EmptyDatabase extends AsyncDisposable {
  readonly url: string
  readonly name: string
  readonly db: Kysely<unknown>
  /** The queries of `db` so far; a failed one counts too. */
  readonly queries: CompiledQuery[]
  /** Another handle, as another process would have. */
  connect(options?: pg.PoolConfig & { plugins?: KyselyPlugin[]; role?: string }): Kysely<unknown>
}

const made = { count: 0 }

/**
 * Use with `await using`, which closes the handles and drops the database.
 *
 * @param kind - What `create database` is to be told: an encoding, a locale.
 */
export async function emptyDatabase(kind = ''): Promise<EmptyDatabase> {
  const admin = inject('databaseUrl')
  // Starts with the template's name, so that the end of the run drops it whatever happens here.
  const name = `${inject('templateName')}_empty_${process.pid}_${++made.count}`
  await execute(admin, `create database ${name} template template0 ${kind}`)
  const url = withDatabase(admin, name)
  const handles: Kysely<unknown>[] = []
  const queries: CompiledQuery[] = []

  const connect: EmptyDatabase['connect'] = ({ plugins = [], role, ...options } = {}) => {
    const to = new URL(url)
    if (role !== undefined) to.username = role
    const pool = new pg.Pool({ connectionString: to.href, ...options })
    // A test may end a connection on purpose, and pg reports that where nobody waits, too.
    pool.on('error', () => undefined)
    pool.on('connect', (client) => client.on('error', () => undefined))
    const db = new Kysely<unknown>({
      dialect: new PostgresDialect({ pool }),
      plugins,
      log: ({ query }) => void queries.push(query),
    })
    handles.push(db)
    return db
  }

  return {
    url,
    name,
    db: connect(),
    queries,
    connect,
    async [Symbol.asyncDispose]() {
      await Promise.all(handles.map((db) => db.destroy()))
      await execute(admin, `drop database ${name} with (force)`)
    },
  }
}

/** A small schema: each step needs the one before it. */
export const fixture: readonly SqlMigration[] = [
  {
    name: '0001_people',
    up: ({ finance }) => [
      `create table ${finance}.people (id integer primary key)`,
      `insert into ${finance}.people values (1)`,
    ],
    down: ({ finance }) => [`drop table ${finance}.people`],
  },
  {
    name: '0002_pets',
    up: ({ finance }) => [
      `create table ${finance}.pets (id integer primary key, owner integer references ${finance}.people)`,
      `comment on table ${finance}.pets is 'It''s a "pet" -- or a :name; with a \\ and a $1' -- the end`,
    ],
    down: ({ finance }) => [`drop table ${finance}.pets`],
  },
  {
    name: '0003_names',
    up: ({ finance }) => [`alter table ${finance}.people add column name text`],
    down: ({ finance }) => [`alter table ${finance}.people drop column name`],
  },
]

export const fixtureNames = fixture.map(({ name }) => name)

/** One more step, after those of `fixture`. */
export function step(name: string, up: string[], more: Partial<SqlMigration> = {}): SqlMigration {
  return { name, up: () => up, down: () => [], ...more }
}

/** Settings that would end a long migration, as SQL. */
export const limits = "'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'"

/** Gives those to every session of a database from now on. PostgreSQL 17 brought the last of them. */
export async function limitSessions(url: string): Promise<void> {
  const statement = `format('alter database %I set %I = ''1h''', current_database(), name)`
  await execute(
    url,
    `do $$ begin execute (select string_agg(${statement}, ';') from pg_settings where name in (${limits})); end $$`,
  )
}

/** Names of the tables of a schema, sorted. */
export async function tablesOf(db: Kysely<unknown>, schema: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select relname::text as name from pg_class
where relnamespace = (select oid from pg_namespace where nspname = ${schema}) and relkind = 'r' order by 1`.execute(
    db.withoutPlugins(),
  )
  return rows.map(({ name }) => name)
}
