import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PGliteDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, inject, vi } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { InvalidInputError, MigrationError, TimeoutError } from '../../src/errors.js'
import { createMigrator } from '../../src/migrations/migrator.js'
import { parseIndex } from '../../src/migrations/online-index.js'
import type { Names, SqlMigration } from '../../src/migrations/shape.js'
import { version } from '../../src/version.js'
import { emptyPGlite } from '../empty-pglite.js'
import { execute, waitingIn } from '../server.js'
import { test } from '../support.js'
import { pgbouncerBinary, startPgBouncer } from './pgbouncer.js'
import { emptyDatabase, fixture, step } from './support.js'

const online: SqlMigration = {
  name: '0004_online',
  online: true,
  up: ({ finance }: Names) => [
    `create index people_name_idx on ${finance}.people (name)`,
    `create unique index people_both_key on ${finance}.people (name, id) where id > 0`,
  ],
  down: ({ finance }: Names) => [`drop index ${finance}.people_name_idx`, `drop index ${finance}.people_both_key`],
}
const after = step('0005_after', ['create table finance.after (id integer)'], {
  down: () => ['drop table finance.after'],
})
const { migrate, history, rollback } = createMigrator([...fixture, online, after])

/** With a table that is large enough for it to be in use. */
async function largeDatabase() {
  const database = await emptyDatabase()
  await migrate(database.db, { to: '0003_names' })
  await sql`insert into finance.people select i, 'name ' || i from generate_series(2, 200000) i`.execute(database.db)
  database.queries.length = 0
  return database
}

async function indexes(db: Kysely<unknown>): Promise<Record<string, boolean>> {
  const { rows } = await sql<{ name: string; valid: boolean }>`select c.relname::text as name, i.indisvalid as valid
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indrelid = 'finance.people'::regclass and not i.indisprimary order by 1`.execute(db)
  return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]))
}

const built = { people_both_key: true, people_name_idx: true }
const tail = ['0004_online', '0005_after']

describe('an index that is built online', { timeout: 60_000 }, () => {
  test('is, on a large table, outside of a transaction, while others write', async () => {
    await using database = await largeDatabase()
    const writer = database.connect()
    let writing = true
    const writes = (async () => {
      for (let id = 1_000_000; writing; id++) {
        await sql`set lock_timeout = '500ms'`.execute(writer)
        await sql`insert into finance.people values (${id}, 'w')`.execute(writer)
      }
    })()
    const events: string[] = []

    const { applied } = await migrate(database.db, { onProgress: ({ type }) => void events.push(type) })
    writing = false
    await writes

    expect(applied).toEqual(tail)
    expect(events).toContain('building')
    expect(await indexes(database.db)).toEqual(built)
    expect(database.queries.filter(({ sql: text }) => text.startsWith('create index concurrently'))).toHaveLength(1)
    expect((await history(database.db)).map(({ name }) => name).slice(-2)).toEqual(tail)
    expect((await migrate(database.db)).alreadyUpToDate).toBe(true)
    expect((await rollback(database.db, { steps: 2 })).rolledBack).toEqual(tail.toReversed())
    expect(await indexes(database.db)).toEqual({})
  })

  test('is built with the rest where the table is small, also in PGlite', async () => {
    await using database = await emptyDatabase()
    const embedded = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite: await emptyPGlite() }) })

    await migrate(database.db)
    await migrate(embedded)

    expect(database.queries.filter(({ sql: text }) => text.includes('concurrently'))).toEqual([])
    expect(await indexes(database.db)).toEqual(built)
    expect(await indexes(embedded)).toEqual(built)
    await embedded.destroy()
  })

  test('is built once by many that come at the same time, each with one connection', async () => {
    await using database = await largeDatabase()
    const others = Array.from({ length: 6 }, () => database.connect({ max: 1 }))

    const results = await Promise.all(others.map((db) => migrate(db)))

    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(tail)
    expect(await indexes(database.db)).toEqual(built)
    expect(database.queries.filter(({ sql: text }) => text.startsWith('create index concurrently'))).toHaveLength(1)
  })

  test(`is built through PgBouncer in transaction mode${pgbouncerBinary ? '' : ' (skipped: there is no pgbouncer on this machine)'}`, async ({
    skip,
  }) => {
    if (pgbouncerBinary === undefined) return skip()
    await using database = await largeDatabase()
    await using bouncer = await startPgBouncer(pgbouncerBinary, inject('databaseUrl'), 3)
    await execute(database.url, `alter database ${database.name} set lock_timeout = '7s'`)
    const queries: string[] = []
    const log = ({ sql: text }: { sql: string }) => void queries.push(text)
    const connectionString = `${bouncer.through(database.url)}?pgbouncer=true`
    const others = Array.from({ length: 4 }, () =>
      createFinanceDb({ connectionString, poolSize: 1, maxOverflow: 0, log }, {}),
    )

    const results = await Promise.all(others.map((db) => migrate(db)))
    await Promise.all(others.map((db) => db.destroy()))

    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(tail)
    expect(await indexes(database.db)).toEqual(built)
    // A setting of the session might be of somebody else's by now.
    expect(queries.filter((text) => text.startsWith('select set_config($1, '))).toEqual([])
  })

  test('is repaired when the process that built it died', async () => {
    await using database = await largeDatabase()
    // Someone whose transaction is open makes the build wait, so that it can be killed in the middle.
    const sleeper = new pg.Client({ connectionString: database.url })
    await sleeper.connect()
    await sleeper.query('begin isolation level repeatable read')
    await sleeper.query('select 1 from finance.people limit 1')
    const first = migrate(database.connect({ max: 1 })).catch((error: unknown) => error)
    const builder = sql<{ pid: number }>`select pid from pg_stat_activity
      where datname = current_database() and query ilike 'create index concurrently%' and wait_event_type = 'Lock'`
    let pid: number | undefined
    while (pid === undefined) {
      pid = (await builder.execute(database.db)).rows[0]?.pid
      await sleep(20)
    }

    await sql`select pg_terminate_backend(${pid})`.execute(database.db)
    expect(await first).toMatchObject({ code: 'CONNECTION_FAILED' })
    expect(Object.values(await indexes(database.db))).toContain(false)
    await sleeper.query('rollback')
    await sleeper.end()
    const { applied } = await migrate(database.db)

    expect(applied).toEqual(tail)
    expect(await indexes(database.db)).toEqual(built)
  })

  test('may have been made by hand before', async () => {
    await using database = await largeDatabase()
    for (const statement of online.up({ finance: 'finance', vector: '' })) await sql.raw(statement).execute(database.db)
    database.queries.length = 0
    const events: string[] = []
    const onProgress = ({ type }: { type: string }) => void events.push(type)

    expect((await migrate(database.db, { onProgress })).applied).toEqual(tail)

    expect(events).toEqual(['applying', 'applied', 'applying', 'applied'])
    const concurrently = () => database.queries.filter(({ sql: text }) => text.includes('concurrently'))
    expect(concurrently()).toEqual([])

    // Only one of them, and the table is small by now.
    const again = async () => {
      await rollback(database.db, { steps: 2 })
      await sql`create index people_name_idx on finance.people (name)`.execute(database.db)
      database.queries.length = 0
    }
    await sql`truncate finance.people cascade`.execute(database.db)
    await again()
    expect((await migrate(database.db)).applied).toEqual(tail)
    expect(concurrently()).toHaveLength(1)

    // One who has taken it on is given a moment to begin, and no more.
    await again()
    await sql`insert into finance.migrations (sequence, name, source, checksum, breaking, duration_ms, package_version, applied_at)
      values (4, '0004_online', 'finance-db', '', false, 0, '', null)`.execute(database.db)
    await expect(migrate(database.db, { waitMs: 100 })).rejects.toThrow(TimeoutError)
    await sql`update finance.migrations set started_at = now() - interval '1 h' where applied_at is null`.execute(
      database.db,
    )
    // Nobody builds here: one reads the table, and another is looked after.
    const others = await database.db.startTransaction().execute()
    await sql`lock table finance.people in access share mode`.execute(others)
    await sql`lock table finance.pets in share update exclusive mode`.execute(others)
    const { applied } = await migrate(database.db, { waitMs: 2000 }).finally(() => others.commit().execute())
    expect(applied).toEqual(tail)
    const row = (await history(database.db)).find(({ name }) => name === tail[0])
    expect(row?.package_version).toBe(version)
    expect(row?.duration_ms).toBeGreaterThan(0)
    expect(row?.duration_ms).toBeLessThan(60_000)
  })

  test('is tried again when it got in the way of others, over what is left of it', async () => {
    await using database = await largeDatabase()
    await execute(
      database.url,
      'create sequence public.rows_seen',
      `create function public.seen(name text) returns text language plpgsql immutable as $$ begin
        if nextval('public.rows_seen') = 5 then raise exception using errcode = 'deadlock_detected'; end if;
        return name;
      end $$`,
    )
    const flaky = createMigrator([
      ...fixture,
      {
        ...online,
        up: ({ finance }: Names) => [
          `create index people_name_idx on ${finance}.people (name)`,
          `create index people_seen_idx on ${finance}.people (public.seen(name)) where id < 100`,
        ],
      },
    ])
    const events: string[] = []

    const { applied } = await flaky.migrate(database.db, { onProgress: ({ type }) => void events.push(type) })

    expect(applied).toEqual([online.name])
    expect(await indexes(database.db)).toEqual({ people_name_idx: true, people_seen_idx: true })
    expect(events.filter((type) => type === 'retrying' || type === 'waiting')).toEqual(['retrying'])
    // What was whole was left alone.
    expect(database.queries.filter(({ sql: text }) => text.startsWith('drop index'))).toHaveLength(1)
  })

  test('leaves nothing when the data do not allow it', async () => {
    await using database = await largeDatabase()
    const unique = {
      ...online,
      up: ({ finance }: Names) => [
        `create index people_name_idx on ${finance}.people (name)`,
        `create unique index people_name_key on ${finance}.people ((1))`,
      ],
    }
    const broken = createMigrator([...fixture, unique, after])
    await execute(database.url, 'create index people_name_idx on finance.pets (id)')
    await expect(broken.migrate(database.db)).rejects.toThrow(/"people_name_idx" already exists/)
    await execute(
      database.url,
      'drop index finance.people_name_idx',
      'create index people_name_idx on finance.people (name)',
    )

    await expect(broken.migrate(database.db)).rejects.toThrow(MigrationError)

    expect(await indexes(database.db)).toEqual({ people_name_idx: true })
    expect((await sql`select from finance.migrations where applied_at is null`.execute(database.db)).rows).toEqual([])
    expect((await migrate(database.db)).applied).toEqual(tail)
  })

  test('is waited for no longer than one is told', async () => {
    await using database = await largeDatabase()
    await execute(database.url, `alter database ${database.name} set lock_timeout = '20ms'`)
    const blocker = new pg.Client({ connectionString: database.url })
    await blocker.connect()
    await blocker.query('begin')
    await blocker.query('lock table finance.people in share mode')
    const [builder, events] = [database.connect({ max: 1 }), [] as string[]]
    const onProgress = ({ type }: { type: string }) => void events.push(type)
    const first = migrate(builder, { onProgress })
    // Begun long ago, and waiting for a lock itself.
    await vi.waitFor(async () => expect(await waitingIn(database.db)).toBe(1), { timeout: 10_000 })
    await sql`update finance.migrations set started_at = now() - interval '1 h' where applied_at is null`.execute(
      database.db,
    )

    await expect(migrate(database.connect(), { waitMs: 300, onProgress })).rejects.toThrow(TimeoutError)

    await blocker.query('rollback')
    await blocker.end()
    expect((await first).applied).toEqual(tail)
    // The one limit was lifted, and is there again.
    expect(events).toEqual(['applying', 'building', 'waiting', 'applied', 'applying', 'applied'])
    expect((await sql`show lock_timeout`.execute(builder)).rows).toEqual([{ lock_timeout: '20ms' }])
  })

  test('is refused where it is anything else', async () => {
    await using database = await emptyDatabase()
    const wrong = createMigrator([
      ...fixture,
      { ...online, up: (names: Names) => [...online.up(names), 'drop table finance.people'] },
    ])

    await expect(wrong.migrate(database.db)).rejects.toThrow(InvalidInputError)
    expect(parseIndex('drop table a.people; create index people_idx on a.people (name)')).toBeUndefined()
    expect(parseIndex('CREATE INDEX People_Idx ON "a b".people (name)')).toEqual({
      name: 'people_idx',
      table: '"a b".people',
      create: 'create index concurrently if not exists People_Idx on "a b".people (name)',
      drop: 'drop index concurrently if exists "a b".People_Idx',
    })
  })
})
