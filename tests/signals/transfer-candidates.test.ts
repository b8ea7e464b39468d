import type { Kysely } from 'kysely'
import { describe, expect, test as plain } from 'vitest'
import { type Account, transferMatches } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { bestAssignment } from '../../src/signals/best-assignment.js'
import { mostAlike, mostPairs, transferCandidates } from '../../src/signals/transfer-candidates.js'
import { createAccount, createUser } from '../people.js'
import { pgliteDb, test } from '../support.js'
import { addDays, book, type Row } from './charges.js'

const span = { from: '2026-01-01', to: '2026-12-31' }

function createRandom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const cents = (amount: number) => (amount / 100).toFixed(2)
const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000

async function twoAccounts(db: Kysely<Database>) {
  const { id: user_id } = await createUser(db)
  const checking = await createAccount(db, { user_id })
  return { user_id, checking, savings: await createAccount(db, { user_id, account_type: 'savings' }) }
}

/** As many equal sums out and in on each day, all of which could go together. */
async function equalSums(db: Kysely<Database>, dayCount: number, aDay: number) {
  const made = await twoAccounts(db)
  const on = Array.from({ length: dayCount * aDay }, (_, i) => addDays('2026-03-02', Math.floor(i / aDay)))
  await book(
    db,
    made.checking,
    on.map((date): Row => [date, 'Transfer', '-50.00']),
  )
  await book(
    db,
    made.savings,
    on.map((date): Row => [date, 'Transfer', '50.00']),
  )
  return made
}

async function findsWhatComparingAllFinds(db: Kysely<Database>) {
  const random = createRandom(11)
  const { id: user_id } = await createUser(db)
  const accounts = [
    await createAccount(db, { user_id }),
    await createAccount(db, { user_id, account_type: 'savings' }),
    await createAccount(db, { user_id, currency: 'EUR' }),
  ]
  // Many sums lie at the edge of a tenth, of a rate's tolerance, or of a band.
  const sums = [10_000, 9_000, 8_999, 9_001, 11_111, 12_000, 12_600, 11_400, 11_401, 12_001, 1, 99_999_999_900]
  const rows: Array<{ id: string; account: Account; date: string; amount: number }> = []
  for (const account of accounts) {
    const mine = Array.from({ length: 130 }, () => {
      const amount = random(3) === 0 ? 9_000 + random(3_000) : (sums[random(sums.length)] as number)
      const date = addDays('2026-02-20', random(40))
      return { account, date, amount: random(2) === 0 ? amount : -amount }
    })
    const booked = await book(
      db,
      account,
      mine.map(({ date, amount }): Row => [date, 'Transfer', cents(amount)]),
    )
    rows.push(...mine.map((row, i) => ({ ...row, id: booked[i]?.id as string })))
  }
  const quotes = [
    { date: '2026-02-25', rate: 1.2 },
    { date: '2026-03-10', rate: 1.26 },
    { date: '2026-03-21', rate: 1 },
  ]
  const rateOn = (date: string) =>
    quotes.toSorted((a, b) => Math.abs(days(a.date, date)) - Math.abs(days(b.date, date)))[0]?.rate as number
  const search = { people: [user_id], from: '2026-03-01', to: '2026-03-25', days: 5 }
  const rates = quotes.map(({ date, rate }) => ({
    from_currency: 'EUR',
    to_currency: 'USD',
    rate: String(rate),
    date,
  }))

  const found = (await transferCandidates(db, { ...search, rates })) ?? []

  const either = new Set<string>()
  const expected = rows.flatMap((out) =>
    rows.flatMap((into) => {
      const apart = days(out.date, into.date)
      if (out.amount > 0 || into.amount < 0 || out.account === into.account || apart < -4 || apart > 5) return []
      if (out.date < search.from || out.date > search.to) return []
      const left = -out.amount
      if (out.account.currency === into.account.currency) {
        const fits = into.amount === left || (into.amount < left && into.amount * 10 >= left * 9 && apart >= 0)
        return fits ? [`${out.id} ${into.id} ${into.amount === left ? '' : cents(left - into.amount)}`] : []
      }
      const rate = out.account.currency === 'EUR' ? rateOn(out.date) : 1 / rateOn(out.date)
      const off = Math.abs(into.amount / (left * rate) - 1)
      // 1 / rate is rounded: either answer is right there.
      if (Math.abs(off - 0.05) < 1e-9) either.add(`${out.id} ${into.id} `)
      return off <= 0.05 ? [`${out.id} ${into.id} `] : []
    }),
  )
  const text = ({ from, to, fee }: (typeof found)[number]) =>
    `${from.id} ${to.id} ${fee === null ? '' : cents(100 * Number(fee))}`
  const told = (pairs: string[]) => pairs.filter((pair) => !either.has(pair)).sort()
  expect(told(found.map(text))).toEqual(told(expected))
  expect(either.size).toBeLessThan(10)
  expect(found.filter(({ rate }) => rate !== null).length).toBeGreaterThan(100)
  expect(found.filter(({ fee }) => fee !== null).length).toBeGreaterThan(100)
}

describe('transferCandidates', () => {
  test('finds what comparing all rows finds', async ({ db }) => findsWhatComparingAllFinds(db))

  plain('finds it on PGlite too', { timeout: 60_000 }, async () => {
    await using embedded = await pgliteDb()
    await findsWhatComparingAllFinds(embedded.db)
  })

  test('looks at the first of sums alike that come in on one day, and leaves the rest to the next run', async ({
    db,
  }) => {
    const { user_id } = await equalSums(db, 1, mostAlike + 10)

    const pairs = await transferCandidates(db, { ...span, people: [user_id], days: 5, rates: [] })

    expect(new Set(pairs?.map(({ to }) => to.id)).size).toBe(mostAlike)
    expect(new Set(pairs?.map(({ from }) => from.id)).size).toBe(mostAlike + 10)
    expect(await transferMatches.find(db, span)).toEqual({ automatic: mostAlike, suggested: 0 })
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 10, suggested: 0 })
  })

  test('takes people by themselves who have too many pairs together', { timeout: 60_000 }, async ({ db }) => {
    const people = [await equalSums(db, 5, mostAlike - 3), await equalSums(db, 5, mostAlike - 3)]
    const ids = people.map(({ user_id }) => user_id)
    expect(2 * (5 * (mostAlike - 3)) ** 2).toBeGreaterThan(mostPairs)
    expect(await transferCandidates(db, { ...span, people: ids, days: 5, rates: [] })).toBeUndefined()

    expect(await transferMatches.find(db, { ...span, users: ids })).toEqual({
      automatic: 2 * 5 * (mostAlike - 3),
      suggested: 0,
    })
  })

  test('takes the nearest of one person’s pairs where there are too many', { timeout: 60_000 }, async ({ db }) => {
    const { user_id } = await equalSums(db, 8, mostAlike)

    const pairs = await transferCandidates(db, { ...span, people: [user_id], days: 5, rates: [] })

    expect(pairs?.length).toBe(mostPairs)
    const apart = pairs?.map(({ from, to }) => Math.abs(to.day - from.day)) ?? []
    // All of the same day and of the next ones are there, and of the last distance only a part.
    for (const distance of [0, 1, 2]) {
      const ways = distance === 0 ? 8 : 2 * (8 - distance)
      expect(apart.filter((one) => one === distance).length).toBe(ways * mostAlike ** 2)
    }
    expect((await transferMatches.find(db, { ...span, users: [user_id] })).automatic).toBeGreaterThan(
      8 * mostAlike * 0.9,
    )
  })
})

describe('bestAssignment', () => {
  plain('takes a part of 20,000 edges in a moment', { timeout: 20_000 }, () => {
    const sides = Array.from({ length: 20_000 }, (_, i) => i)
    const edges = sides.map((i) => ({ left: `l${i >> 1}`, right: `r${(i + 1) >> 1}`, score: 0.5 + (i % 7) / 20 }))

    const found = bestAssignment(edges)

    expect(new Set(found.map(({ left }) => left)).size).toBe(found.length)
    expect(found.length).toBeGreaterThan(7_000)
  })
})
