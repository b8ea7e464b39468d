import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { describe, expect } from 'vitest'
import {
  accounts,
  audit,
  createFinanceDb,
  type Database,
  type Db,
  migrate,
  reports,
  transaction,
  transactions,
  users,
} from '../src/index.js'
import { emptyPGlite } from './empty-pglite.js'
import { createAccount, createTransaction, createUser, newTransaction } from './people.js'
import { freshDatabase, test } from './support.js'

interface Widgets {
  widgets: { id: number; owner_id: string }
}

/** A host's own Kysely, over a stock pool and stock parsers, with a table of its own beside ours. */
function hostKysely(url: string): Kysely<Widgets & Database> {
  return new Kysely<Widgets & Database>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 2 }) }),
  })
}

/** One of everything, as read back through the handle. Ids and times differ, so they are given by type. */
async function everything(db: Db): Promise<unknown> {
  const user = await createUser(db, { email: 'same@example.org' })
  const account = await createAccount(db, { user_id: user.id, opening_balance: '1.10' })
  const bought = await createTransaction(db, account, { date: '2026-03-01', amount: '-0.0001' })
  const page = await transactions.list(db, user.id)
  const range = { from: '2026-03-01', to: '2026-03-02' }
  const values = {
    users: await users.list(db),
    account: await accounts.get(db, user.id, account.id),
    page,
    spending: await reports.spendingByCategory(db, user.id, range),
    merchants: await reports.topMerchants(db, user.id, range),
    flow: await reports.cashFlowByMonth(db, user.id, range),
    history: await reports.balanceHistory(db, user.id, account.id, range),
    netWorth: await reports.netWorth(db, user.id),
    logged: (await audit.list(db, user.id)).rows.map(({ id, table_name }) => [typeof id, table_name]),
    changed: (await audit.history(db, user.id, 'transactions', bought.id)).rows.map(({ id }) => typeof id),
  }
  return JSON.parse(
    JSON.stringify(values, function (this: Record<string, unknown>, key, value) {
      if (this[key] instanceof Date) return 'a Date'
      return typeof value === 'string' && /^[0-9a-f]{8}-/.test(value) ? 'an id' : value
    }),
  )
}

describe('a host', () => {
  test('gets the same values through any handle', async () => {
    await using ours = await freshDatabase()
    await using pools = await freshDatabase()
    await using hosts = await freshDatabase()
    const pool = new pg.Pool({ connectionString: pools.url })
    const host = hostKysely(hosts.url)
    const pglite = createFinanceDb({ pglite: () => emptyPGlite() })
    await migrate(pglite)

    const handle = createFinanceDb({ connectionString: ours.url })
    const expected = await everything(handle)
    expect(expected).toMatchObject({
      page: { rows: [{ date: '2026-03-01', amount: '-0.0001', created_at: 'a Date' }] },
    })

    expect(await everything(createFinanceDb({ pool }))).toEqual(expected)
    expect(await everything(host)).toEqual(expected)
    expect(await everything(pglite)).toEqual(expected)
    await Promise.all([handle.destroy(), pool.end(), host.destroy(), pglite.destroy()])
  })

  test('writes our rows and its own in one transaction', async () => {
    await using fresh = await freshDatabase()
    const host = hostKysely(fresh.url)
    await sql`create table widgets (id int primary key, owner_id uuid references finance.users (id))`.execute(host)
    const account = await createAccount(host)

    const failing = host.transaction().execute(async (trx: Transaction<Widgets & Database>) => {
      await transactions.create(trx, newTransaction(account))
      await trx.insertInto('widgets').values({ id: 1, owner_id: account.user_id }).execute()
      throw new Error('stop')
    })
    await expect(failing).rejects.toThrow('stop')
    expect(await accounts.get(host, account.user_id, account.id)).toMatchObject({ balance: '0.0000' })

    await transaction(host, async (trx) => {
      await transactions.create(trx, newTransaction(account))
      await trx.insertInto('widgets').values({ id: 1, owner_id: account.user_id }).execute()
    })

    const joined = await host
      .selectFrom('widgets')
      .innerJoin('finance.accounts as a', 'a.user_id', 'widgets.owner_id')
      .select(['widgets.id', 'a.balance'])
      .execute()
    expect(joined).toEqual([{ id: 1, balance: '-12.5000' }])
    await host.destroy()
  })

  test('has everything in a schema of its own choosing', async () => {
    await using fresh = await freshDatabase()
    const db = createFinanceDb({ connectionString: fresh.url, schema: 'money' })
    await migrate(db)

    await everything(db)

    const count = (schema: string) =>
      sql<{ n: number }>`select count(*)::int as n from ${sql.table(`${schema}.transactions`)}`.execute(fresh.db)
    expect((await count('money')).rows).toEqual([{ n: 1 }])
    expect((await count('finance')).rows).toEqual([{ n: 0 }])
    await db.destroy()
  })

  test('may have functions and operators in its search_path that would fit ours', async ({ db }) => {
    const user = await createUser(db)
    for (const statement of [
      `create schema trap`,
      `create function trap.times(numeric, int) returns numeric language sql as 'select 0.0'`,
      `create operator trap.* (leftarg = numeric, rightarg = int, function = trap.times)`,
      `create function trap.either(bigint, int) returns bigint language sql as 'select -1::bigint'`,
      `create operator trap.| (leftarg = bigint, rightarg = int, function = trap.either)`,
      `create operator trap.% (leftarg = bigint, rightarg = int, function = trap.either)`,
      `create function trap.to_char(date, text) returns text language sql as $$select 'trapped'$$`,
      `create function trap.now() returns timestamptz language sql as $$select timestamptz '2000-01-01'$$`,
      `set local search_path to trap`,
    ]) {
      await sql.raw(statement).execute(db)
    }

    const later = await createUser(db)
    const bought = await createTransaction(db, await createAccount(db), { date: '2026-03-01' })

    expect(later.id.slice(0, 6)).toBe(user.id.slice(0, 6)) // the same hour or so
    expect(later.id > user.id).toBe(true)
    expect(later.created_at).toEqual(user.created_at)
    expect(bought.date).toBe('2026-03-01')
  })

  test('is kept by the compiler from what is not allowed', () => {
    // Never run: this only has to compile, and each marked line has to fail.
    async function refused(db: Db, host: Kysely<Widgets>) {
      // @ts-expect-error money is a string
      await transactions.create(db, { user_id: '', account_id: '', date: '', merchant: '', amount: 12.5 })
      // @ts-expect-error a lock needs a transaction
      await accounts.lock(db as Kysely<Database>, '', '')
      // @ts-expect-error the host's tables do not include ours
      await users.get(host, '')
      // @ts-expect-error the balance follows from the transactions
      await db.updateTable('finance.accounts').set({ balance: '1' }).execute()
      // @ts-expect-error the direction is derived
      await db.updateTable('finance.transactions').set({ direction: 'debit' }).execute()
      // @ts-expect-error the password hash stays where it is
      ;(await users.get(db, '')).password_hash
    }

    expect(refused).toBeTypeOf('function')
  })
})
