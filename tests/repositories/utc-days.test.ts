import { sql } from 'kysely'
import { expect } from 'vitest'
import { type Db, p2pTransfers, transactions, transfers } from '../../src/index.js'
import { createAccount, newTransaction } from '../people.js'
import { freshDatabase, test } from '../support.js'

// At any moment one of them has another day than UTC.
test.for(['Pacific/Kiritimati', 'Etc/GMT+12'])(
  'the day of a movement is that of UTC, also in a session in %s',
  async (zone) => {
    await using fresh = await freshDatabase()

    const { days, today } = await fresh.db.transaction().execute(async (trx) => {
      await sql`select set_config('timezone', ${zone}, true)`.execute(trx)
      const { rows } = await sql<{ today: string }>`
        select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as today`.execute(trx)
      return { days: await daysOf(trx), today: rows[0]?.today }
    })

    expect(days).toEqual(Array(6).fill(today))
  },
)

async function daysOf(db: Db) {
  const from = await createAccount(db, { opening_balance: '100' })
  const { user_id } = from
  const to = await createAccount(db, { user_id })
  const friend = await createAccount(db)
  const payment = await transactions.post(db, newTransaction(from))
  const move = { user_id, from_account_id: from.id, amount: '1', idempotency_key: 'k' }

  const reversal = await transactions.reverse(db, user_id, payment.id)
  const there = await transfers.create(db, { ...move, to_account_id: to.id })
  const back = await transfers.reverse(db, user_id, there.id, { idempotency_key: 'back' })
  const [listed] = await transfers.createMany(db, [{ ...move, to_account_id: to.id, idempotency_key: 'list' }])
  const { id } = await p2pTransfers.send(db, { ...move, recipient_id: friend.user_id })
  const held = await transactions.list(db, user_id, { status: 'pending' })
  await p2pTransfers.accept(db, friend.user_id, id, { to_account_id: friend.id })
  const received = await transactions.list(db, friend.user_id)
  return [reversal, there, back, listed, held.rows[0], received.rows[0]].map((row) => row?.date)
}
