import { describe, expect, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { checkSchema } from '../../src/doctor/check-schema.js'
import {
  accounts,
  audit,
  ConflictError,
  type Db,
  migrate,
  migrations,
  provisionRoles,
  reports,
  signals,
  transactions,
  UnsupportedError,
  users,
} from '../../src/index.js'
import { seed } from '../../src/seed/index.js'
import { emptyDatabase } from '../migrations/support.js'
import { createAccount, createUser, newTransaction } from '../people.js'
import { dropRoles, roleNames } from '../roles/support.js'
import { execute } from '../server.js'
import { freshDatabase } from '../support.js'
import { tour } from './tour.js'

const year = { from: '2026-01-01', to: '2026-12-31' }

/** One purchase among rows that are no spending by their names. */
async function spend(db: Db) {
  const account = await createAccount(db, { opening_balance: '1000' })
  for (const row of [
    { merchant: 'Grocer', category: 'groceries', amount: '-10' },
    { merchant: 'CHASE CREDIT CRD AUTOPAY', amount: '-200' },
    { merchant: 'Broker', category: 'INVESTMENTS', amount: '-50' },
    { merchant: 'INCASSO CREDITCARD', amount: '-300' },
  ]) {
    await transactions.create(db, { ...newTransaction(account), ...row })
  }
  return account
}

const spent = [{ category: 'groceries', currency: 'USD', spent: '10.0000', transactions: 1 }]

/** As a host may have set them for other reasons, by `alter database` or `alter role`. */
const settings = {
  datestyle: 'German',
  intervalstyle: 'sql_standard',
  timezone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  escape_string_warning: 'off',
  client_encoding: 'LATIN1',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  plan_cache_mode: 'force_generic_plan',
  default_transaction_isolation: 'serializable',
  search_path: '',
}

describe('a database with settings of its own', { timeout: 180_000 }, () => {
  async function oddDatabase() {
    const database = await freshDatabase()
    const name = new URL(database.url).pathname.slice(1)
    for (const [setting, value] of Object.entries(settings)) {
      await execute(database.url, `alter database ${name} set ${setting} = '${value}'`)
    }
    return database
  }

  test('gives the same days, instants and sums', async () => {
    await using database = await oddDatabase()
    const db = createFinanceDb({ connectionString: database.url, poolSize: 2 }, {})

    const account = await spend(db)
    const posted_at = new Date('2026-03-02T20:30:00Z')
    const row = { ...newTransaction(account), merchant: 'Café Žižkov', category: 'a\\b', amount: '-1', posted_at }
    const { id } = await transactions.create(db, row)

    expect(await transactions.get(db, account.user_id, id)).toMatchObject({ ...row, amount: '-1.0000' })
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '439.0000' })
    expect(await reports.spendingByCategory(db, account.user_id, year)).toEqual([
      ...spent,
      { category: 'a\\b', currency: 'USD', spent: '1.0000', transactions: 1 },
    ])
    expect(await audit.verify(db, account.user_id)).toMatchObject({ ok: true })
    await db.destroy()
  })

  test('finds the same signals', async () => {
    await using plain = await freshDatabase()
    await using odd = await oddDatabase()
    const found = async (url: string) => {
      const db = createFinanceDb({ connectionString: url, poolSize: 2 }, {})
      await seed(db, { users: 3, until: '2026-03-31', days: 200 })
      await signals.compute(db, { as_of: '2026-03-31' })
      const columns = ['user_id', 'time_window', 'signal_type', 'signal_value'] as const
      const rows = await db.selectFrom('finance.computed_features').select(columns).orderBy('id').execute()
      await db.destroy()
      return Object.fromEntries(rows.map(({ signal_value, ...key }) => [Object.values(key).join(' '), signal_value]))
    }

    expect(await found(odd.url)).toEqual(await found(plain.url))
  })

  test('is no hindrance to anything on a tour', async () => {
    await using database = await oddDatabase()
    const db = createFinanceDb({ connectionString: database.url, poolSize: 2 }, {})

    for (const [, step] of tour(db)) await step()

    expect((await migrations.status(db)).filter(({ state }) => state === 'pending')).toEqual([])
    await db.destroy()
  })
})

const turkish = `encoding 'UTF8' locale_provider icu icu_locale 'tr-TR' locale 'C'`

test('a small i is that of I where the locale is Turkish', async () => {
  await using database = await emptyDatabase(turkish)
  const db = createFinanceDb({ connectionString: database.url, poolSize: 1 }, {})
  await migrate(db)
  const { id } = await createUser(db, { email: 'info@example.org', username: 'ilk' })

  await expect(createUser(db, { email: 'INFO@example.org' })).rejects.toThrow(ConflictError)
  await expect(createUser(db, { username: 'ILK' })).rejects.toThrow(ConflictError)
  expect(await users.findByEmail(db, 'Info@example.org')).toMatchObject({ id })
  expect(await users.findByUsername(db, 'ILK')).toMatchObject({ id })
  const { user_id } = await spend(db)
  expect(await reports.spendingByCategory(db, user_id, year)).toEqual(spent)
  await db.destroy()
})

test('roles may insert where the locale is Turkish', async () => {
  const { app } = roleNames()
  try {
    await using database = await emptyDatabase(turkish)
    await migrate(database.db)

    const { refused } = await provisionRoles(database.db, { roles: { app: { name: app } } })

    expect(refused).toEqual([])
    expect((await checkSchema(database.db)).differences).toEqual([])
  } finally {
    await dropRoles([app])
  }
})

test('a database that cannot keep every text is refused before anything is made', async () => {
  await using database = await emptyDatabase(`encoding 'LATIN1' locale 'C'`)

  const refused = await migrate(database.db).catch((error: unknown) => error)

  expect(refused).toBeInstanceOf(UnsupportedError)
  expect(String(refused)).toContain('encoding LATIN1')
  expect(await migrations.history(database.db)).toEqual([])
})
