import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, vi } from 'vitest'
import {
  type Account,
  AccountInactiveError,
  accounts,
  ConflictError,
  type Db,
  InsufficientFundsError,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  RuleViolationError,
  transactions,
  transfers,
} from '../../src/index.js'
import { createAccount, createTransaction, createUser, newTransaction } from '../people.js'
import { waitingIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

const state = async (db: Db, { user_id, id }: Account) => {
  const { balance, held, available } = await accounts.get(db, user_id, id)
  return { balance, held, available }
}
const idOfNobody = '00000000-0000-7000-8000-000000000000'

describe('transactions.post', () => {
  test('moves money and gives the row, with what was left out filled in', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })

    const posted = await transactions.post(db, newTransaction(account, { amount: '-30.05' }))

    expect(posted).toEqual(await transactions.get(db, account.user_id, posted.id))
    expect(posted).toMatchObject({
      amount: '-30.0500',
      currency: 'USD',
      direction: 'debit',
      category: 'uncategorized',
      description: '',
      source: 'manual',
      status: 'posted',
      date: '2026-03-01',
    })
    expect(posted.posted_at).toBeInstanceOf(Date)
    expect(await state(db, account)).toEqual({ balance: '69.9500', held: '0.0000', available: '69.9500' })
  })

  test.for([
    ['nothing below zero', {}, '-100.0001', '-100'],
    ['a credit limit', { credit_limit: '50' }, '-150.0001', '-150'],
    ['a minimum balance', { minimum_balance: '20' }, '-80.01', '-80'],
    ['a minimum balance before a credit limit', { minimum_balance: '-10', credit_limit: '50' }, '-110.01', '-110'],
  ] as const)('stops at the last cent of %s', async ([, rule, tooMuch, all], { db }) => {
    const account = await createAccount(db, { opening_balance: '100', ...rule })

    await expect(transactions.post(db, newTransaction(account, { amount: tooMuch }))).rejects.toThrow(
      InsufficientFundsError,
    )

    expect(await state(db, account)).toMatchObject({ balance: '100.0000' })
    expect((await transactions.list(db, account.user_id)).rows).toEqual([])
    await transactions.post(db, newTransaction(account, { amount: all }))
    expect(await state(db, account)).toMatchObject({ available: '0.0000' })
  })

  test('takes not a hundredth of a cent that is not there', async ({ db }) => {
    const account = await createAccount(db)
    const least = newTransaction(account, { amount: '-0.0001' })

    await expect(transactions.post(db, least)).rejects.toThrow(InsufficientFundsError)
    await expect(transactions.hold(db, least)).rejects.toThrow(InsufficientFundsError)
  })

  test('always takes money in, also on an account that is overdrawn', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '-500' })

    await transactions.post(db, newTransaction(account, { amount: '20' }))

    expect(await state(db, account)).toMatchObject({ balance: '-480.0000', available: '-480.0000' })
  })

  test('counts what is held as gone', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    await transactions.hold(db, newTransaction(account, { amount: '-60' }))

    await expect(transactions.post(db, newTransaction(account, { amount: '-40.01' }))).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      constraint: 'accounts_available',
    })
    await transactions.post(db, newTransaction(account, { amount: '-40' }))
  })

  test.for(['frozen', 'closed'] as const)(
    'moves nothing on an account that is %s, in or out',
    async (status, { db }) => {
      const account = await createAccount(db, { opening_balance: '100', status })

      for (const amount of ['-1', '1', '0']) {
        await expect(transactions.post(db, newTransaction(account, { amount }))).rejects.toThrow(AccountInactiveError)
        await expect(transactions.create(db, newTransaction(account, { amount }))).rejects.toThrow(AccountInactiveError)
      }
      await expect(transactions.hold(db, newTransaction(account))).rejects.toThrow(AccountInactiveError)
      expect(await state(db, account)).toMatchObject({ balance: '100.0000', held: '0.0000' })
    },
  )

  test('with a key moves once, and gives the first row again', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const account = await createAccount(db, { opening_balance: '100' })
    const payment = newTransaction(account, { amount: '-60', idempotency_key: 'rent' })

    const first = await transactions.post(db, payment)

    expect(await transactions.post(db, { ...payment, amount: '-60.0000' })).toEqual(first)
    await transactions.categorize(db, account.user_id, first.id, 'housing')
    expect(await transactions.post(db, payment)).toMatchObject({ id: first.id, category: 'housing' })
    await expect(transactions.post(db, { ...payment, amount: '-61' })).rejects.toThrow(ConflictError)
    await expect(transactions.hold(db, payment)).rejects.toThrow(ConflictError)
    expect(await state(db, account)).toMatchObject({ balance: '40.0000' })
  })

  test('does not use up the key when it fails', async ({ db }) => {
    const account = await createAccount(db)
    const payment = newTransaction(account, { amount: '-60', idempotency_key: 'rent' })
    await expect(transactions.post(db, payment)).rejects.toThrow(InsufficientFundsError)

    await transactions.post(db, newTransaction(account, { amount: '60' }))

    expect(await transactions.post(db, payment)).toMatchObject({ amount: '-60.0000' })
  })

  test('says what is wrong with a row that cannot be', async ({ db }) => {
    const account = await createAccount(db)
    const stranger = await createUser(db)
    const known = await createTransaction(db, account, { external_id: 'bank-1' })
    const post = (overrides: Parameters<typeof newTransaction>[1]) =>
      transactions.post(db, newTransaction(account, { amount: '1', ...overrides }))

    await expect(post({ account_id: idOfNobody })).rejects.toThrow(MissingReferenceError)
    await expect(post({ user_id: stranger.id })).rejects.toThrow(MissingReferenceError)
    await expect(post({ currency: 'EUR' })).rejects.toThrow(MissingReferenceError)
    await expect(post({ external_id: 'bank-1' })).rejects.toMatchObject({ constraint: 'transactions_external_id_key' })
    await expect(post({ id: known.id })).rejects.toThrow(ConflictError)
    await expect(post({ amount: '1.00001' })).rejects.toThrow(InvalidInputError)
    await expect(transactions.post(db, { ...newTransaction(account), status: 'pending' } as never)).rejects.toThrow(
      InvalidInputError,
    )
  })
})

describe('transactions.hold', () => {
  test('takes from what is available and leaves the balance', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })

    const held = await transactions.hold(db, newTransaction(account, { amount: '-80' }))

    expect(held).toMatchObject({ status: 'pending', posted_at: null })
    expect(await state(db, account)).toEqual({ balance: '100.0000', held: '80.0000', available: '20.0000' })
    await expect(transactions.hold(db, newTransaction(account, { amount: '-20.01' }))).rejects.toThrow(
      InsufficientFundsError,
    )
  })

  test('announces money that comes in without counting it', async ({ db }) => {
    const account = await createAccount(db)

    await transactions.hold(db, newTransaction(account, { amount: '80' }))

    expect(await state(db, account)).toEqual({ balance: '0.0000', held: '0.0000', available: '0.0000' })
  })

  test('is counted whoever writes it, and for as long as it is there', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { id, user_id } = await createTransaction(db, account, { status: 'pending', amount: '-30' })
    expect(await state(db, account)).toMatchObject({ held: '30.0000' })

    await db.updateTable('finance.transactions').set({ amount: '-45' }).where('id', '=', id).execute()
    expect(await state(db, account)).toMatchObject({ held: '45.0000' })

    await transactions.remove(db, user_id, id)
    expect(await state(db, account)).toMatchObject({ held: '0.0000', available: '100.0000' })
  })

  test.for(['held = 5', 'held = 5, balance = 3'])('is not written by hand: %s', async (set, { db }) => {
    await createAccount(db)

    await expect(sql.raw(`update finance.accounts set ${set}`).execute(db)).rejects.toMatchObject({
      constraint: 'accounts_balance_derived',
    })
    await expect(
      sql
        .raw(
          "insert into finance.accounts (user_id, account_type, name, held) select user_id, 'loan', 'x', 1 from finance.accounts",
        )
        .execute(db),
    ).rejects.toMatchObject({ constraint: 'accounts_balance_derived' })
  })
})

describe('transactions.settle', () => {
  test('posts the same row, once, and frees what was not taken', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '-80' }))

    const settled = await transactions.settle(db, user_id, id, { amount: '-75.50', date: '2026-03-04' })

    expect(settled).toMatchObject({ id, status: 'posted', amount: '-75.5000', date: '2026-03-04' })
    expect(settled.posted_at).toBeInstanceOf(Date)
    expect(await state(db, account)).toEqual({ balance: '24.5000', held: '0.0000', available: '24.5000' })
    expect(await transactions.settle(db, user_id, id, { amount: '-75.5' })).toEqual(settled)
    expect(await transactions.settle(db, user_id, id)).toEqual(settled)
    await expect(transactions.settle(db, user_id, id, { amount: '-75' })).rejects.toThrow(ConflictError)
    await expect(transactions.settle(db, user_id, id, { date: '2026-03-05' })).rejects.toThrow(ConflictError)
    expect(await state(db, account)).toMatchObject({ balance: '24.5000' })
  })

  test('takes more than was held only if that is available', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '-80' }))

    await expect(transactions.settle(db, user_id, id, { amount: '-100.01' })).rejects.toThrow(InsufficientFundsError)
    expect(await transactions.settle(db, user_id, id, { amount: '-100' })).toMatchObject({ amount: '-100.0000' })
  })

  test('keeps what was promised, also when the bank has taken more since', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '-80' }))
    await createTransaction(db, account, { amount: '-90' })

    await transactions.settle(db, user_id, id)

    expect(await state(db, account)).toMatchObject({ balance: '-70.0000', available: '-70.0000' })
  })

  test('takes announced money in, also less of it, on an account that is overdrawn', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '-100' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '50' }))

    expect(await transactions.settle(db, user_id, id, { amount: '40' })).toMatchObject({ status: 'posted' })
    expect(await state(db, account)).toMatchObject({ balance: '-60.0000' })
  })

  test('never goes below the minimum balance', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100', minimum_balance: '0' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '-80' }))
    await createTransaction(db, account, { amount: '-90' })

    await expect(transactions.settle(db, user_id, id)).rejects.toMatchObject({
      code: 'INSUFFICIENT_FUNDS',
      constraint: 'accounts_minimum_balance_check',
    })
  })

  test('is refused in the other direction, on a frozen account, by another user, and once released', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const stranger = await createUser(db)
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '-80' }))

    for (const amount of ['80', '0']) {
      await expect(transactions.settle(db, user_id, id, { amount })).rejects.toMatchObject({
        constraint: 'transactions_settled_sign',
      })
    }
    await expect(transactions.settle(db, stranger.id, id)).rejects.toThrow(NotFoundError)
    await accounts.update(db, user_id, account.id, { status: 'frozen' })
    await expect(transactions.settle(db, user_id, id)).rejects.toThrow(AccountInactiveError)
    await transactions.release(db, user_id, id)
    await expect(transactions.settle(db, user_id, id)).rejects.toThrow(RuleViolationError)
  })
})

describe('transactions.release', () => {
  test('frees the money, on a frozen account too, and remembers the key', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const request = newTransaction(account, { amount: '-80', idempotency_key: 'hotel' })
    const { id, user_id } = await transactions.hold(db, request)
    await accounts.update(db, user_id, account.id, { status: 'frozen' })

    const released = await transactions.release(db, user_id, id)

    expect(released).toMatchObject({ status: 'released', amount: '-80.0000', posted_at: null })
    expect(await state(db, account)).toEqual({ balance: '100.0000', held: '0.0000', available: '100.0000' })
    expect(await transactions.release(db, user_id, id)).toEqual(released)
    await accounts.update(db, user_id, account.id, { status: 'active' })
    expect(await transactions.hold(db, request)).toEqual(released)
    expect(await state(db, account)).toMatchObject({ held: '0.0000' })
  })

  test('is final, and refused for what is posted', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account))
    const posted = await transactions.post(db, newTransaction(account))
    await transactions.release(db, user_id, id)

    await expect(transactions.release(db, user_id, posted.id)).rejects.toThrow(RuleViolationError)
    await expect(transactions.release(db, user_id, idOfNobody)).rejects.toThrow(NotFoundError)
    await expect(transactions.remove(db, user_id, id)).rejects.toMatchObject({ constraint: 'transactions_posted_kept' })
    await expect(
      db.updateTable('finance.transactions').set({ status: 'pending' }).where('id', '=', id).execute(),
    ).rejects.toMatchObject({ constraint: 'transactions_posted_immutable' })
  })

  test('is not overruled by a file of the bank', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { id, user_id } = await transactions.hold(db, newTransaction(account, { external_id: 'b1' }))
    await transactions.release(db, user_id, id)
    const row = { ...newTransaction(account), external_id: 'b1' }

    await expect(transactions.import(db, [{ ...row, status: 'posted' }])).rejects.toThrow(ConflictError)
    expect(await transactions.import(db, [{ ...row, status: 'pending' }])).toMatchObject({ skipped: 1 })
  })
})

describe('transactions.reverse', () => {
  test('takes back by a new row, once', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const paid = await transactions.post(db, newTransaction(account, { amount: '-30', category: 'food' }))
    const { user_id, id } = paid

    const reversal = await transactions.reverse(db, user_id, id, { date: '2026-03-09', description: 'twice' })

    expect(reversal).toMatchObject({
      reverses_id: id,
      amount: '30.0000',
      date: '2026-03-09',
      merchant: paid.merchant,
      category: 'food',
      description: 'twice',
      status: 'posted',
    })
    expect(await transactions.get(db, user_id, id)).toEqual(paid)
    expect(await state(db, account)).toMatchObject({ balance: '100.0000' })
    await expect(transactions.reverse(db, user_id, id)).rejects.toMatchObject({
      code: 'CONFLICT',
      constraint: 'transactions_reverses_id_key',
    })
  })

  test('gives a payment back, also to an account that is overdrawn', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '-100' })
    const payment = await createTransaction(db, account, { amount: '-10' })

    await transactions.reverse(db, account.user_id, payment.id)

    expect(await state(db, account)).toMatchObject({ balance: '-100.0000' })
  })

  test('with a key gives the same reversal again, and no other', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { user_id, id } = await transactions.post(db, newTransaction(account))
    const other = await transactions.post(db, newTransaction(account))
    const first = await transactions.reverse(db, user_id, id, { idempotency_key: 'oops' })

    expect(await transactions.reverse(db, user_id, id, { idempotency_key: 'oops' })).toEqual(first)
    await expect(transactions.reverse(db, user_id, other.id, { idempotency_key: 'oops' })).rejects.toThrow(
      ConflictError,
    )
    await expect(transactions.reverse(db, user_id, id, { idempotency_key: 'again' })).rejects.toMatchObject({
      constraint: 'transactions_reverses_id_key',
    })
  })

  test('counts for today in UTC unless a day is given', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { user_id, id } = await transactions.post(db, newTransaction(account))
    const { rows } = await sql<{
      today: string
    }>`select to_char(now() at time zone 'utc', 'YYYY-MM-DD') as today`.execute(db)

    expect((await transactions.reverse(db, user_id, id)).date).toBe(rows[0]?.today)
  })

  test('takes back only what is there, unless it may overdraw, and never below the minimum balance', async ({ db }) => {
    const plain = await createAccount(db)
    const strict = await createAccount(db, { minimum_balance: '0' })
    const [first, second] = [
      await transactions.post(db, newTransaction(plain, { amount: '50' })),
      await transactions.post(db, newTransaction(strict, { amount: '50' })),
    ]
    await transactions.post(db, newTransaction(plain, { amount: '-40' }))
    await transactions.post(db, newTransaction(strict, { amount: '-40' }))

    await expect(transactions.reverse(db, plain.user_id, first.id)).rejects.toThrow(InsufficientFundsError)
    await transactions.reverse(db, plain.user_id, first.id, { overdraw: true })
    await expect(transactions.reverse(db, strict.user_id, second.id, { overdraw: true })).rejects.toThrow(
      InsufficientFundsError,
    )
    expect(await state(db, plain)).toMatchObject({ balance: '-40.0000' })
    expect(await state(db, strict)).toMatchObject({ balance: '10.0000' })
  })

  test('is refused for what is pending, not there, frozen, or one side of a transfer', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const { user_id } = account
    const savings = await createAccount(db, { user_id })
    const pending = await transactions.hold(db, newTransaction(account))
    const posted = await transactions.post(db, newTransaction(account))
    await transfers.create(db, {
      user_id,
      from_account_id: account.id,
      to_account_id: savings.id,
      amount: '5',
      idempotency_key: 't',
    })
    const [side] = (await transactions.list(db, user_id, { account_id: savings.id })).rows

    const opposite = { code: 'RULE_VIOLATION', constraint: 'transactions_reverses_opposite' }
    await expect(transactions.reverse(db, user_id, pending.id)).rejects.toMatchObject(opposite)
    await expect(transactions.reverse(db, user_id, side?.id as string)).rejects.toMatchObject(opposite)
    await expect(transactions.reverse(db, user_id, idOfNobody)).rejects.toThrow(NotFoundError)
    await accounts.update(db, user_id, account.id, { status: 'closed' })
    await expect(transactions.reverse(db, user_id, posted.id)).rejects.toThrow(AccountInactiveError)
  })

  test('has the opposite amount on the same account, whoever writes it', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const other = await createAccount(db, { user_id: account.user_id })
    const { user_id, id } = await transactions.post(db, newTransaction(account, { amount: '-30' }))
    const insert = (accountId: string, amount: string, status = 'posted') =>
      sql`insert into ${sql.table('finance.transactions')}
        (user_id, account_id, date, merchant, amount, currency, reverses_id, status, posted_at)
        values (${user_id}, ${accountId}, '2026-03-02', 'x', ${amount}, 'USD', ${id}, ${status},
          case when ${status}::text = 'posted' then now() end)`.execute(db)

    for (const [accountId, amount, status] of [
      [account.id, '29.99'],
      [account.id, '-30'],
      [other.id, '30'],
      [account.id, '30', 'pending'],
    ] as const) {
      await expect(insert(accountId, amount, status)).rejects.toMatchObject({
        constraint: 'transactions_reverses_opposite',
      })
    }
    await insert(account.id, '30')
  })
})

describe('recorded_at', () => {
  test('is when a row was written, and when a pending one was posted', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const account = await createAccount(db, { opening_balance: '100' })

    const held = await transactions.hold(db, newTransaction(account))
    const settled = await transactions.settle(db, account.user_id, held.id, { posted_at: new Date('2020-01-01') })

    expect(settled.posted_at).toEqual(new Date('2020-01-01'))
    expect(settled.recorded_at.getTime()).toBeGreaterThan(held.recorded_at.getTime())
    await expect(
      db.updateTable('finance.transactions').set({ recorded_at: new Date() }).execute(),
    ).rejects.toMatchObject({ constraint: 'transactions_posted_immutable' })
  })
})

describe('under load', () => {
  test('of one key from many connections, a payment happens once and everyone gets it', async () => {
    await using fresh = await freshDatabase()
    const account = await createAccount(fresh.db, { opening_balance: '100' })
    const payment = newTransaction(account, { amount: '-60', idempotency_key: 'one' })

    const paid = await Promise.all(Array.from({ length: 20 }, () => transactions.post(fresh.db, payment)))

    expect(new Set(paid.map(({ id }) => id)).size).toBe(1)
    expect(await state(fresh.db, account)).toMatchObject({ balance: '40.0000' })
  })

  test('holds and payments at once never take more than there is, in any isolation level', async () => {
    await using fresh = await freshDatabase()
    const { transaction } = await import('../../src/index.js')
    for (const isolationLevel of ['read committed', 'repeatable read', 'serializable'] as const) {
      const account = await createAccount(fresh.db, { opening_balance: '100' })
      const take = (i: number) =>
        transaction(
          fresh.db,
          (trx) =>
            (i % 2 === 0 ? transactions.hold : transactions.post)(trx, newTransaction(account, { amount: '-30' })),
          { isolationLevel, retries: 30 },
        ).then(
          () => 1,
          (error: unknown) => {
            if (error instanceof InsufficientFundsError) return 0
            throw error
          },
        )

      const taken = await Promise.all(Array.from({ length: 12 }, (_, i) => take(i)))

      expect(taken.filter((n) => n === 1)).toHaveLength(3)
      expect(await state(fresh.db, account)).toMatchObject({ available: '10.0000' })
    }
  })

  test('of settling and releasing one hold at once, one wins', async () => {
    await using fresh = await freshDatabase()
    const account = await createAccount(fresh.db, { opening_balance: '100' })
    for (let round = 0; round < 10; round++) {
      const { id, user_id } = await transactions.hold(fresh.db, newTransaction(account, { amount: '-5' }))

      const ends = await Promise.allSettled([
        transactions.settle(fresh.db, user_id, id),
        transactions.release(fresh.db, user_id, id),
        transactions.settle(fresh.db, user_id, id),
      ])

      const { status } = await transactions.get(fresh.db, user_id, id)
      expect(ends.map((end) => end.status)).toEqual(
        status === 'posted' ? ['fulfilled', 'rejected', 'fulfilled'] : ['rejected', 'fulfilled', 'rejected'],
      )
      await transactions.post(fresh.db, newTransaction(account, { amount: '5' }))
    }
    expect(await state(fresh.db, account)).toMatchObject({ held: '0.0000' })
  })
})

test('who releases under an id that is being held is not told that it is released', async () => {
  await using fresh = await freshDatabase()
  const { db } = fresh
  const account = await createAccount(db, { opening_balance: '100' })
  const { user_id } = account
  const id = idOfNobody
  // Runs after a statement that found no row to update, too.
  for (const statement of [
    `create function public.pause() returns trigger language plpgsql as $$ begin
      perform pg_advisory_xact_lock_shared(1); return null;
    end $$`,
    'create trigger pause after update on finance.transactions for each statement execute function public.pause()',
  ]) {
    await sql.raw(statement).execute(db)
  }

  const { releasing } = await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(1)`.execute(trx)
    const releasing = transactions.release(db, user_id, id).catch((error: unknown) => error)
    await Promise.race([releasing, vi.waitUntil(async () => (await waitingIn(db)) === 1, { timeout: 10_000 })])
    await transactions.hold(db, newTransaction(account, { id, amount: '-5' }))
    return { releasing }
  })

  expect(await releasing).toBeInstanceOf(NotFoundError)
  expect(await transactions.release(db, user_id, id)).toMatchObject({ status: 'released' })
})

test.for([
  ['settles', transactions.settle],
  ['releases', transactions.release],
] as const)('who %s waits for the account first, as an import does', async ([, end]) => {
  await using fresh = await freshDatabase()
  const { db } = fresh
  const account = await createAccount(db, { opening_balance: '100' })
  const { id, user_id } = await transactions.hold(db, newTransaction(account, { amount: '-80' }))

  const { ending } = await db.transaction().execute(async (trx) => {
    await accounts.lock(trx, user_id, account.id)
    const ending = end(db, user_id, id)
    await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
    await sql`select from ${sql.table('finance.transactions')} where id = ${id} for update nowait`.execute(trx)
    return { ending }
  })

  expect(await ending).toMatchObject({ id })
})

test('who removes a posted row does not meet in a circle who reverses it', async () => {
  await using fresh = await freshDatabase()
  const { db } = fresh
  const account = await createAccount(db, { opening_balance: '100' })
  const { id, user_id } = await transactions.post(db, newTransaction(account))

  const removing = await db.transaction().execute(async (trx) => {
    // As a reversal that is under way.
    await sql`select from ${sql.table('finance.transactions')} where id = ${id} for key share`.execute(trx)
    const removing = transactions.remove(db, user_id, id).catch((error: unknown) => error)
    return Promise.race([removing, sleep(5_000)])
  })

  expect(removing).toMatchObject({ constraint: 'transactions_posted_kept' })
})

test('who reverses a row that is being removed is told that it is gone', async () => {
  await using fresh = await freshDatabase()
  const { db } = fresh
  const account = await createAccount(db, { opening_balance: '100' })
  const { id, user_id } = await transactions.hold(db, newTransaction(account))

  const { reversing } = await db.transaction().execute(async (trx) => {
    await transactions.remove(trx, user_id, id)
    const reversing = transactions.reverse(db, user_id, id).catch((error: unknown) => error)
    await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
    return { reversing }
  })

  expect(await reversing).toBeInstanceOf(NotFoundError)
})

test('movements work on PGlite', async () => {
  await using embedded = await pgliteDb()
  const { db } = embedded
  const account = await createAccount(db, { opening_balance: '100' })

  const held = await transactions.hold(db, newTransaction(account, { amount: '-80' }))
  await expect(transactions.post(db, newTransaction(account, { amount: '-21' }))).rejects.toThrow(
    InsufficientFundsError,
  )
  const settled = await transactions.settle(db, account.user_id, held.id, { amount: '-70' })
  await transactions.reverse(db, account.user_id, settled.id)

  expect(await state(db, account)).toEqual({ balance: '100.0000', held: '0.0000', available: '100.0000' })
})
