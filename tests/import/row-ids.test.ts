import { expect, test } from 'vitest'
import { createRowIds } from '../../src/import/row-ids.js'
import type { transactions } from '../../src/index.js'

const row: transactions.ImportRow = {
  user_id: '01890000-0000-7000-8000-000000000001',
  account_id: '01890000-0000-7000-8000-00000000000a',
  date: '2026-03-01',
  merchant: 'Shop',
  amount: '-12.50',
}
const idOf = (overrides: Partial<transactions.ImportRow> = {}) => createRowIds()({ ...row, ...overrides })

test('the ids of rows stay what they are: with others, every file that is imported again doubles', () => {
  expect(idOf()).toBe('hash:R_hye9jeiGgidGK8k5WN0Q:1')
  expect(idOf({ currency: 'EUR', description: 'Tea', amount: '100' })).toBe('hash:LcjN2DAXYMJmY3cQY3vlXA:1')
})

test('a row is known by its account, day, amount, currency and words, and by nothing else', () => {
  const others = [
    { account_id: '01890000-0000-7000-8000-00000000000b' },
    { date: '2026-03-02' },
    { amount: '12.50' },
    { amount: '-125' },
    { amount: '-1250' },
    { currency: 'USD' },
    { merchant: 'Stop' },
    { description: 'Shop' },
  ]
  const ids = [idOf(), ...others.map(idOf)]
  const same = [
    { account_id: row.account_id.toUpperCase() },
    { amount: '-12.5' },
    { amount: '-12.5000' },
    { category: 'x' },
    { status: 'pending' as const },
  ]

  expect(new Set(ids).size).toBe(ids.length)
  for (const spelling of same) expect(idOf(spelling)).toBe(ids[0])
  expect(idOf({ amount: '100' })).not.toBe(idOf({ amount: '1' }))
  expect(idOf({ amount: '100.00' })).toBe(idOf({ amount: '100' }))
})

test('equal rows are counted, each on its own', () => {
  const ids = createRowIds()
  const made = [row, { ...row, amount: '1' }, row, row, { ...row, amount: '1' }].map(ids)

  expect(made.map((id) => id.slice(-2))).toEqual([':1', ':1', ':2', ':3', ':2'])
})
