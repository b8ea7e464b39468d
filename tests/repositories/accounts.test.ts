import { describe, expect } from 'vitest'
import {
  accounts,
  ConflictError,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  StillReferencedError,
  transaction,
} from '../../src/index.js'
import { createAccount, createTransaction, createUser, newAccount } from '../people.js'
import { test } from '../support.js'

const nobody = '00000000-0000-7000-8000-000000000000'

describe('accounts', () => {
  test('starts at its opening balance, to the last digit', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '-900719925474099.9934' })

    expect(account).toMatchObject({
      opening_balance: '-900719925474099.9934',
      balance: '-900719925474099.9934',
      currency: 'USD',
      status: 'active',
    })
  })

  test.for([
    ['a number', 12.5],
    ['an exponent', '1e3'],
    ['five decimals', '1.00001'],
    ['sixteen digits', '1234567890123456'],
    ['not a number', 'NaN'],
    ['a thousands separator', '1,000.00'],
    ['nothing', ''],
  ])('refuses %s as money', async ([, opening_balance], { db }) => {
    await expect(createAccount(db, { opening_balance: opening_balance as string })).rejects.toThrow(InvalidInputError)
  })

  test('refuses an account of nobody', async ({ db }) => {
    await expect(accounts.create(db, newAccount(nobody))).rejects.toThrow(MissingReferenceError)
  })

  test("knows the bank's id once for a person, and again for another", async ({ db }) => {
    const account = await createAccount(db, { external_id: 'plaid-1' })

    await expect(createAccount(db, { user_id: account.user_id, external_id: 'plaid-1' })).rejects.toThrow(ConflictError)
    const other = await createAccount(db, { external_id: 'plaid-1' })

    expect(await accounts.findByExternalId(db, account.user_id, 'plaid-1')).toEqual(account)
    expect(await accounts.findByExternalId(db, other.user_id, 'plaid-1')).toEqual(other)
  })

  test('does not open an account through another user', async ({ db }) => {
    const mine = await createAccount(db)
    const { id: stranger } = await createUser(db)

    await expect(accounts.get(db, stranger, mine.id)).rejects.toThrow(NotFoundError)
    await expect(accounts.update(db, stranger, mine.id, { name: 'Mine now' })).rejects.toThrow(NotFoundError)
    await expect(accounts.remove(db, stranger, mine.id)).rejects.toThrow(NotFoundError)
    expect(await accounts.find(db, stranger, mine.id)).toBeUndefined()
    expect(await accounts.get(db, mine.user_id, mine.id)).toEqual(mine)
  })

  test('lists in the order of opening, filtered and page by page', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const [first, second, third] = await accounts.createMany(db, [
      newAccount(user_id),
      newAccount(user_id, { account_type: 'savings', currency: 'EUR' }),
      newAccount(user_id, { status: 'closed' }),
    ])
    await createAccount(db)

    const page = await accounts.list(db, user_id, {}, { limit: 2 })
    const rest = await accounts.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([first, second, third])
    expect(rest.next).toBeNull()
    expect((await accounts.list(db, user_id, { account_type: 'savings' })).rows).toEqual([second])
    expect((await accounts.list(db, user_id, { currency: 'EUR' })).rows).toEqual([second])
    expect((await accounts.list(db, user_id, { status: 'closed' })).rows).toEqual([third])
  })

  test('moves the balance with the opening balance', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    await createTransaction(db, account, { amount: '-30' })

    const changed = await accounts.update(db, account.user_id, account.id, { opening_balance: '150.05' })

    expect(changed).toMatchObject({ opening_balance: '150.0500', balance: '120.0500' })
  })

  test('removes an account opened by mistake and keeps one with history', async ({ db }) => {
    const [empty, used] = [await createAccount(db), await createAccount(db)]
    await createTransaction(db, used)

    await accounts.remove(db, empty.user_id, empty.id)
    await expect(accounts.remove(db, used.user_id, used.id)).rejects.toThrow(StillReferencedError)

    expect(await accounts.find(db, empty.user_id, empty.id)).toBeUndefined()
    expect(await accounts.find(db, used.user_id, used.id)).toBeDefined()
  })

  test('locks within a transaction', async ({ db }) => {
    const account = await createAccount(db)

    await transaction(db, async (trx) => {
      expect(await accounts.lock(trx, account.user_id, account.id)).toEqual(account)
      await expect(accounts.lock(trx, account.user_id, nobody)).rejects.toThrow(NotFoundError)
    })
  })
})
