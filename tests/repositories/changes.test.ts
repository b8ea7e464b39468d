import { describe, expect } from 'vitest'
import { accounts, cards, investments, recommendations, transactions, users } from '../../src/index.js'
import { createAccount, createTransaction } from '../people.js'
import { test } from '../support.js'

const keys = { current: 'k1', fingerprint: 'f1', get: async () => Buffer.alloc(32, 1) }

describe('changes', () => {
  test('leave alone what is undefined, also when everything is', async ({ db }) => {
    const account = await createAccount(db)
    const { user_id } = account
    const user = await users.get(db, user_id)
    const bought = await createTransaction(db, account)
    const advice = await recommendations.create(db, { user_id, type: 'offer', title: 'Save', rationale: 'You can.' })

    const card = await cards.create(db, keys, {
      user_id,
      account_id: account.id,
      brand: 'visa',
      last4: '1111',
      exp_month: 6,
      exp_year: 2031,
      token: 'tok',
    })
    const holding = await investments.create(db, {
      user_id,
      account_id: account.id,
      symbol: 'VTI',
      name: 'A fund',
      asset_class: 'etf',
      quantity: '10',
      cost_basis: '100',
      price: '12.5',
      price_date: '2026-03-01',
      currency: account.currency,
    })

    expect(await users.update(db, user_id, { username: undefined, email: undefined })).toEqual(user)
    expect(await accounts.update(db, user_id, account.id, { name: undefined })).toMatchObject({ name: account.name })
    expect(await transactions.update(db, user_id, bought.id, { merchant: undefined })).toEqual(bought)
    expect(await recommendations.update(db, user_id, advice.id, { clicked: undefined })).toEqual(advice)
    expect(await cards.update(db, user_id, card.id, { brand: undefined })).toEqual(card)
    expect(await cards.update(db, user_id, card.id, { exp_month: undefined, exp_year: undefined })).toEqual(card)
    expect(await investments.update(db, user_id, holding.id, { name: undefined, price: undefined })).toEqual(holding)
    expect(await users.update(db, user_id, { username: 'ann', email: undefined })).toMatchObject({
      username: 'ann',
      email: user.email,
    })
  })
})
