import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CamelCasePlugin,
  type Dialect,
  DummyDriver,
  Kysely,
  type KyselyPlugin,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely'
import { describe, expect, test } from 'vitest'
import { schemaPlugin } from '../../src/connection/schema-plugin.js'
import {
  ConnectionError,
  DatabaseTooNewError,
  InvalidInputError,
  MigrationEditedError,
  MigrationError,
  PermissionDeniedError,
  TimeoutError,
  TransactionConflictError,
  UnsupportedError,
} from '../../src/errors.js'
import type { MigrationProgress } from '../../src/migrations/events.js'
import { createMigrator, type MigrateOptions } from '../../src/migrations/migrator.js'
import type { SqlMigration } from '../../src/migrations/shape.js'
import { version } from '../../src/version.js'
import { execute, waitingIn } from '../server.js'
import { emptyDatabase, fixture, fixtureNames, limitSessions, limits, step, tablesOf } from './support.js'

const { migrate, history, rollback } = createMigrator(fixture)

describe('migrate', () => {
  test('applies every migration to an empty database, in order', async () => {
    await using database = await emptyDatabase()

    const result = await migrate(database.db)

    expect(result).toEqual({ applied: fixtureNames, skipped: [], alreadyUpToDate: false })
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people', 'pets'])
  })

  test('is one query when nothing is missing', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)
    database.queries.length = 0

    const result = await migrate(database.db)

    expect(result).toEqual({ applied: [], skipped: [], alreadyUpToDate: true })
    expect(database.queries).toHaveLength(1)
  })

  test('keeps what was applied, when, by whom and how long it took', async () => {
    await using database = await emptyDatabase()
    const before = Date.now()
    await migrate(database.db)
    // Puts the row behind the others.
    await sql`update finance.migrations set breaking = false where sequence = 1`.execute(database.db)

    const rows = await history(database.db)

    expect(rows.map(({ sequence, name }) => [sequence, name])).toEqual(fixtureNames.map((name, i) => [i + 1, name]))
    for (const row of rows) {
      expect(row).toMatchObject({ source: 'finance-db', breaking: false, package_version: version })
      expect(row.checksum).toMatch(/^[0-9a-f]{64}$/)
      expect(row.duration_ms).toBeGreaterThanOrEqual(0)
      expect(row.applied_by).toBe(new URL(database.url).username)
      expect(Math.abs(row.applied_at.getTime() - before)).toBeLessThan(60_000)
    }
  })

  test('stops after the migration that `to` names', async () => {
    await using database = await emptyDatabase()

    expect((await migrate(database.db, { to: '0002_pets' })).applied).toEqual(['0001_people', '0002_pets'])
    expect((await migrate(database.db, { to: '0001_people' })).alreadyUpToDate).toBe(true)
    await expect(migrate(database.db, { to: '0002_pet' })).rejects.toThrow(InvalidInputError)
    expect((await migrate(database.db)).applied).toEqual(['0003_names'])
  })

  test('tells what it does as it does it', async () => {
    await using database = await emptyDatabase()
    const events: unknown[] = []

    await migrate(database.db, { to: '0002_pets', onProgress: (event) => events.push(event) })

    expect(events).toEqual([
      { type: 'applying', name: '0001_people', remaining: 2 },
      { type: 'applied', name: '0001_people', durationMs: expect.any(Number) },
      { type: 'applying', name: '0002_pets', remaining: 1 },
      { type: 'applied', name: '0002_pets', durationMs: expect.any(Number) },
    ])
  })

  test.each<MigrateOptions>([
    { lockTimeoutMs: 0 },
    { waitMs: 1.5 },
    { waitMs: 2 ** 31 },
    { schema: '' },
    { schema: 'pg_money' },
    { schema: 'a"; drop schema public; --' },
    { schema: 'information_schema' },
  ])('refuses %o', async (options) => {
    await using database = await emptyDatabase()

    await expect(migrate(database.db, options)).rejects.toThrow(InvalidInputError)
    expect(database.queries).toEqual([])
  })

  test('refuses a list of ours that is out of order, or has a name twice', async () => {
    await using database = await emptyDatabase()
    const [people, pets] = fixture as [SqlMigration, SqlMigration]

    for (const list of [
      [pets, people],
      [people, people],
    ])
      await expect(createMigrator(list).migrate(database.db)).rejects.toThrow(/0001_people: must sort after/)
    expect(database.queries).toEqual([])
  })

  test('refuses a transaction', async () => {
    await using database = await emptyDatabase()

    const inside = database.db.transaction().execute((trx) => migrate(trx))

    await expect(inside).rejects.toThrow(UnsupportedError)
  })

  test('refuses another dialect', async () => {
    const dialect: Dialect = {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    }

    await expect(migrate(new Kysely({ dialect }))).rejects.toThrow(/another dialect/)
  })

  test('works through a pool of one, and lets go of it', async () => {
    await using database = await emptyDatabase()
    const db = database.connect({ max: 1 })

    await migrate(db)

    const { rows } = await sql`select mode from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`.execute(db)
    expect(rows).toEqual([])
  })

  test('leaves no setting of its own on the connection', async () => {
    await using database = await emptyDatabase()
    const db = database.connect({ max: 1, statement_timeout: 12_345, lock_timeout: 2_345 })
    const settings = () =>
      sql`select name, setting from pg_settings where name in
        ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'search_path') order by 1`.execute(
        db,
      )
    const before = await settings()

    await migrate(db)

    expect((await settings()).rows).toEqual(before.rows)
  })

  test('is not bound by the statement timeout of the session', async () => {
    await using database = await emptyDatabase()
    const db = database.connect({ statement_timeout: 300 })
    const slow = createMigrator([step('0001_slow', ['select pg_sleep(0.6)'])])

    expect((await slow.migrate(db)).applied).toEqual(['0001_slow'])
  })

  test('finds an unqualified name, wherever the search_path of the session leads', async () => {
    await using database = await emptyDatabase()
    const careless = createMigrator([step('0001_careless', ['create table astray (id integer)'])])

    await expect(careless.migrate(database.db)).rejects.toThrow(/no schema has been selected to create in/)
    expect(await tablesOf(database.db, 'public')).toEqual([])
  })
})

describe('schema', () => {
  test.each(['money', 'order', 'a$b'])('may be %s', async (schema) => {
    await using database = await emptyDatabase()

    await migrate(database.db, { schema })

    expect(await tablesOf(database.db, schema)).toEqual(['migrations', 'people', 'pets'])
    expect(await tablesOf(database.db, 'finance')).toEqual([])
    expect((await migrate(database.db, { schema })).alreadyUpToDate).toBe(true)
  })

  test('is the one that the handle was made for', async () => {
    await using database = await emptyDatabase()
    const db = database.connect({ plugins: [schemaPlugin('money'), new CamelCasePlugin()] })

    await migrate(db)

    expect(await tablesOf(db, 'money')).toEqual(['migrations', 'people', 'pets'])
    expect((await migrate(db)).alreadyUpToDate).toBe(true)
    expect((await history(db))[0]).toMatchObject({ sequence: 1, applied_at: expect.any(Date) })
  })

  test('is read from the plugins of the handle, which see no statement of the engine', async () => {
    await using database = await emptyDatabase()
    const hiding: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => ({ ...result, rows: [] }),
    }
    const db = database.connect({ plugins: [schemaPlugin('money'), hiding] })

    expect((await migrate(db)).applied).toEqual(fixtureNames)
    expect((await migrate(db)).alreadyUpToDate).toBe(true)
  })

  test('has a history of its own, with the same checksums', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)

    await migrate(database.db, { schema: 'money' })

    const checksums = async (schema: string) => (await history(database.db, { schema })).map((row) => row.checksum)
    expect(await checksums('money')).toEqual(await checksums('finance'))
  })

  test('may have been made by an administrator for a role that may create none', async () => {
    await using database = await emptyDatabase()
    const role = await loginRole(database.url)
    await execute(database.url, `create schema finance authorization ${role}`)

    const { applied } = await migrate(database.connect({ role }))

    expect(applied).toEqual(fixtureNames)
    await dropRole(database.url, role)
  })

  test('cannot be made without the grant, which the error names', async () => {
    await using database = await emptyDatabase()
    const role = await loginRole(database.url)
    const db = database.connect({ role })

    const failed = migrate(db)

    await expect(failed).rejects.toThrow(PermissionDeniedError)
    await expect(failed).rejects.toThrow(`create schema "finance" authorization "${role}"`)
    await expect(failed).rejects.toThrow(`grant create on database "${database.name}" to "${role}"`)

    await execute(database.url, 'create schema finance', 'create table public.migrations ()')
    for (const grant of ['', `grant usage on schema finance to ${role}`, `grant create on schema finance to ${role}`]) {
      await execute(database.url, grant)
      await expect(migrate(db)).rejects.toThrow(`grant usage, create on schema "finance" to "${role}"`)
      await execute(database.url, `revoke all on schema finance from ${role}`)
    }
    await dropRole(database.url, role)
  })

  test('needs no more than reading the history when nothing is missing', async () => {
    await using database = await emptyDatabase()
    const role = await loginRole(database.url)
    const db = database.connect({ role })
    await migrate(database.db)

    await expect(migrate(db)).rejects.toThrow(PermissionDeniedError)
    await expect(history(db)).rejects.toThrow(PermissionDeniedError)
    await execute(
      database.url,
      `grant usage on schema finance to ${role}`,
      `grant select on finance.migrations to ${role}`,
    )

    expect((await migrate(db)).alreadyUpToDate).toBe(true)
    await dropRole(database.url, role)
  })
})

describe('a migration that fails', () => {
  const broken = createMigrator([
    ...fixture,
    step('0004_broken', ['create table finance.half (id integer)', 'select 1 from finance.nothing']),
  ])

  test('leaves nothing of itself, keeps those before it, and says which statement it was', async () => {
    await using database = await emptyDatabase()
    const events: string[] = []
    const onProgress = ({ type }: { type: string }) => void events.push(type)

    const error = await broken.migrate(database.db, { onProgress }).catch((caught: unknown) => caught)

    expect(events).not.toContain('retrying')
    expect(error).toBeInstanceOf(MigrationError)
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      migration: '0004_broken',
      direction: 'up',
      statementIndex: 1,
      statement: 'select 1 from finance.nothing',
      position: 15,
      cause: expect.objectContaining({ code: '42P01' }),
      message: expect.stringContaining('at statement 2 of 2: relation "finance.nothing" does not exist'),
    })
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people', 'pets'])
    expect((await history(database.db)).map(({ name }) => name)).toEqual(fixtureNames)
  })

  test('got in the way of another transaction, which is no mistake of its own', async () => {
    await using database = await emptyDatabase()
    const inTheWay = step('0004_way', [`do $$ begin raise sqlstate '40001'; end $$`])

    const failed = createMigrator([...fixture, inTheWay]).migrate(database.db)

    await expect(failed).rejects.toThrow(TransactionConflictError)
    expect((await history(database.db)).map(({ name }) => name)).toEqual(fixtureNames)
  })

  test('runs on once it is corrected', async () => {
    await using database = await emptyDatabase()
    await broken.migrate(database.db).catch(() => undefined)
    const corrected = createMigrator([...fixture, step('0004_broken', ['create table finance.half (id integer)'])])

    expect((await corrected.migrate(database.db)).applied).toEqual(['0004_broken'])
  })

  test('does not show the values of rows', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)
    await sql`update finance.people set name = 'secret of a row'`.execute(database.db)
    const casting = step('0004_cast', ['alter table finance.people alter column name type integer using name::integer'])

    const failed = createMigrator([...fixture, casting]).migrate(database.db)

    await expect(failed).rejects.toThrow(/SQLSTATE 22P02/)
    await expect(failed).rejects.not.toThrow(/secret of a row/)
  })

  test('may fail as late as the commit', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)
    const late = step('0004_late', [
      'alter table finance.pets alter constraint pets_owner_fkey deferrable initially deferred',
      'insert into finance.pets values (1, 99)',
    ])

    const error = await createMigrator([...fixture, late])
      .migrate(database.db)
      .catch((caught: unknown) => caught)

    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', migration: '0004_late', statementIndex: undefined })
    expect(String(error)).toContain('failed at commit')
    expect((await history(database.db)).map(({ name }) => name)).toEqual(fixtureNames)
  })
})

describe('a connection', () => {
  test('that is lost in the middle leaves nothing of the migration, and the error says so', async () => {
    await using database = await emptyDatabase()
    const ending = step('0004_end', [
      'create table finance.half (id integer)',
      'select pg_terminate_backend(pg_backend_pid())',
    ])

    const error = await createMigrator([...fixture, ending])
      .migrate(database.connect({ max: 1 }))
      .catch((caught: unknown) => caught)

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ applied: 'no', message: expect.stringContaining('0004_end') })
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people', 'pets'])
  })

  test('that is lost at the commit leaves unknown what became of it', async () => {
    await using database = await emptyDatabase()
    const ending = step('0004_end', [
      `create function finance.end_session() returns trigger language plpgsql
        as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$`,
      `create constraint trigger end_session after insert on finance.people deferrable initially deferred
        for each row execute function finance.end_session()`,
      'insert into finance.people (id) values (99)',
    ])

    const failed = createMigrator([...fixture, ending]).migrate(database.connect({ max: 1 }))

    await expect(failed).rejects.toThrow(/0004_end .*at the commit: run again to learn whether it was applied/)
    await expect(failed).rejects.toMatchObject({ code: 'CONNECTION_FAILED', applied: 'unknown' })
  })

  test('that may only read is told from one that may write', async () => {
    await using database = await emptyDatabase()
    const readOnly = database.connect({ options: '-c default_transaction_read_only=on' })

    await expect(migrate(readOnly)).rejects.toThrow(UnsupportedError)
    await migrate(database.db)
    expect((await migrate(readOnly)).alreadyUpToDate).toBe(true)
  })
})

describe('locks', () => {
  /** What another process that migrates would hold. */
  async function migrationLock(): Promise<string> {
    return `select ${/pg_advisory_xact_lock\(-?\d+\)/.exec(await createMigrator(fixture).sql(undefined))?.[0]}`
  }

  test('a table that stays locked is let go and tried again, then the migration is named', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0002_pets' })
    await using holder = await holdLock(database.connect(), 'lock table finance.people in access share mode')
    const events: MigrationProgress[] = []
    const start = performance.now()

    const failed = migrate(database.db, { lockTimeoutMs: 30, onProgress: (event) => events.push(event) })

    const error = await failed.catch((caught: unknown) => caught)
    const took = performance.now() - start
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ waitedFor: 'lock', message: expect.stringContaining('0003_names') })
    expect(events.filter(({ type }) => type === 'retrying')).toEqual(
      [1, 2, 3, 4].map((attempt) => ({
        type: 'retrying',
        name: '0003_names',
        attempt,
        delayMs: expect.any(Number),
      })),
    )
    // Longer each time, and at random, so that two do not meet again.
    const delays = events.flatMap((event) => (event.type === 'retrying' ? [event.delayMs] : []))
    for (const [i, delayMs] of delays.entries()) expect(Math.abs(delayMs / (200 * 2 ** i) - 1)).toBeLessThan(0.26)
    expect(took).toBeGreaterThan(delays.reduce((sum, delayMs) => sum + delayMs, 0))
    await holder.release()
    expect((await migrate(database.db)).applied).toEqual(['0003_names'])
  })

  test('a table that is locked for a moment does not stop it', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0002_pets' })
    await using holder = await holdLock(database.connect(), 'lock table finance.people in access share mode')

    const { applied } = await migrate(database.db, {
      lockTimeoutMs: 30,
      onProgress: ({ type }) => void (type === 'retrying' && holder.release()),
    })

    expect(applied).toEqual(['0003_names'])
  })

  test('a connection that is lost while it waits is told from a wait that was too long', async () => {
    await using database = await emptyDatabase()
    await using holder = await holdLock(database.connect(), await migrationLock())

    const failed = migrate(database.connect({ max: 1 })).catch((error: unknown) => error)
    while ((await waitingIn(database.db)) === 0) await sleep(20)
    await execute(
      database.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    )

    expect(await failed).toBeInstanceOf(ConnectionError)
    await holder.release()
  })

  test('another process that migrates is waited for, but not for ever', async () => {
    await using database = await emptyDatabase()
    await using holder = await holdLock(database.connect(), await migrationLock())

    const events: string[] = []
    const failed = migrate(database.db, { waitMs: 100, onProgress: ({ type }) => events.push(type) })

    await expect(failed).rejects.toThrow(TimeoutError)
    await expect(failed).rejects.toThrow(/Another process is migrating schema "finance"/)
    expect(events).toEqual(['waiting'])
    expect((await migrate(database.db, { schema: 'money', waitMs: 100 })).applied).toEqual(fixtureNames)
    const waiting = migrate(database.db, { onProgress: ({ type }) => void (type === 'waiting' && holder.release()) })
    expect((await waiting).applied).toEqual(fixtureNames)
  })

  test('each migration waits as long for them as is asked, and has no other limit, also after another process', async () => {
    await using database = await emptyDatabase()
    await limitSessions(database.url)
    const looking = [
      `do $$ begin
        assert current_setting('lock_timeout') = '77ms';
        assert not exists (select from pg_settings where name in (${limits}) and setting <> '0');
      end $$`,
    ]
    const { migrate } = createMigrator([step('0001_after_waiting', looking), step('0002_at_once', looking)])
    await using holder = await holdLock(database.connect(), await migrationLock())

    const { applied } = await migrate(database.db, {
      lockTimeoutMs: 77,
      onProgress: ({ type }) => void (type === 'waiting' && sleep(200).then(holder.release)),
    })

    expect(applied).toEqual(['0001_after_waiting', '0002_at_once'])
  })

  test('the history in use is not taken for another process that migrates', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0002_pets' })
    await using other = await holdLock(database.connect(), await migrationLock())
    let history = other
    const events: string[] = []

    const { applied } = await migrate(database.db, {
      lockTimeoutMs: 30,
      onProgress: async ({ type }) => {
        events.push(type)
        if (type === 'retrying') await history.release()
        if (type !== 'waiting') return
        history = await holdLock(database.connect(), 'lock table finance.migrations')
        await other.release()
      },
    })

    expect(applied).toEqual(['0003_names'])
    expect([...new Set(events)]).toEqual(['waiting', 'retrying', 'applying', 'applied'])
  })

  test('sees what others did while it waited, where repeatable read is the default', async () => {
    await using database = await emptyDatabase()
    await execute(database.url, `alter database ${database.name} set default_transaction_isolation = 'repeatable read'`)
    await database.db.destroy()
    const handles = Array.from({ length: 6 }, () => database.connect({ max: 1 }))

    const results = await Promise.all(handles.map((db) => migrate(db)))

    expect(results.flatMap(({ applied }) => applied).sort()).toEqual(fixtureNames)
  })
})

describe('the history', () => {
  test('tells an edited migration by its checksum, and nothing is applied on top of it', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0002_pets' })
    const [people, pets, names] = fixture
    const edited = createMigrator([
      { ...people, up: () => ['create table finance.people (id bigint primary key)'] },
      pets,
      names,
    ] as typeof fixture)

    const failed = edited.migrate(database.db)

    await expect(failed).rejects.toThrow(MigrationEditedError)
    await expect(failed).rejects.toMatchObject({ code: 'MIGRATION_EDITED', migrations: ['0001_people'] })
    expect(await history(database.db)).toHaveLength(2)
  })

  test('does not mind another `down`', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)
    const other = createMigrator(fixture.map((migration) => ({ ...migration, down: () => ['select 1'] })))

    expect((await other.migrate(database.db)).alreadyUpToDate).toBe(true)
  })

  test('may be of a newer version, unless what that applied is breaking', async () => {
    await using database = await emptyDatabase()
    const newer = [...fixture, step('0004_more', ['create table finance.more (id integer)'])]
    await createMigrator(newer).migrate(database.db)

    expect((await migrate(database.db)).alreadyUpToDate).toBe(true)

    await createMigrator([...newer, step('0005_break', ['select 1'], { breaking: true })]).migrate(database.db)
    const failed = migrate(database.db)
    await expect(failed).rejects.toThrow(DatabaseTooNewError)
    await expect(failed).rejects.toMatchObject({ code: 'DATABASE_TOO_NEW', migrations: ['0005_break'] })
  })

  test('lets a breaking migration in that the code knows', async () => {
    await using database = await emptyDatabase()
    const breaking = createMigrator([...fixture, step('0004_break', ['select 1'], { breaking: true })])
    await breaking.migrate(database.db)

    expect((await breaking.migrate(database.db)).alreadyUpToDate).toBe(true)
  })

  test('holds nothing that no migration leaves', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0001_people' })
    const refused = (sequence: number, name: string, source: string, checksum: string | null, duration: number) =>
      sql`insert into finance.migrations (sequence, name, source, checksum, breaking, duration_ms, package_version)
        values (${sequence}, ${name}, ${source}, ${checksum}, false, ${duration}, '')`
        .execute(database.db)
        .catch(({ constraint }: { constraint: string }) => constraint)

    expect(await refused(2, '0001_people', 'finance-db', '', 0)).toBe('migrations_pkey')
    expect(await refused(1, '0002_pets', 'finance-db', '', 0)).toBe('migrations_sequence_key')
    expect(await refused(2, '0002_pets', 'finance', '', 0)).toBe('migrations_source_check')
    expect(await refused(2, '0002_pets', 'finance-db', null, 0)).toBe('migrations_checksum_check')
    expect(await refused(2, '0002_pets', 'finance-db', '', -1)).toBe('migrations_duration_ms_check')
  })

  test('is described in the catalogue, column by column', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0001_people' })

    const { rows } = await sql<{ name: string; described: boolean }>`select attname::text as name,
      col_description(attrelid, attnum) is not null as described
      from pg_attribute where attrelid = 'finance.migrations'::regclass and attnum > 0`.execute(database.db)

    expect(rows.filter(({ described }) => !described)).toEqual([])
  })
})

describe("the host's migrations", () => {
  test.each(['on', 'off'])('may have any name, with standard_conforming_strings %s', async (conforming) => {
    await using database = await emptyDatabase()
    const db = database.connect({ options: `-c standard_conforming_strings=${conforming}` })
    const name = `2024_it's "odd" \\' \\\\ $1 :x`
    const migrations = { [name]: { up: async () => {}, down: async () => {} } }

    expect((await migrate(db, { migrations })).applied).toEqual([...fixtureNames, name])

    expect((await migrate(db, { migrations })).alreadyUpToDate).toBe(true)
    expect((await history(db)).at(-1)).toMatchObject({ name, source: 'host' })
    expect((await rollback(db, { migrations })).rolledBack).toEqual([name])
  })

  const orders = step('2024_orders', [
    'create table public.orders (id integer, owner integer references finance.people)',
  ])
  const invoices = {
    up: async (db: Kysely<unknown>) => {
      await db.schema.createTable('sentInvoices').addColumn('orderId', 'integer').execute()
    },
    down: async (db: Kysely<unknown>) => {
      await db.schema.dropTable('sentInvoices').execute()
    },
  }
  const migrations = { '2025_invoices': invoices, '2024_orders': orders }

  test('follow ours, in the order of their names, with the plugins of the handle', async () => {
    await using database = await emptyDatabase()
    const db = database.connect({ plugins: [new CamelCasePlugin()] })

    const { applied } = await migrate(db, { migrations })

    expect(applied).toEqual([...fixtureNames, '2024_orders', '2025_invoices'])
    expect(await tablesOf(db, 'public')).toEqual(['orders', 'sent_invoices'])
    expect((await history(db)).slice(-2)).toMatchObject([
      { source: 'host', checksum: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { source: 'host', checksum: null },
    ])
    expect((await migrate(db, { migrations })).alreadyUpToDate).toBe(true)
    expect((await migrate(db)).alreadyUpToDate).toBe(true)
  })

  test('can be a list, in any order, without a name twice', async () => {
    await using database = await emptyDatabase()
    const items = step('2023_items', ['create table public.items (id integer)'])

    const { applied } = await migrate(database.db, { migrations: [orders, items] })

    expect(applied).toEqual([...fixtureNames, '2023_items', '2024_orders'])
    const twice = migrate(database.db, { migrations: [items, { ...items }] })
    await expect(twice).rejects.toThrow(/2023_items: is there twice/)
  })

  test('that are code cannot be compared, nor with the statements that they were', async () => {
    await using database = await emptyDatabase()
    const code = { up: async () => {} }
    await migrate(database.db, { migrations: { ...migrations, '2026_code': code } })
    const turned = { '2024_orders': code, '2025_invoices': step('2025_invoices', ['x']), '2026_code': code }

    expect((await migrate(database.db, { migrations: turned })).alreadyUpToDate).toBe(true)
  })

  test('that are code may be of a class, as with Kysely', async () => {
    await using database = await emptyDatabase()
    class Table {
      readonly table = 'orders'
      async up(db: Kysely<unknown>) {
        await db.schema.createTable(this.table).execute()
      }
      async down(db: Kysely<unknown>) {
        await db.schema.dropTable(this.table).execute()
      }
    }
    const options = { migrations: { '2024_orders': new Table() } }

    await migrate(database.db, options)
    expect(await tablesOf(database.db, 'public')).toEqual(['orders'])
    await rollback(database.db, options)
    expect(await tablesOf(database.db, 'public')).toEqual([])
  })

  test('may rely on the search_path of the session', async () => {
    await using database = await emptyDatabase()
    const unqualified = step('2024_orders', ['create table orders (id integer)'])

    await migrate(database.db, { migrations: { '2024_orders': unqualified } })

    expect(await tablesOf(database.db, 'public')).toEqual(['orders'])
  })

  test('do not keep a later one of ours from being applied', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { migrations })
    const later = createMigrator([...fixture, step('0004_more', ['create table finance.more (id integer)'])])

    expect((await later.migrate(database.db, { migrations })).applied).toEqual(['0004_more'])
  })

  test('fail like ours when they are code', async () => {
    await using database = await emptyDatabase()
    const failing = { up: () => Promise.reject(new Error('no such luck')) }

    const failed = migrate(database.db, { migrations: { '2026_failing': failing } })

    await expect(failed).rejects.toThrow(MigrationError)
    await expect(failed).rejects.toMatchObject({ migration: '2026_failing', cause: { message: 'no such luck' } })
  })

  test('may not take a name of ours, also not one of a newer version', async () => {
    await using database = await emptyDatabase()
    await createMigrator([...fixture, step('0004_more', ['select 1'])]).migrate(database.db)

    const taken = (name: string) => migrate(database.db, { migrations: { [name]: step(name, ['select 1']) } })

    await expect(taken('0001_people')).rejects.toThrow(InvalidInputError)
    await expect(taken('0004_more')).rejects.toThrow(/newer finance-db/)
  })

  test('are refused when their definition does not fit', async () => {
    await using database = await emptyDatabase()
    const options = (migration: unknown) => ({ migrations: { '2024_odd': migration } }) as MigrateOptions

    await expect(migrate(database.db, options(step('2024_other', [])))).rejects.toThrow(/calls itself/)
    await expect(migrate(database.db, options({ name: '2024_odd', up: async () => {} }))).rejects.toThrow(/list/)
    await expect(migrate(database.db, options({ name: '2024_odd', up: () => [1] }))).rejects.toThrow(/list/)
    await expect(migrate(database.db, options({ up: async () => ['select 1'] }))).rejects.toThrow(/returned a list/)
    await expect(migrate(database.db, options({}))).rejects.toThrow(/no function `up`/)
  })
})

test('the version in the history is that of package.json', async () => {
  const manifest: { version: string } = JSON.parse(
    await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
  )

  expect(version).toBe(manifest.version)
})

/** A role that may connect and nothing else. */
async function loginRole(url: string): Promise<string> {
  const role = `plain_${process.pid}_${Math.floor(performance.now())}`
  await execute(url, `create role ${role} login password '${decodeURIComponent(new URL(url).password)}'`)
  return role
}

async function dropRole(url: string, role: string): Promise<void> {
  await execute(url, `drop owned by ${role} cascade`, `drop role ${role}`)
}

/** Holds what `statement` locks in a transaction of another connection until `release`. */
async function holdLock(db: Kysely<unknown>, statement: string) {
  const trx = await db.startTransaction().execute()
  await sql.raw(statement).execute(trx)
  const release = async () => {
    if (!trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute()
  }
  return { release, [Symbol.asyncDispose]: release }
}
