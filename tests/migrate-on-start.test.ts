import { describe, expect, test } from 'vitest'
import {
  createFinanceDb,
  InvalidConfigError,
  MigrationsPendingError,
  migrateOnStart,
  migrations,
} from '../src/index.js'
import { emptyDatabase, tablesOf } from './migrations/support.js'
import { execute } from './server.js'

describe('migrateOnStart', { timeout: 60_000 }, () => {
  test('migrates, unless it is to check only, or not to look', async () => {
    await using empty = await emptyDatabase()
    const db = createFinanceDb({ connectionString: empty.url, poolSize: 1 }, {})

    expect(await migrateOnStart(db, { mode: 'off' }, {})).toEqual({
      mode: 'off',
      applied: [],
      skipped: [],
      alreadyUpToDate: false,
    })
    await expect(migrateOnStart(db, {}, { FINANCE_DB_MIGRATE: 'check' })).rejects.toThrow(MigrationsPendingError)
    await expect(migrateOnStart(db, {}, { FINANCE_DB_MIGRATE: 'maybe' })).rejects.toThrow(InvalidConfigError)
    expect(await tablesOf(empty.db, 'finance')).toEqual([])

    expect((await migrateOnStart(db, {}, {})).applied).toContain('0001_functions')
    expect(await migrateOnStart(db, { mode: 'check' }, {})).toMatchObject({ alreadyUpToDate: true })
    await db.destroy()
  })

  test('migrates as the role of the migration URL, which alone may', async () => {
    await using empty = await emptyDatabase()
    const role = `${empty.name}_app`
    await execute(empty.url, `create role ${role} login password 'app'`)
    const url = new URL(empty.url)
    url.username = role
    url.password = 'app'
    const db = createFinanceDb({ connectionString: url.href, schema: 'money', poolSize: 1 }, {})
    try {
      await expect(migrateOnStart(db, {}, {})).rejects.toThrow(/may not create schema money/)

      const { applied } = await migrateOnStart(db, {}, { DATABASE_MIGRATION_URL: empty.url })

      expect(applied).toHaveLength(migrations.migrations.filter(({ requires }) => requires === undefined).length)
      await execute(empty.url, `grant usage on schema money to ${role}`, `grant select on money.migrations to ${role}`)
      // Nothing is pending, so nobody connects there.
      const later = await migrateOnStart(db, { connectionString: 'postgres://127.0.0.1:1/none' }, {})
      expect(later.alreadyUpToDate).toBe(true)
    } finally {
      await db.destroy()
      await execute(empty.url, `drop owned by ${role}`, `drop role ${role}`)
    }
  })
})
