import { describe, expect } from 'vitest'
import { chatLogs, InvalidCursorError, InvalidInputError, transactions } from '../../src/index.js'
import { createAccount, createTransaction } from '../people.js'
import { test } from '../support.js'

describe('a page of a list', () => {
  test('has as many rows as were asked for, and no next where nothing follows', async ({ db }) => {
    const account = await createAccount(db)
    for (let i = 0; i < 4; i++) await createTransaction(db, account)
    const page = (limit: number, after?: string) => transactions.list(db, account.user_id, {}, { limit, after })

    const first = await page(2)
    const second = await page(2, first.next ?? undefined)

    expect([first.rows.length, second.rows.length]).toEqual([2, 2])
    expect(first.next).not.toBeNull()
    expect(second.next).toBeNull()
    expect((await page(4)).next).toBeNull()
  })

  test('begins after a cursor of such a list and no other', async ({ db }) => {
    const { user_id } = await createAccount(db)
    const cursor = (...key: string[]) => Buffer.from(JSON.stringify(key)).toString('base64url')

    for (const after of [cursor('2026-03-01T12:00:00.000Z', 'x'), cursor('x', user_id), cursor(user_id), 'x']) {
      await expect(chatLogs.list(db, user_id, {}, { after })).rejects.toThrow(InvalidCursorError)
    }
  })

  test.for([0, 1001, 1.5])('has 1 to 1000 rows, not %d', async (limit, { db }) => {
    const { user_id } = await createAccount(db)

    await expect(transactions.list(db, user_id, {}, { limit })).rejects.toThrow(InvalidInputError)
  })

  test('is asked for by no other names, which would give the first page for ever', async ({ db }) => {
    const { user_id } = await createAccount(db)

    // @ts-expect-error there is no offset
    await expect(transactions.list(db, user_id, {}, { offset: 50 })).rejects.toThrow(/The page is not valid.*offset/)
  })
})
