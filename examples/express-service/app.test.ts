import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { aMonthOfAHousehold, anAccount, expectQueries } from '@org/finance-db/testing'
import { test as base } from '@org/finance-db/testing/vitest'
import { expect } from 'vitest'
import { createApp, migrateOwnTables } from './app.js'

const test = base.extend('url', async ({ pool }, { onCleanup }) => {
  await migrateOwnTables(pool) // as `prepare` of the global set-up does it once for a suite of one's own
  const server = createApp(pool).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onCleanup(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

const post = (url: string, body: object) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })

test('books a purchase', async ({ db, url }) => {
  const account = await anAccount({ opening_balance: '100.00' }).create(db)

  const response = await post(`${url}/users/${account.user_id}/accounts/${account.id}/purchases`, {
    date: '2026-03-01',
    merchant: 'Corner shop',
    amount: '-12.50',
  })

  expect(response.status).toBe(201)
  await expect(account).toHaveBalance(db, '87.50')
})

test('books nothing that is not valid', async ({ db, url }) => {
  const account = await anAccount().create(db)

  const response = await post(`${url}/users/${account.user_id}/accounts/${account.id}/purchases`, { amount: 1 })

  expect(response.status).toBe(400)
  await expect(account).toHaveBalance(db, '0')
})

test('lists the accounts in one query, however many there are', async ({ db, url }) => {
  const { user } = await aMonthOfAHousehold(db)

  const response = await expectQueries(db, 1, () => fetch(`${url}/users/${user.id}/accounts`))

  expect(await response.json()).toHaveLength(3)
})

test('keeps no half of a note', async ({ pool, url }) => {
  expect((await post(`${url}/notes`, { text: 'milk' })).status).toBe(201)
  expect((await post(`${url}/notes`, { text: '' })).status).toBe(422)

  expect((await pool.query('select text from public.notes')).rows).toEqual([{ text: 'milk' }])
})
