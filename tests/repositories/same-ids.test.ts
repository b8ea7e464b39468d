import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { accounts, audit, type Db, p2pTransfers, reports, transactions, transfers } from '../../src/index.js'
import { createAccount } from '../people.js'
import { test } from '../support.js'

const account_id = '01890000-0000-7000-8000-0000000000aa'
const year = { from: '2026-01-01', to: '2026-12-31' }
const row = (n: number) => `01890000-0000-7000-8000-00000000000${n}`

/** One household as often as it is asked for, with the same ids: keys carry the person, so a restored copy may have them. */
async function household(db: Db, factor: number): Promise<string> {
  const { user_id } = await createAccount(db, { id: account_id, opening_balance: `${factor * 100}` })
  const add = (n: number, date: string, amount: number) =>
    transactions.create(db, { user_id, account_id, id: row(n), date, merchant: 'x', amount: `${amount * factor}` })
  await add(1, '2025-12-31', -1)
  await add(2, '2026-03-01', -10)
  await add(3, '2026-03-02', 30)
  return user_id
}

describe('two people whose rows have the same ids', () => {
  test('have balances of their own', async ({ db }) => {
    const mine = await household(db, 1)
    const theirs = await household(db, 2)
    const figures = async (userId: string) => ({
      asOf: await accounts.balanceAsOf(db, userId, account_id, { day: '2026-03-01' }),
      history: (await reports.balanceHistory(db, userId, account_id, year)).at(-1)?.balance,
      booked: (await accounts.reconcile(db, userId, account_id)).posted,
    })

    expect(await figures(mine)).toEqual({ asOf: '89.0000', history: '119.0000', booked: '19.0000' })
    expect(await figures(theirs)).toEqual({ asOf: '178.0000', history: '238.0000', booked: '38.0000' })
  })

  test('have keys of their own, whatever a key is for', async ({ db }) => {
    const pay = async (amount: string, currency: string) => {
      const { user_id } = await createAccount(db, { id: account_id, currency, opening_balance: '100' })
      const to = await createAccount(db, { user_id, currency })
      const friend = await createAccount(db, { id: row(9), currency })
      const movement = { user_id, account_id, date: '2026-03-01', merchant: 'x', amount: `-${amount}` }
      const { id } = await transactions.post(db, { ...movement, id: row(1) })
      const offered = { user_id, from_account_id: account_id, amount, recipient_id: friend.user_id }
      const offer = await p2pTransfers.send(db, { ...offered, idempotency_key: 'offer' })
      const move = { user_id, from_account_id: account_id, amount, idempotency_key: 'k' }
      return [
        () => transactions.post(db, { ...movement, idempotency_key: 'k' }),
        () => transactions.reverse(db, user_id, id, { idempotency_key: 'back' }),
        () => transfers.create(db, { ...move, to_account_id: to.id }),
        () => p2pTransfers.send(db, { ...move, recipient_id: friend.user_id }),
        () => p2pTransfers.accept(db, friend.user_id, offer.id, { to_account_id: friend.id }),
      ]
    }
    const calls = [...(await pay('1', 'USD')), ...(await pay('2', 'EUR'))]
    const made = []
    for (const call of calls) made.push(await call())

    for (const [i, call] of calls.entries()) expect(await call()).toEqual(made[i])
  })

  test('have entries of their own in the audit log', async ({ db }) => {
    const people = [await household(db, 1), await household(db, 2)]

    await sql`update ${sql.table('finance.transactions')} set merchant = user_id::text`.execute(db)

    for (const userId of people) {
      const { rows } = await audit.list(db, userId, { table_name: 'transactions', operation: 'update' })
      expect(rows.map(({ row_id }) => row_id).sort()).toEqual([row(1), row(2), row(3)])
    }
    const problems = await sql`select * from ${sql.table('finance.audit_problems')}(null)`.execute(db)
    expect(problems.rows).toEqual([])
  })

  test('have matches of their own', async ({ db }) => {
    const mine = await household(db, 1)
    const theirs = await household(db, 2)
    await sql`
      insert into ${sql.table('finance.transfer_matches')}
        (user_id, from_transaction_id, to_transaction_id, status, score, reasons)
      values (${theirs}, ${row(2)}, ${row(3)}, 'automatic', 1, '{}')`.execute(db)

    expect(await reports.spendingByCategory(db, mine, year)).toMatchObject([{ spent: '10.0000' }])
    expect(await reports.spendingByCategory(db, theirs, year)).toEqual([])
  })
})
