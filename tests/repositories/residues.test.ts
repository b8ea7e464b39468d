import { describe, expect } from 'vitest'
import { type Account, type Db, p2pTransfers, transfers } from '../../src/index.js'
import { createAccount } from '../people.js'
import { test } from '../support.js'

const converted = { rate: '0.5', rate_source: 'x' }

describe('transfers.residues', () => {
  test('adds up every conversion that a person made, by the currency that arrived', async ({ db }) => {
    const { user_id, dollars, euros, francs } = await purse(db)
    const stranger = await purse(db)
    const move = (from: Account, to: Account, amount: string, key: string, rate = {}) =>
      transfers.create(db, {
        user_id: from.user_id,
        from_account_id: from.id,
        to_account_id: to.id,
        amount,
        idempotency_key: key,
        ...rate,
      })
    const send = (from: Account, to: Account, key: string) =>
      p2pTransfers.send(db, {
        user_id: from.user_id,
        from_account_id: from.id,
        recipient_id: to.user_id,
        amount: '0.03',
        idempotency_key: key,
      })
    await move(dollars, euros, '0.05', '1', converted)
    await move(dollars, euros, '0.05', '2', converted)
    await move(dollars, francs, '0.03', '3', converted)
    await move(dollars, await createAccount(db, { user_id }), '5', '4')
    await move(stranger.dollars, stranger.euros, '0.05', '1', converted)
    const sent = await send(dollars, stranger.euros, '5')
    await p2pTransfers.accept(db, stranger.user_id, sent.id, { to_account_id: stranger.euros.id, ...converted })
    const plain = await send(dollars, stranger.dollars, '6')
    await p2pTransfers.accept(db, stranger.user_id, plain.id, { to_account_id: stranger.dollars.id })
    await send(dollars, stranger.euros, '7')
    const theirs = await send(stranger.dollars, euros, '2')
    await p2pTransfers.accept(db, user_id, theirs.id, { to_account_id: euros.id, ...converted })

    expect(await transfers.residues(db, user_id)).toEqual([
      { currency: 'CHF', residue: '-0.00500000000000', transfers: 1 },
      { currency: 'EUR', residue: '0.00500000000000', transfers: 3 },
    ])
  })

  test('leaves out what did not happen', async ({ db }) => {
    const { user_id, dollars, euros } = await purse(db)
    const stranger = await createAccount(db)
    await db
      .insertInto('finance.transfers')
      .values(
        (['pending', 'failed', 'cancelled'] as const).map((status) => ({
          user_id,
          from_account_id: dollars.id,
          from_amount: '1',
          from_currency: 'USD',
          to_account_id: euros.id,
          to_amount: '2',
          to_currency: 'EUR',
          ...converted,
          date: '2026-03-01',
          status,
          idempotency_key: status,
        })),
      )
      .execute()
    await db
      .insertInto('finance.p2p_transfers')
      .values({
        user_id,
        from_account_id: dollars.id,
        recipient_id: stranger.user_id,
        amount: '1',
        currency: 'USD',
        to_amount: '2',
        to_currency: 'EUR',
        ...converted,
        status: 'declined',
        idempotency_key: 'k',
      })
      .execute()

    expect(await transfers.residues(db, user_id)).toEqual([])
  })
})

async function purse(db: Db) {
  const dollars = await createAccount(db, { opening_balance: '100' })
  const { user_id } = dollars
  const euros = await createAccount(db, { user_id, currency: 'EUR' })
  const francs = await createAccount(db, { user_id, currency: 'CHF' })
  return { user_id, dollars, euros, francs }
}
