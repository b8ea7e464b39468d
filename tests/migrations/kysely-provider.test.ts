import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { type MigrationProvider, Migrator } from 'kysely/migration'
import { describe, expect, test } from 'vitest'
import { MigrationEditedError } from '../../src/errors.js'
import * as ours from '../../src/migrations/index.js'
import { createMigrator } from '../../src/migrations/migrator.js'
import { lockKey } from '../../src/migrations/names.js'
import { waitingIn } from '../server.js'
import { type EmptyDatabase, emptyDatabase, fixture, fixtureNames, step, tablesOf } from './support.js'

const { migrate, history, kyselyProvider } = createMigrator(fixture)

/** Kysely's, with ours and then a migration of the host's, as such a host would write it. */
function kyselyMigrator({ db }: EmptyDatabase, own: MigrationProvider): Migrator {
  const provider: MigrationProvider = {
    getMigrations: async () => ({
      ...(await own.getMigrations()),
      '2024_orders': {
        up: async (trx) => {
          await trx.schema.createTable('orders').addColumn('id', 'integer').execute()
        },
        down: async (trx) => {
          await trx.schema.dropTable('orders').execute()
        },
      },
    }),
  }
  return new Migrator({ db, provider })
}

describe("Kysely's Migrator", () => {
  test('applies ours with the rest, in one transaction with its own search_path, and migrate finds them', async () => {
    await using database = await emptyDatabase()

    const { error, results } = await kyselyMigrator(database, kyselyProvider()).migrateToLatest()

    expect(error).toBeUndefined()
    expect(results?.map(({ migrationName, status }) => [migrationName, status])).toEqual(
      [...fixtureNames, '2024_orders'].map((name) => [name, 'Success']),
    )
    expect(await tablesOf(database.db, 'public')).toContain('orders')
    expect((await migrate(database.db)).alreadyUpToDate).toBe(true)
    expect((await history(database.db)).map(({ name }) => name)).toEqual(fixtureNames)
  })

  test('passes over what migrate applied, and undoes it', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)
    const migrator = kyselyMigrator(database, kyselyProvider())

    const up = await migrator.migrateToLatest()
    const down = await migrator.migrateTo('0001_people')

    expect([up.error, down.error]).toEqual([undefined, undefined])
    expect(
      database.queries.filter(({ sql: text }) => text.startsWith('comment on table "finance".migrations')),
    ).toHaveLength(1)
    expect((await history(database.db)).map(({ name }) => name)).toEqual(['0001_people'])
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people'])
  })

  test('waits for who migrates', async () => {
    await using database = await emptyDatabase()
    const migrator = kyselyMigrator(database, kyselyProvider())
    const other = await database.db.startTransaction().execute()
    await sql`select pg_advisory_xact_lock(${lockKey('finance')}::bigint)`.execute(other)

    const run = migrator.migrateToLatest()
    const waits = async () => {
      while ((await waitingIn(database.db)) === 0) await sleep(20)
      return 'waits'
    }
    const first = await Promise.race([run, waits()])
    await other.commit().execute()

    expect(first).toBe('waits')
    expect((await run).error).toBeUndefined()
  })

  test('works without transactions, which each of ours brings itself', async () => {
    await using database = await emptyDatabase()
    const half = step('0004_half', ['create table finance.half (id integer)', 'select 1 from finance.nothing'])
    const provider = createMigrator([...fixture, half]).kyselyProvider()

    const { error } = await new Migrator({ db: database.db, provider }).migrateToLatest({ disableTransactions: true })

    expect(error).toMatchObject({ code: 'MIGRATION_FAILED', migration: '0004_half', statementIndex: 1 })
    expect((await history(database.db)).map(({ name }) => name)).toEqual(fixtureNames)
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people', 'pets'])
  })

  test('does not go on from an edited migration', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db, { to: '0001_people' })
    const edited = fixture.map((one) => (one.name === '0001_people' ? { ...one, up: () => ['select 1'] } : one))

    const { error } = await kyselyMigrator(database, createMigrator(edited).kyselyProvider()).migrateToLatest()

    expect(error).toBeInstanceOf(MigrationEditedError)
  })

  test('applies the real schema, into the schema that is asked for', async () => {
    await using database = await emptyDatabase()

    const { error } = await kyselyMigrator(database, ours.kyselyProvider({ schema: 'money' })).migrateToLatest()

    expect(error).toBeUndefined()
    expect((await ours.migrate(database.db, { schema: 'money', vector: 'off' })).alreadyUpToDate).toBe(true)
    const { rows } = await sql`select to_regnamespace('finance') as finance`.execute(database.db)
    expect(rows).toEqual([{ finance: null }])
  })
})
