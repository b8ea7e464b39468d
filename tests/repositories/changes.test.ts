import { describe, expect } from 'vitest'
import { accounts, recommendations, transactions, users } from '../../src/index.js'
import { createAccount, createTransaction } from '../people.js'
import { test } from '../support.js'

describe('changes', () => {
  test('leave alone what is undefined, also when everything is', async ({ db }) => {
    const account = await createAccount(db)
    const { user_id } = account
    const user = await users.get(db, user_id)
    const bought = await createTransaction(db, account)
    const advice = await recommendations.create(db, { user_id, type: 'offer', title: 'Save', rationale: 'You can.' })

    expect(await users.update(db, user_id, { username: undefined, email: undefined })).toEqual(user)
    expect(await accounts.update(db, user_id, account.id, { name: undefined })).toMatchObject({ name: account.name })
    expect(await transactions.update(db, user_id, bought.id, { merchant: undefined })).toEqual(bought)
    expect(await recommendations.update(db, user_id, advice.id, { clicked: undefined })).toEqual(advice)
    expect(await users.update(db, user_id, { username: 'ann', email: undefined })).toMatchObject({
      username: 'ann',
      email: user.email,
    })
  })
})
