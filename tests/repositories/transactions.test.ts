import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  accounts,
  ConflictError,
  InvalidCursorError,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  RuleViolationError,
  reports,
  transaction,
  transactions,
} from '../../src/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { test } from '../support.js'

describe('transactions', () => {
  test('keeps every cent of an amount too large for a JavaScript number', async ({ db }) => {
    const account = await createAccount(db)

    const { id } = await createTransaction(db, account, { amount: '900719925474099.9371' })

    expect(await transactions.get(db, account.user_id, id)).toMatchObject({
      amount: '900719925474099.9371',
      direction: 'credit',
    })
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '900719925474099.9371' })
  })

  test('gives the day as it was written, in any time zone', async ({ db }) => {
    const account = await createAccount(db)

    expect(await createTransaction(db, account, { date: '2024-02-29' })).toMatchObject({ date: '2024-02-29' })
    expect(await createTransaction(db, account, { date: '0001-01-01' })).toMatchObject({ date: '0001-01-01' })
    await expect(createTransaction(db, account, { date: '2023-02-29' })).rejects.toThrow(InvalidInputError)
  })

  // Whole days that a zone has skipped: local midnight of such a day belongs to the next.
  test.for([
    ['Pacific/Apia', '2011-12-30'],
    ['Pacific/Kiritimati', '1994-12-31'],
    ['Asia/Manila', '1844-12-31'],
  ] as const)('gives a day that %s never had', async ([zone, date], { db }) => {
    const account = await createAccount(db)
    const range = { from: date, to: date }

    await transaction(db, async (trx) => {
      await sql`set local timezone to ${sql.lit(zone)}`.execute(trx)
      const { id, user_id } = await createTransaction(trx, account, { date })

      expect(await transactions.get(trx, user_id, id)).toMatchObject({ date })
      expect((await transactions.list(trx, user_id, range)).rows).toMatchObject([{ date }])
      expect(await reports.topMerchants(trx, user_id, range)).toMatchObject([{ last_date: date }])
      expect(await reports.cashFlowByMonth(trx, user_id, range)).toMatchObject([
        { month: date.slice(0, 7), spending: '12.5000' },
      ])
      expect(await reports.balanceHistory(trx, user_id, account.id, range)).toEqual([
        { day: date, balance: '-12.5000' },
      ])
    })
  })

  test('takes the currency of the account when none is given, and refuses another', async ({ db }) => {
    const account = await createAccount(db, { currency: 'EUR' })

    expect(await createTransaction(db, account)).toMatchObject({ currency: 'EUR' })
    await expect(createTransaction(db, account, { currency: 'USD' })).rejects.toThrow(MissingReferenceError)

    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '-12.5000' })
  })

  test("does not write to another user's account", async ({ db }) => {
    const [mine, theirs] = [await createAccount(db), await createAccount(db)]

    for (const currency of [undefined, 'USD']) {
      await expect(
        createTransaction(db, theirs, { user_id: mine.user_id, ...(currency && { currency }) }),
      ).rejects.toThrow(MissingReferenceError)
    }

    expect((await transactions.list(db, theirs.user_id)).rows).toEqual([])
  })

  test('refuses the same bank reference twice on one account', async ({ db }) => {
    const account = await createAccount(db)
    const first = await createTransaction(db, account, { external_id: 'bank-1' })

    await expect(createTransaction(db, account, { external_id: 'bank-1' })).rejects.toMatchObject({
      code: 'CONFLICT',
      constraint: 'transactions_external_id_key',
    })

    expect((await transactions.list(db, account.user_id)).rows).toEqual([first])
    expect(await transactions.findByExternalId(db, account.user_id, account.id, 'bank-1')).toEqual(first)
  })

  test('writes once however often it is sent with one key', async ({ db }) => {
    const account = await createAccount(db)
    const payment = newTransaction(account, { amount: '-5', idempotency_key: 'k1' })

    const first = await transactions.create(db, payment)
    const again = await transactions.create(db, { ...payment, amount: '-5.00' })

    expect(again).toEqual(first)
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '-5.0000' })
    await expect(transactions.create(db, { ...payment, amount: '-6' })).rejects.toThrow(ConflictError)
    await expect(transactions.create(db, { ...payment, date: '2026-03-02' })).rejects.toThrow(ConflictError)
  })

  test('keeps pending rows out of the balance until they are posted', async ({ db }) => {
    const account = await createAccount(db)

    const pending = await createTransaction(db, account, { status: 'pending' })

    expect(pending).toMatchObject({ status: 'pending', posted_at: null })
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '0.0000' })
    await expect(createTransaction(db, account, { status: 'pending', posted_at: new Date() })).rejects.toThrow(
      InvalidInputError,
    )
  })

  test('removes a pending row and never a posted one', async ({ db }) => {
    const account = await createAccount(db)
    const pending = await createTransaction(db, account, { status: 'pending' })
    const posted = await createTransaction(db, account)

    await transactions.remove(db, account.user_id, pending.id)
    await expect(transactions.remove(db, account.user_id, posted.id)).rejects.toThrow(RuleViolationError)

    expect((await transactions.list(db, account.user_id)).rows).toEqual([posted])
  })

  test('changes how a posted row is told', async ({ db }) => {
    const account = await createAccount(db)
    const { id } = await createTransaction(db, account)

    await transactions.categorize(db, account.user_id, id, 'groceries')
    const changed = await transactions.update(db, account.user_id, id, {
      description: 'weekend',
      is_subscription: true,
    })

    expect(changed).toMatchObject({
      category: 'groceries',
      description: 'weekend',
      is_subscription: true,
      amount: '-12.5000',
    })
    await expect(transactions.update(db, account.user_id, id, { amount: '1' } as never)).rejects.toThrow(
      InvalidInputError,
    )
  })

  test('counts nothing as credit', async ({ db }) => {
    expect(await createTransaction(db, await createAccount(db), { amount: '0' })).toMatchObject({ direction: 'credit' })
  })

  test('creates many in one call, or none', async ({ db }) => {
    const account = await createAccount(db)
    const rows = Array.from({ length: 5000 }, (_, i) => newTransaction(account, { amount: '-0.01', merchant: `M${i}` }))

    const created = await transactions.createMany(db, rows)

    expect(created.map(({ merchant }) => merchant)).toEqual(rows.map(({ merchant }) => merchant))
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '-50.0000' })
    const bad = { ...newTransaction(account), account_id: account.user_id }
    await expect(transactions.createMany(db, [...rows, bad])).rejects.toThrow(MissingReferenceError)
    expect(await accounts.get(db, account.user_id, account.id)).toMatchObject({ balance: '-50.0000' })
  })

  test('lists latest day first and walks every row once', async ({ db }) => {
    const account = await createAccount(db)
    const days = ['2026-01-03', '2026-01-01', '2026-01-02', '2026-01-03', '2026-01-01']
    const written: { date: string; id: string }[] = []
    for (const date of days) written.push(await createTransaction(db, account, { date }))
    await createTransaction(db, await createAccount(db))

    const seen: { date: string; id: string }[] = []
    let after: string | undefined
    do {
      const page = await transactions.list(db, account.user_id, {}, { limit: 2, after })
      seen.push(...page.rows)
      after = page.next ?? undefined
    } while (after !== undefined)

    expect(seen).toEqual([written[3], written[0], written[2], written[4], written[1]])
  })

  test('filters by account, days, words, side and amount', async ({ db }) => {
    const account = await createAccount(db)
    const savings = await createAccount(db, { user_id: account.user_id })
    const shop = await createTransaction(db, account, { category: 'groceries', date: '2026-01-10' })
    const pay = await createTransaction(db, account, { amount: '2000', merchant: 'Acme', date: '2026-01-31' })
    const moved = await createTransaction(db, savings, { amount: '0.01', is_subscription: true, date: '2026-02-01' })
    const { user_id } = account
    const ids = async (filter: Parameters<typeof transactions.list>[2]) =>
      (await transactions.list(db, user_id, filter)).rows.map(({ id }) => id)

    expect(await ids({ account_id: savings.id })).toEqual([moved.id])
    expect(await ids({ from: '2026-01-10', to: '2026-01-31' })).toEqual([pay.id, shop.id])
    expect(await ids({ category: 'groceries' })).toEqual([shop.id])
    expect(await ids({ merchant: 'Acme' })).toEqual([pay.id])
    expect(await ids({ direction: 'debit' })).toEqual([shop.id])
    expect(await ids({ is_subscription: true })).toEqual([moved.id])
    expect(await ids({ min_amount: '0.01', max_amount: '1999.9999' })).toEqual([moved.id])
    expect(await ids({ status: 'pending' })).toEqual([])
    await expect(transactions.list(db, user_id, { form: '2026-01-01' } as never)).rejects.toThrow(InvalidInputError)
  })

  test('refuses the cursor of another list', async ({ db }) => {
    const account = await createAccount(db)
    await createAccount(db, { user_id: account.user_id })
    const { next } = await accounts.list(db, account.user_id, {}, { limit: 1 })

    await expect(transactions.list(db, account.user_id, {}, { after: next ?? '' })).rejects.toThrow(InvalidCursorError)
    const noSuchDay = Buffer.from(JSON.stringify(['0000-01-01', account.id])).toString('base64url')
    await expect(transactions.list(db, account.user_id, {}, { after: noSuchDay })).rejects.toThrow(InvalidCursorError)
  })

  test('does not open a transaction through another user', async ({ db }) => {
    const [mine, theirs] = [await createAccount(db), await createAccount(db)]
    const { id } = await createTransaction(db, theirs)

    await expect(transactions.get(db, mine.user_id, id)).rejects.toThrow(NotFoundError)
    await expect(transactions.categorize(db, mine.user_id, id, 'x')).rejects.toThrow(NotFoundError)
    await expect(transactions.remove(db, mine.user_id, id)).rejects.toThrow(NotFoundError)
  })
})
