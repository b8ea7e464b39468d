import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { UnsupportedError } from '../../src/errors.js'
import * as ours from '../../src/migrations/index.js'
import { createMigrator } from '../../src/migrations/migrator.js'
import { lockKey } from '../../src/migrations/names.js'
import { execute, waitingIn } from '../server.js'
import { catalogue } from './catalogue.js'
import { emptyDatabase, fixture, fixtureNames, limitSessions, limits, step, tablesOf } from './support.js'

const migrator = createMigrator(fixture)

describe.skipIf(!hasPsql())(`the script${hasPsql() ? '' : ' (skipped: there is no psql on this machine)'}`, () => {
  test('run by psql leaves a database that migrate calls up to date, and as migrate would have made it', async () => {
    await using database = await emptyDatabase()
    await using other = await emptyDatabase()
    await ours.migrate(other.db, { vector: 'off' })

    await psql(database.url, await ours.sql(undefined))

    expect((await ours.migrate(database.db, { vector: 'off' })).alreadyUpToDate).toBe(true)
    expect(await catalogue(database.db, 'finance')).toEqual(await catalogue(other.db, 'finance'))
    const rows = await ours.history(database.db)
    const stable = ({ sequence, name, checksum, package_version }: ours.AppliedMigration) => [
      sequence,
      name,
      checksum,
      package_version,
    ]
    expect(rows.map(stable)).toEqual((await ours.history(other.db)).map(stable))
    expect(rows.every(({ duration_ms }) => duration_ms >= 0)).toBe(true)
  })

  test('refuses a database that cannot keep every text, before anything is made', async () => {
    await using database = await emptyDatabase(`encoding 'LATIN1' locale 'C'`)

    await expect(psql(database.url, await ours.sql(undefined))).rejects.toThrow(
      `Database ${database.name} has the encoding LATIN1, which cannot keep every text`,
    )

    expect(await ours.history(database.db)).toEqual([])
  })

  test('says the same wherever psql has another encoding, or does not commit by itself', async () => {
    await using database = await emptyDatabase()
    await using odd = await emptyDatabase()
    const script = await ours.sql(undefined)

    await psql(database.url, script)
    await psql(odd.url, `\\set AUTOCOMMIT off\n${script}`, { PGCLIENTENCODING: 'WIN1252' })

    expect(await catalogue(odd.db, 'finance')).toEqual(await catalogue(database.db, 'finance'))
  })

  test('holds what is pending, up to `to`', async () => {
    await using database = await emptyDatabase()
    await migrator.migrate(database.db, { to: '0001_people' })

    const script = await migrator.sql(database.db, { to: '0002_pets' })

    expect(fixtureNames.filter((name) => script.includes(`-- ${name}\n`))).toEqual(['0002_pets'])
    await psql(database.url, script)
    expect((await migrator.history(database.db)).map(({ name }) => name)).toEqual(['0001_people', '0002_pets'])
    const comment = await sql<{ text: string }>`select obj_description('finance.pets'::regclass) as text`.execute(
      database.db,
    )
    expect(comment.rows).toEqual([{ text: `It's a "pet" -- or a :name; with a \\ and a $1` }])
    expect(await migrator.sql(database.db, { to: '0002_pets' })).toContain('Nothing is pending')
  })

  test('passes over what was applied since it was written, and may be run twice', async () => {
    await using database = await emptyDatabase()
    const script = await migrator.sql(database.db)
    await migrator.migrate(database.db, { to: '0002_pets' })

    await psql(database.url, script)
    await psql(database.url, script)

    expect((await migrator.history(database.db)).map(({ name }) => name)).toEqual(fixtureNames)
  })

  test('stops at a statement that fails, with nothing half done', async () => {
    await using database = await emptyDatabase()
    const half = step('0004_half', ['create table finance.half (id integer)', 'select 1 from finance.nothing'])
    const broken = createMigrator([...fixture, half, step('0005_after', ['create table finance.after (id integer)'])])

    await expect(psql(database.url, await broken.sql(undefined))).rejects.toThrow(/finance.nothing/)

    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people', 'pets'])
    expect((await migrator.migrate(database.db)).alreadyUpToDate).toBe(true)
  })

  test('builds an online index outside of a transaction, also over what a build left that died', async () => {
    await using database = await emptyDatabase()
    const up = ({ finance }: ours.Names) => [`create index people_name_idx on ${finance}.people (name)`]
    const online = createMigrator([...fixture, { name: '0004_online', online: true, up, down: () => [] }])
    await migrator.migrate(database.db)
    await sql`create index people_name_idx on finance.people (id)`.execute(database.db)
    await sql`update pg_index set indisvalid = false where indexrelid = 'finance.people_name_idx'::regclass`.execute(
      database.db,
    )
    const script = await online.sql(database.db)

    await psql(database.url, script)
    await psql(database.url, script)
    // Begun by another, who built all of it.
    await sql`update finance.migrations set applied_at = null where name = '0004_online'`.execute(database.db)
    await psql(database.url, script)
    expect((await online.history(database.db)).at(-1)?.name).toBe('0004_online')

    const { rows } = await sql`select pg_get_indexdef(indexrelid) as text, indisvalid from pg_index
      where indexrelid = 'finance.people_name_idx'::regclass`.execute(database.db)
    expect(rows).toEqual([
      { text: 'CREATE INDEX people_name_idx ON finance.people USING btree (name)', indisvalid: true },
    ])
    expect((await online.migrate(database.db)).alreadyUpToDate).toBe(true)
  })

  test('waits for who uses the table of an online index, whatever the limits of the session are', async () => {
    await using database = await emptyDatabase()
    const up = ({ finance }: ours.Names) => [`create index people_name_idx on ${finance}.people (name)`]
    const after = step('0005_after', ['create table finance.after (id integer)'])
    const online = createMigrator([...fixture, { name: '0004_online', online: true, up, down: () => [] }, after])
    await migrator.migrate(database.db)
    const known = await sql<{ name: string }>`select name from pg_settings
      where name in ('lock_timeout', 'statement_timeout', 'transaction_timeout')`.execute(database.db)
    for (const { name } of known.rows)
      await execute(database.url, `alter database ${database.name} set ${name} = '300ms'`)
    const script = `${await online.sql(database.db)}\ncreate table public.limits as
      select current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement;`

    const user = await database.db.startTransaction().execute()
    await sql`lock table finance.people in row exclusive mode`.execute(user)
    const leave = async () => {
      while ((await waitingIn(database.db)) === 0) await sleep(20)
      await sleep(600)
      await user.commit().execute()
    }
    await Promise.all([psql(database.url, script), leave()])

    expect((await online.history(database.db)).map(({ name }) => name)).toEqual([
      ...fixtureNames,
      '0004_online',
      '0005_after',
    ])
    const { rows } = await sql`select * from public.limits`.execute(database.db)
    expect(rows).toEqual([{ lock: '300ms', statement: '300ms' }])
  })

  test('lifts the limits of the session, is of one isolation, and gives the roles their rights', async () => {
    await using database = await emptyDatabase()
    for (const setting of ["default_transaction_isolation = 'serializable'", "search_path = 'public'"])
      await execute(database.url, `alter database ${database.name} set ${setting}`)
    await limitSessions(database.url)
    // As an administrator makes it for a role that may not.
    await execute(database.url, 'create schema finance')
    const looking = step("0004_it's_looking", [
      `do $$ begin
        assert current_setting('transaction_isolation') = 'read committed';
        assert not exists (select from pg_settings where name in (${limits}) and setting <> '0');
        assert current_setting('search_path') in ('', '""');
      end $$`,
      `create function finance.apply_roles() returns void language sql
        as $$ insert into finance.people (id) select count(*) + 100 from finance.people $$`,
    ])

    await psql(database.url, await createMigrator([...fixture, looking]).sql(undefined))

    const { rows } = await sql`select id from finance.people where id > 100`.execute(database.db)
    expect(rows).toEqual([{ id: 101 }])
  })

  test('waits no longer than one is told, neither for another migration nor for who uses a table', async () => {
    await using database = await emptyDatabase()
    await migrator.migrate(database.db, { to: '0002_pets' })
    const script = (options: object) => migrator.sql(database.db, options)
    const whileHeld = async (lock: string, text: string) => {
      const holder = await database.db.startTransaction().execute()
      try {
        await sql.raw(lock).execute(holder)
        await expect(psql(database.url, text)).rejects.toThrow('lock timeout')
      } finally {
        await holder.rollback().execute()
      }
    }

    await whileHeld('lock table finance.people in access share mode', await script({ lockTimeoutMs: 100 }))
    await whileHeld(`select pg_advisory_xact_lock(${lockKey('finance')})`, await script({ waitMs: 100 }))

    expect((await migrator.history(database.db)).map(({ name }) => name)).toEqual(['0001_people', '0002_pets'])
  })

  test('goes into another schema, beside migrate', async () => {
    await using database = await emptyDatabase()
    const script = await migrator.sql(undefined, { schema: 'order' })

    await Promise.all([psql(database.url, script), migrator.migrate(database.db, { schema: 'order' })])

    expect((await migrator.history(database.db, { schema: 'order' })).map(({ name }) => name)).toEqual(fixtureNames)
    expect(await tablesOf(database.db, 'finance')).toEqual([])
  })
})

test('what is code of the host cannot be written as a script', async () => {
  const migrations = { '2024_orders': { up: async () => {} } }

  await expect(migrator.sql(undefined, { migrations })).rejects.toThrow(UnsupportedError)
  expect(await migrator.sql(undefined, { migrations, to: '0003_names' })).toContain('0003_names')
})

function hasPsql(): boolean {
  try {
    return execFileSync('psql', ['--version']).length > 0
  } catch {
    return false
  }
}

/** Runs a script as an operator does, from a file. Fails when psql does. */
async function psql(url: string, script: string, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'finance-db-psql-'))
  try {
    const file = join(directory, 'script.sql')
    await writeFile(file, script)
    await promisify(execFile)('psql', ['--no-psqlrc', '--quiet', '--file', file, url], {
      env: { ...process.env, ...env },
    })
  } finally {
    await rm(directory, { recursive: true })
  }
}
