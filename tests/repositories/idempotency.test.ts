import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  accounts,
  ConflictError,
  createFinanceDb,
  type Db,
  type NewTransaction,
  type TransactionOptions,
  transaction,
  transactions,
} from '../../src/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { freshDatabase, test } from '../support.js'

const id = '01890000-0000-7000-8000-00000000ABCD'

/**
 * Makes every insert pause after the row is in the indexes on id and external_id and before it is in that on the key, so that
 * who comes meanwhile meets those first.
 */
async function slowDownBeforeTheKey(db: Db): Promise<void> {
  for (const statement of [
    `create function public.slow(text) returns text language plpgsql immutable as 'begin perform pg_sleep(0.1); return $1; end'`,
    `create index slow_idx on finance.transactions (public.slow(merchant))`,
    `drop index finance.transactions_idempotency_key_key`,
    `create unique index transactions_idempotency_key_key on finance.transactions (user_id, idempotency_key)
      where idempotency_key is not null`,
  ]) {
    await sql.raw(statement).execute(db)
  }
}

describe('an idempotency key', () => {
  test('means the same request however its ids, amounts and defaults are spelled', async ({ db }) => {
    const account = await createAccount(db)
    const payment = newTransaction(account, { id, amount: '-5', idempotency_key: 'k' })
    const first = await transactions.create(db, payment)

    const again = await transactions.create(db, {
      ...payment,
      user_id: account.user_id.toUpperCase(),
      account_id: account.id.toUpperCase(),
      amount: '-05.00',
      currency: 'USD',
      category: 'uncategorized',
      description: '',
      status: 'posted',
      source: 'manual',
      external_id: null,
    })

    expect(again).toEqual(first)
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '-5.0000' })
  })

  test.for<Partial<NewTransaction>>([
    { id: '01890000-0000-7000-8000-00000000abce' },
    { amount: '5' },
    { amount: '12.50' },
    { date: '2026-03-02' },
    { merchant: 'Somebody else' },
    { category: 'groceries' },
    { description: 'other' },
    { is_subscription: true },
    { status: 'pending' },
    { external_id: 'bank-1' },
    { source: 'other' },
    { pending_id: id },
    { currency: 'EUR' },
  ])('with other contents is a conflict: %o', async (other, { db }) => {
    const account = await createAccount(db)
    const payment = newTransaction(account, { idempotency_key: 'k' })
    await transactions.create(db, payment)

    await expect(transactions.create(db, { ...payment, ...other })).rejects.toMatchObject({
      code: 'CONFLICT',
      constraint: 'transactions_idempotency_key_key',
    })

    expect((await transactions.list(db, account.user_id)).rows).toHaveLength(1)
  })

  test('for another account is a conflict', async ({ db }) => {
    const account = await createAccount(db)
    const payment = newTransaction(account, { idempotency_key: 'k' })
    const other = await createAccount(db, { user_id: account.user_id })
    await transactions.create(db, payment)

    await expect(transactions.create(db, { ...payment, account_id: other.id })).rejects.toThrow(ConflictError)
  })

  test('means the same request for zero with a sign', async ({ db }) => {
    const account = await createAccount(db)
    const nothing = newTransaction(account, { amount: '-0.00', idempotency_key: 'k' })

    const first = await transactions.create(db, nothing)

    expect(await transactions.create(db, nothing)).toEqual(first)
    expect(await transactions.create(db, { ...nothing, amount: '0' })).toEqual(first)
  })

  test('of a pending row as it was written is a conflict for another amount', async ({ db }) => {
    const account = await createAccount(db)
    const hold = newTransaction(account, { idempotency_key: 'k', status: 'pending' })
    await transactions.create(db, hold)

    await expect(transactions.create(db, { ...hold, amount: '-12.49' })).rejects.toThrow(ConflictError)
    await expect(transactions.create(db, { ...hold, date: '2026-03-02' })).rejects.toThrow(ConflictError)
  })

  test('of a pending row does not stand for a posted one, whose money would be missing', async ({ db }) => {
    const account = await createAccount(db)
    const payment = newTransaction(account, { idempotency_key: 'k' })
    await transactions.create(db, { ...payment, status: 'pending' })

    await expect(transactions.create(db, payment)).rejects.toThrow(ConflictError)
  })

  test('still means the same request after the row was settled, or told otherwise', async () => {
    await using fresh = await freshDatabase() // the clock stands still in a sandbox, and this is about change
    const { db } = fresh
    const account = await createAccount(db)
    const hold = newTransaction(account, { idempotency_key: 'hold', status: 'pending', external_id: 'bank-1' })
    const payment = newTransaction(account, { idempotency_key: 'payment' })
    await transactions.create(db, hold)
    const { id } = await transactions.create(db, payment)

    await transactions.import(db, [
      newTransaction(account, { external_id: 'bank-1', date: '2026-03-04', amount: '-13.70' }),
    ])
    await transactions.categorize(db, account.user_id, id, 'groceries')

    expect(await transactions.create(db, hold)).toMatchObject({ status: 'posted', amount: '-13.7000' })
    expect(await transactions.create(db, payment)).toMatchObject({ id, category: 'groceries' })
    await expect(transactions.create(db, { ...payment, amount: '-1' })).rejects.toThrow(ConflictError)
  })

  test('still means the same request after the transaction that wrote the row changed it too', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const authorized = newTransaction(account, { idempotency_key: 'hold' })
    const bought = newTransaction(account, { idempotency_key: 'payment' })
    const both = () =>
      transaction(db, async (trx) => {
        const { user_id, id } = await transactions.hold(trx, authorized)
        const payment = await transactions.post(trx, bought)
        await transactions.categorize(trx, user_id, payment.id, 'groceries')
        return transactions.settle(trx, user_id, id)
      })
    const settled = await both()

    expect(await both()).toEqual(settled)
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '75.0000', held: '0.0000' })
    await expect(transactions.hold(db, bought)).rejects.toThrow(ConflictError)
  })

  test('of a reversal does not stand for a payment that looks like it', async ({ db }) => {
    const account = await createAccount(db)
    const { id } = await createTransaction(db, account, { amount: '-5' })
    await transactions.reverse(db, account.user_id, id, { date: '2026-03-01', idempotency_key: 'k' })
    const payment = newTransaction(account, { amount: '5', idempotency_key: 'k' })

    await expect(transactions.post(db, payment)).rejects.toThrow(ConflictError)
  })

  test('that is new does not hide what the row conflicts with', async ({ db }) => {
    const account = await createAccount(db)
    const first = await createTransaction(db, account, { external_id: 'bank-1' })
    const create = (overrides: Partial<NewTransaction>) =>
      transaction(db, (trx) =>
        transactions.create(trx, newTransaction(account, { idempotency_key: 'new', ...overrides })),
      )

    await expect(create({ external_id: 'bank-1' })).rejects.toMatchObject({
      constraint: 'transactions_external_id_key',
    })
    await expect(create({ id: first.id })).rejects.toMatchObject({ constraint: 'transactions_pkey' })
  })

  test.for<[string, TransactionOptions | undefined]>([
    ['alone', undefined],
    ['in transactions', {}],
    ['in serializable transactions', { isolationLevel: 'serializable', retries: 10 }],
  ])('writes one row and gives it to everyone who sends it at the same moment, %s', async ([, options]) => {
    await using fresh = await freshDatabase()
    await using db = createFinanceDb({ connectionString: fresh.url, poolSize: 20 }, {})
    await slowDownBeforeTheKey(db)
    const account = await createAccount(db)
    const rounds = 5

    for (let round = 0; round < rounds; round++) {
      const payment = newTransaction(account, {
        id: `01890000-0000-7000-8000-${String(round).padStart(12, '0')}`,
        amount: '-1',
        external_id: `bank-${round}`,
        idempotency_key: `key-${round}`,
      })
      const send = () =>
        options === undefined
          ? transactions.create(db, payment)
          : transaction(db, (trx) => transactions.create(trx, payment), options)

      const results = await Promise.all(Array.from({ length: 20 }, send))

      expect(new Set(results.map(({ id }) => id))).toEqual(new Set([payment.id]))
    }

    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: `-${rounds}.0000` })
  })
})
