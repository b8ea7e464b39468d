import { describe, expect, test } from 'vitest'
import {
  DatabaseTooNewError,
  InvalidInputError,
  MigrationEditedError,
  MigrationError,
  TransactionConflictError,
  UnsupportedError,
} from '../../src/errors.js'
import { createMigrator, type RollbackOptions } from '../../src/migrations/migrator.js'
import type { SqlMigration } from '../../src/migrations/shape.js'
import { emptyDatabase, fixture, fixtureNames, step, tablesOf } from './support.js'

const { migrate, rollback, status, history } = createMigrator(fixture)
const applied = async (...[db]: Parameters<typeof history>) => (await history(db)).map(({ name }) => name)

describe('rollback', () => {
  test('undoes the newest migration', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)

    expect(await rollback(database.db)).toEqual({ rolledBack: ['0003_names'] })

    expect(await applied(database.db)).toEqual(['0001_people', '0002_pets'])
    expect((await migrate(database.db)).applied).toEqual(['0003_names'])
  })

  test('goes back by a number, or to a name, newest first', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)

    expect((await rollback(database.db, { to: '0002_pets' })).rolledBack).toEqual(['0003_names'])
    expect((await rollback(database.db, { to: '0002_pets' })).rolledBack).toEqual([])
    expect((await rollback(database.db, { steps: Number.POSITIVE_INFINITY })).rolledBack).toEqual([
      '0002_pets',
      '0001_people',
    ])
    expect((await rollback(database.db)).rolledBack).toEqual([])

    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations'])
  })

  test('does nothing to a database that has no history', async () => {
    await using database = await emptyDatabase()

    expect(await rollback(database.db)).toEqual({ rolledBack: [] })
    expect(await tablesOf(database.db, 'finance')).toEqual([])
  })

  test('goes by the order of application where that is not the order of names', async () => {
    await using database = await emptyDatabase()
    const orders = step('2024_orders', ['create table public.orders (id integer)'], {
      down: () => ['drop table public.orders'],
    })
    const migrations = { '2024_orders': orders }
    await migrate(database.db, { to: '2024_orders', migrations })
    const later = createMigrator([...fixture, step('0004_more', ['select 1'])])
    await later.migrate(database.db)

    const { rolledBack } = await later.rollback(database.db, { steps: 3, migrations })

    expect(rolledBack).toEqual(['0004_more', '2024_orders', '0003_names'])
    expect(await tablesOf(database.db, 'public')).toEqual([])
  })

  test.each<RollbackOptions>([
    { steps: 0 },
    { steps: 1.5 },
    { steps: Number.NaN },
    { to: '0004_none' },
    { steps: 1, to: '0001_people' },
  ])('refuses %o', async (options) => {
    await using database = await emptyDatabase()
    await migrate(database.db)

    await expect(rollback(database.db, options)).rejects.toThrow(InvalidInputError)
    expect(await applied(database.db)).toEqual(fixtureNames)
  })

  test('does not go past what only a newer version can undo', async () => {
    await using database = await emptyDatabase()
    await createMigrator([...fixture, step('0004_more', ['select 1'])]).migrate(database.db)

    await expect(rollback(database.db)).rejects.toThrow(DatabaseTooNewError)
    await expect(rollback(database.db, { to: '0001_people' })).rejects.toThrow(/0004_more/)
    expect(await applied(database.db)).toHaveLength(4)
  })

  test("needs the host's migrations to undo them", async () => {
    await using database = await emptyDatabase()
    const migrations = { '2024_orders': { up: async () => {} } }
    await migrate(database.db, { migrations })

    await expect(rollback(database.db)).rejects.toThrow(InvalidInputError)
    await expect(rollback(database.db, { migrations })).rejects.toThrow(UnsupportedError)
    expect(await applied(database.db)).toHaveLength(4)
  })

  test('does not undo by the `down` of an edited migration', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)
    const edited = fixture.map((one): SqlMigration => (one.name === '0003_names' ? { ...one, up: () => ['x'] } : one))

    await expect(createMigrator(edited).rollback(database.db)).rejects.toThrow(MigrationEditedError)
  })

  test('that fails leaves nothing half undone', async () => {
    await using database = await emptyDatabase()
    const [people, ...rest] = fixture
    const down: SqlMigration['down'] = ({ finance }) => [`drop table ${finance}.people`, 'drop table finance.nothing']
    const broken = createMigrator([{ ...people, down } as SqlMigration, ...rest])
    await broken.migrate(database.db)

    const failed = broken.rollback(database.db, { steps: 3 })

    await expect(failed).rejects.toThrow(MigrationError)
    await expect(failed).rejects.toMatchObject({ migration: '0001_people', direction: 'down', statementIndex: 1 })
    expect(await applied(database.db)).toEqual(['0001_people'])
    expect(await tablesOf(database.db, 'finance')).toEqual(['migrations', 'people'])
  })

  test('by several at once undoes each migration once', async () => {
    await using database = await emptyDatabase()
    await migrate(database.db)

    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => rollback(database.connect({ max: 1 }), { to: '0001_people' })),
    )

    const undone = results.flatMap((result) => (result.status === 'fulfilled' ? result.value.rolledBack : []))
    expect(undone.length).toBeGreaterThan(0)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(TransactionConflictError)
    }
    expect(await applied(database.db)).toEqual(['0001_people'])
  })
})

describe('status', () => {
  test('knows every migration before there is anything, and makes nothing', async () => {
    await using database = await emptyDatabase()

    const states = await status(database.db, { vector: 'off' })

    expect(states.map(({ name, state }) => [name, state])).toEqual(fixtureNames.map((name) => [name, 'pending']))
    expect(await tablesOf(database.db, 'finance')).toEqual([])
    expect(await history(database.db)).toEqual([])
  })

  test('tells applied, edited, pending and unknown ones apart', async () => {
    await using database = await emptyDatabase()
    const newer = createMigrator([...fixture.slice(0, 2), step('0009_newer', ['select 1'], { breaking: true })])
    const migrations = { '2024_orders': { up: async () => {} } }
    await newer.migrate(database.db, { migrations })
    const edited = createMigrator(
      fixture.map(
        (one): SqlMigration => (one.name === '0002_pets' ? { ...one, up: () => ['x'], breaking: true } : one),
      ),
    )

    const states = await edited.status(database.db)

    expect(states).toMatchObject([
      { name: '0001_people', source: 'finance-db', state: 'applied', applied_at: expect.any(Date) },
      { name: '0002_pets', source: 'finance-db', state: 'edited', breaking: true, applied_at: expect.any(Date) },
      { name: '0003_names', source: 'finance-db', state: 'pending', applied_at: undefined },
      { name: '0009_newer', source: 'finance-db', state: 'unknown-newer', breaking: true },
      { name: '2024_orders', source: 'host', state: 'applied', breaking: false },
    ])
  })
})
