import { describe, expect } from 'vitest'
import { type Account, accounts, type Db, InvalidInputError, NotFoundError, transactions } from '../../src/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { test } from '../support.js'

/** A posted row that was recorded at another time than now, as only a restored database has it. */
async function record(
  db: Db,
  account: Account,
  row: { date: string; amount: string; recorded: string; posted?: string },
) {
  const { user_id, id: account_id, currency } = account
  await db
    .insertInto('finance.transactions')
    .values({
      user_id,
      account_id,
      currency,
      merchant: 'x',
      date: row.date,
      amount: row.amount,
      recorded_at: new Date(row.recorded),
      posted_at: new Date(row.posted ?? `${row.date}T12:00:00Z`),
    })
    .execute()
}

describe('accounts.balanceAsOf', () => {
  test('tells the day a movement counts for from the time it was recorded', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    await record(db, account, { date: '2026-03-01', amount: '-10', recorded: '2026-03-01T12:00:00Z' })
    await record(db, account, { date: '2026-03-05', amount: '-20', recorded: '2026-03-05T12:00:00Z' })
    await record(db, account, { date: '2026-02-20', amount: '-3', recorded: '2026-03-09T12:00:00Z' }) // back-dated
    const at = (when: Parameters<typeof accounts.balanceAsOf>[3]) =>
      accounts.balanceAsOf(db, account.user_id, account.id, when)

    expect(await at({})).toBe((await accounts.get(db, account.user_id, account.id)).balance)
    expect(await at({ day: '2026-02-19' })).toBe('100.0000')
    expect(await at({ day: '2026-02-20' })).toBe('97.0000')
    expect(await at({ day: '2026-03-01' })).toBe('87.0000')
    expect(await at({ day: '2026-03-01', knownAt: new Date('2026-03-02') })).toBe('90.0000')
    expect(await at({ day: '2026-03-31', knownAt: new Date('2026-03-05T12:00:00Z') })).toBe('70.0000')
    expect(await at({ knownAt: new Date('2026-03-09T11:59:59Z') })).toBe('70.0000')
    expect(await at({ knownAt: new Date('2026-03-09T12:00:00Z') })).toBe('67.0000')
    expect(await at({ instant: new Date('2026-03-01T12:00:00Z') })).toBe('87.0000')
    expect(await at({ instant: new Date('2026-03-01T11:59:59Z') })).toBe('97.0000')
    expect(await at({ instant: new Date('2026-03-04'), knownAt: new Date('2026-03-02') })).toBe('90.0000')
  })

  test('counts what is posted, not what is pending or released', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    await transactions.hold(db, newTransaction(account, { amount: '-1' }))
    const { id } = await transactions.hold(db, newTransaction(account, { amount: '-2' }))
    await transactions.release(db, account.user_id, id)
    await createTransaction(db, account, { amount: '-4' })

    expect(await accounts.balanceAsOf(db, account.user_id, account.id, { day: '2026-12-31' })).toBe('96.0000')
  })

  test('is of one account of one user, at one time', async ({ db }) => {
    const account = await createAccount(db)
    const other = await createAccount(db)
    await createTransaction(db, await createAccount(db, { user_id: account.user_id }))

    expect(await accounts.balanceAsOf(db, account.user_id, account.id)).toBe('0.0000')
    await expect(accounts.balanceAsOf(db, other.user_id, account.id)).rejects.toThrow(NotFoundError)
    await expect(
      accounts.balanceAsOf(db, account.user_id, account.id, { day: '2026-03-01', instant: new Date() }),
    ).rejects.toThrow(InvalidInputError)
  })
})
