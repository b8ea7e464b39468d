import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect } from 'vitest'
import {
  type Account,
  AccountInactiveError,
  accounts,
  createFinanceDb,
  type Db,
  transaction,
  transactions,
} from '../src/index.js'
import { createAccount, createTransaction } from './people.js'
import { waitingIn } from './server.js'
import { freshDatabase, test } from './support.js'

const balanceOf = async (db: Db, { user_id, id }: Account) => (await accounts.get(db, user_id, id)).balance

/** Straight into the table, past the repositories. */
const insert = (db: Db, account: Account, amount: string, status = 'posted') =>
  sql`insert into ${sql.table('finance.transactions')} (user_id, account_id, date, merchant, amount, currency, status, posted_at)
    values (${account.user_id}, ${account.id}, '2026-01-01', 'x', ${amount}, 'USD', ${status}, ${status === 'posted' ? new Date() : null})`.execute(
    db,
  )

describe('balances', () => {
  test('follow one statement that writes to many accounts', async ({ db }) => {
    const [a, b] = [await createAccount(db), await createAccount(db, { opening_balance: '10' })]

    await sql`insert into ${sql.table('finance.transactions')} (user_id, account_id, date, merchant, amount, currency)
      select user_id, id, '2026-01-01', 'x', n * 0.0001, 'USD'
      from ${sql.table('finance.accounts')}, generate_series(1, 100) n`.execute(db)

    expect(await balanceOf(db, a)).toBe('0.5050')
    expect(await balanceOf(db, b)).toBe('10.5050')
  })

  test('follow a pending row that is posted, with the amount it is posted with', async ({ db }) => {
    const account = await createAccount(db)
    await insert(db, account, '-80', 'pending')
    await insert(db, account, '-1', 'pending')
    expect(await balanceOf(db, account)).toBe('0.0000')

    await db
      .updateTable('finance.transactions')
      .set({ status: 'posted', posted_at: new Date(), amount: '-82.35' })
      .where('amount', '=', '-80')
      .execute()

    expect(await balanceOf(db, account)).toBe('-82.3500')
  })

  test.for([
    ['balance', 'accounts_balance_derived', 'update finance.accounts set balance = balance + 1'],
    ['both balances', 'accounts_balance_derived', 'update finance.accounts set balance = 7, opening_balance = 7'],
    ['amount', 'transactions_posted_immutable', 'update finance.transactions set amount = amount + 1'],
    ['day', 'transactions_posted_immutable', "update finance.transactions set date = '2020-01-01'"],
    ['status', 'transactions_posted_immutable', "update finance.transactions set status = 'pending', posted_at = null"],
    ['account', 'transactions_posted_immutable', 'update finance.transactions set account_id = user_id'],
    ['row', 'transactions_posted_kept', 'delete from finance.transactions'],
    ['table', 'transactions_not_truncated', 'truncate finance.transactions cascade'],
  ] as const)(
    'stand: the %s of what is posted cannot be changed by hand',
    async ([, constraint, statement], { db }) => {
      const account = await createAccount(db)
      await createTransaction(db, account)

      await expect(sql.raw(statement).execute(db)).rejects.toMatchObject({ code: '23514', constraint })

      expect(await balanceOf(db, account)).toBe('-12.5000')
    },
  )

  test('start at the opening balance and nowhere else', async ({ db }) => {
    const { user_id } = await createAccount(db)
    const open = (balance: string) =>
      sql`insert into ${sql.table('finance.accounts')} (user_id, account_type, name, opening_balance, balance)
        values (${user_id}, 'savings', 'S', 5, ${balance}::numeric)`.execute(db)

    await expect(open('1000')).rejects.toMatchObject({ constraint: 'accounts_balance_derived' })
    await open('5')
  })

  test('never miss a movement: what cannot reach its account is refused', async ({ db }) => {
    const account = await createAccount(db)
    await insert(db, account, '-5', 'pending')
    // As a row-level policy would that hides the account from whoever writes the movement.
    await sql`create function pg_temp.hide() returns trigger language plpgsql as 'begin return null; end'`.execute(db)
    await sql`create trigger hide before update on ${sql.table('finance.accounts')} for each row execute function pg_temp.hide()`.execute(
      db,
    )

    await expect(transaction(db, (trx) => insert(trx, account, '-7'))).rejects.toMatchObject({ code: '42501' })
    await expect(
      transaction(db, (trx) =>
        trx.updateTable('finance.transactions').set({ status: 'posted', posted_at: new Date() }).execute(),
      ),
    ).rejects.toMatchObject({ code: '42501' })
  })

  test('refuse NaN and what is too large', async ({ db }) => {
    const account = await createAccount(db)

    await expect(insert(db, account, 'NaN')).rejects.toMatchObject({ constraint: 'transactions_amount_check' })
    await insert(db, account, '999999999999999.9999')
    await expect(insert(db, account, '0.0001')).rejects.toMatchObject({ code: '22003' })

    expect(await balanceOf(db, account)).toBe('999999999999999.9999')
  })

  test('follow COPY, as psql uses it', async () => {
    await using fresh = await freshDatabase()
    const account = await createAccount(fresh.db)
    const { from } = await import('pg-copy-streams')
    const client = new pg.Client(fresh.url)
    await client.connect()
    const copy = client.query(
      from('copy finance.transactions (user_id, account_id, date, merchant, amount, currency) from stdin'),
    )

    await new Promise<void>((resolve, reject) => {
      copy.on('finish', resolve).on('error', reject)
      for (let i = 0; i < 1000; i++) copy.write(`${account.user_id}\t${account.id}\t2026-01-01\tshop\t-0.0101\tUSD\n`)
      copy.end()
    })
    await client.end()

    expect(await balanceOf(fresh.db, account)).toBe('-10.1000')
  })

  test('add up when many connections write to the same accounts in different orders', async () => {
    await using fresh = await freshDatabase()
    const { user_id } = await createAccount(fresh.db)
    for (let i = 0; i < 3; i++) await createAccount(fresh.db, { user_id })
    const insertAll = (direction: 'asc' | 'desc') =>
      sql`insert into finance.transactions (user_id, account_id, date, merchant, amount, currency)
        select user_id, id, '2026-01-01', 'x', 0.01, 'USD' from finance.accounts order by id ${sql.raw(direction)}`

    await Promise.all(Array.from({ length: 80 }, (_, i) => insertAll(i % 2 === 0 ? 'asc' : 'desc').execute(fresh.db)))

    const { rows } = await accounts.list(fresh.db, user_id)
    expect(rows.map(({ balance }) => balance)).toEqual(['0.8000', '0.8000', '0.8000', '0.8000'])
  })

  test.for([
    [
      'inserts',
      `insert into finance.transactions (user_id, account_id, date, merchant, amount, currency)
      select user_id, id, '2026-01-01', 'x', -1, 'USD' from finance.accounts order by id desc`,
    ],
    ['posts', `update finance.transactions set status = 'posted', posted_at = now()`],
    ['deletes', 'delete from finance.transactions'],
  ] as const)('are locked in the order of accounts by a statement that %s', async ([, statement]) => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const owner = await createAccount(db)
    const made = [owner]
    for (let i = 0; i < 7; i++) made.push(await createAccount(db, { user_id: owner.user_id }))
    for (const account of made.toReversed()) await insert(db, account, '-1', 'pending')
    const [first, ...rest] = made.map(({ id }) => id).sort() as [string, ...string[]]

    const { writing } = await db.transaction().execute(async (trx) => {
      await accounts.lock(trx, owner.user_id, first)
      const writing = sql.raw(statement).execute(db)
      await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
      await sql`select from finance.accounts where id = any (${rest}) for no key update nowait`.execute(trx)
      return { writing }
    })

    expect(Number((await writing).numAffectedRows)).toBe(8)
  })

  test('do not change when announced money is called off, nor what is held', async ({ db }) => {
    const account = await createAccount(db)
    await insert(db, account, '10', 'pending')

    await db.deleteFrom('finance.transactions').execute()

    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '0.0000', held: '0.0000' })
  })

  test('of a frozen account take no row of zero either, and know of what was released', async ({ db }) => {
    const account = await createAccount(db)
    await insert(db, account, '0', 'pending')
    await accounts.update(db, account.user_id, account.id, { status: 'frozen' })

    await insert(db, account, '-5', 'released')
    await expect(
      sql`update ${sql.table('finance.transactions')} set status = 'posted', posted_at = now() where status = 'pending'`.execute(
        db,
      ),
    ).rejects.toMatchObject({ constraint: 'accounts_active' })
    await expect(insert(db, account, '0')).rejects.toMatchObject({ constraint: 'accounts_active' })
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '0.0000', held: '0.0000' })
  })

  test('of a frozen account let what is held become less, and not more', async ({ db }) => {
    const account = await createAccount(db)
    const { user_id, id } = account
    const pending = { user_id, account_id: id, date: '2026-03-01', merchant: 'Hotel', external_id: 'e' }
    const hold = (amount: string) => transactions.import(db, [{ ...pending, status: 'pending', amount }])
    await hold('-10')
    await accounts.update(db, user_id, id, { status: 'frozen' })

    await hold('-8')
    await expect(hold('-9')).rejects.toThrow(AccountInactiveError)

    expect(await accounts.get(db, user_id, id)).toMatchObject({ held: '8.0000' })
  })

  test('of an account that is thawed between the refusal and its reason take the row', async () => {
    await using fresh = await freshDatabase()
    const thawing = createFinanceDb({ connectionString: fresh.url, applicationName: 'thawing' }, {})
    const account = await createAccount(fresh.db)
    await accounts.update(fresh.db, account.user_id, account.id, { status: 'frozen' })
    // Runs after a statement that found no row to update, too.
    for (const statement of [
      `create function public.pause() returns trigger language plpgsql as $$ begin
        if current_setting('application_name') <> 'thawing' then perform pg_advisory_xact_lock_shared(1); end if;
        return null;
      end $$`,
      'create trigger pause after update on finance.accounts for each statement execute function public.pause()',
    ]) {
      await sql.raw(statement).execute(fresh.db)
    }

    const { posting } = await transaction(thawing, async (trx) => {
      await sql`select pg_advisory_xact_lock(1)`.execute(trx)
      const posting = insert(fresh.db, account, '7')
      await expect.poll(() => waitingIn(fresh.db), { timeout: 10_000 }).toBe(1)
      await accounts.update(trx, account.user_id, account.id, { status: 'active' })
      return { posting }
    })

    await posting
    await thawing.destroy()
    expect(await balanceOf(fresh.db, account)).toBe('7.0000')
  })

  test('follow an opening balance that a trigger of the host changes', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '10' })
    await insert(db, account, '-1')
    for (const statement of [
      'create table public.corrections (account_id uuid, opening_balance numeric)',
      `create function public.correct() returns trigger language plpgsql as $$ begin
        update finance.accounts set opening_balance = new.opening_balance where id = new.account_id;
        return null;
      end $$`,
      'create trigger correct after insert on public.corrections for each row execute function public.correct()',
    ]) {
      await sql.raw(statement).execute(db)
    }

    await sql`insert into public.corrections values (${account.id}, 50)`.execute(db)

    expect(await balanceOf(db, account)).toBe('49.0000')
  })
})
