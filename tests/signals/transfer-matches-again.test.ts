import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { accounts, ConnectionError, reports, signals, transactions, transferMatches } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { createAccount, createUser } from '../people.js'
import { waitingIn } from '../server.js'
import { freshDatabase, test } from '../support.js'
import { book, type Row } from './charges.js'

const span = { from: '2026-01-01', to: '2026-12-31' }

async function household(db: Kysely<Database>) {
  const { id: user_id } = await createUser(db)
  const checking = await createAccount(db, { user_id })
  const savings = await createAccount(db, { user_id, account_type: 'savings' })
  return { user_id, checking, savings }
}

const households = (db: Kysely<Database>, count: number) =>
  Promise.all(Array.from({ length: count }, () => household(db)))

async function one(db: Kysely<Database>, account: Parameters<typeof book>[1], ...row: Row) {
  const [made] = await book(db, account, [row])
  return made?.id as string
}

const spent = async (db: Kysely<Database>, userId: string) =>
  (await reports.spendingByCategory(db, userId, span)).reduce((sum, row) => sum + Number(row.spent), 0)

const matched = async (db: Kysely<Database>, userId: string) =>
  (await transferMatches.list(db, userId)).rows.map((row) => [
    row.from_transaction_id,
    row.to_transaction_id,
    row.status,
  ])

describe('transferMatches, run again', () => {
  test('pairs a side that came late with the one that waited', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })

    const to = await one(db, savings, '2026-03-05', 'Transfer', '250.00')

    expect(await transferMatches.find(db, { from: '2026-03-01', to: '2026-03-02' })).toEqual({
      automatic: 1,
      suggested: 0,
    })
    expect(await matched(db, user_id)).toEqual([[from, to, 'automatic']])
  })

  test('ends the match of a row that was reversed, and looks for another side', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const failed = await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    const to = await one(db, savings, '2026-03-04', 'Transfer', '250.00')
    await transferMatches.find(db, span)
    expect(await matched(db, user_id)).toEqual([[failed, to, 'automatic']])

    await transactions.reverse(db, user_id, failed, { date: '2026-03-03' })
    expect(await spent(db, user_id)).toBe(0)
    const again = await one(db, checking, '2026-03-04', 'Transfer', '-250.00')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 1, suggested: 0 })
    expect(await matched(db, user_id)).toEqual([[again, to, 'automatic']])
    expect(await spent(db, user_id)).toBe(0)
  })

  test('finds all that there is in the same rows at once', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const market = await createAccount(db, { user_id, account_type: 'money_market' })
    // The first is certain by its words; only without its rows has the second no rival.
    await one(db, checking, '2026-03-04', 'Transfer to savings', '-73.11')
    await one(db, savings, '2026-03-05', 'Transfer from checking', '73.11')
    await one(db, checking, '2026-03-09', 'Giro 4711', '-73.11')
    await one(db, market, '2026-03-10', 'Deposit', '73.11')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 2, suggested: 0 })
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
  })

  test('takes the place of a suggestion from before the days that it looks at, where it is surer', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const early = await one(db, checking, '2026-02-27', 'Bicycle shop', '-100.00')
    const to = await one(db, savings, '2026-03-02', 'Aunt Rosa', '100.00')
    await transferMatches.find(db, span)
    expect(await matched(db, user_id)).toEqual([[early, to, 'suggested']])

    const from = await one(db, checking, '2026-03-02', 'Transfer to savings', '-100.00')

    expect(await transferMatches.find(db, { from: '2026-03-01', to: '2026-03-31' })).toEqual({
      automatic: 1,
      suggested: 0,
    })
    expect(await matched(db, user_id)).toEqual([[from, to, 'automatic']])
  })

  test('keeps a suggestion from before those days that is as sure', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const early = await one(db, checking, '2026-03-01', 'Bicycle shop', '-100.00')
    const to = await one(db, savings, '2026-03-02', 'Aunt Rosa', '100.00')
    await transferMatches.find(db, span)
    await one(db, checking, '2026-03-04', 'Bicycle shop', '-100.00')

    await transferMatches.find(db, { from: '2026-03-02', to: '2026-03-31' })

    expect(await matched(db, user_id)).toEqual([[early, to, 'suggested']])
  })

  test('leaves to a person what a person confirmed, and counts its reversal no more than itself', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    const to = await one(db, savings, '2026-03-04', 'Transfer', '250.00')
    await one(db, checking, '2026-03-05', 'Corner shop', '-60.00')
    await transferMatches.find(db, span)
    const [match] = (await transferMatches.list(db, user_id)).rows
    await transferMatches.confirm(db, user_id, match?.id as string)
    await transactions.reverse(db, user_id, from, { date: '2026-03-03' })

    await transferMatches.find(db, span)

    expect(await matched(db, user_id)).toEqual([[from, to, 'confirmed']])
    expect(await spent(db, user_id)).toBe(60)
    await signals.compute(db, { as_of: '2026-03-10', users: [user_id] })
    const { rows } = await sql<{ months: number }>`
      select (signal_value->>'emergency_fund_months')::float8 as months from finance.computed_features
      where user_id = ${user_id} and signal_type = 'savings_behavior' and time_window = '30d'`.execute(db)
    expect(rows[0]?.months).toBeCloseTo(250 / 60, 0)
  })

  test('matches on accounts that were closed or frozen since', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    const to = await one(db, savings, '2026-03-04', 'Transfer', '250.00')
    await accounts.update(db, user_id, checking.id, { status: 'closed' })
    await accounts.update(db, user_id, savings.id, { status: 'frozen' })

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 1, suggested: 0 })
    expect(await matched(db, user_id)).toEqual([[from, to, 'automatic']])
  })

  test('two runs at once write each match once, and none fails', { timeout: 60_000 }, async () => {
    await using database = await freshDatabase()
    const { db } = database
    const people = await households(db, 6)
    const enter = async (day: number) => {
      for (const { checking, savings } of people) {
        for (const [i, amount] of ['50.00', '50.00', '81.17'].entries()) {
          await one(db, checking, `2026-03-${String(day + i).padStart(2, '0')}`, 'Transfer', `-${amount}`)
          await one(db, savings, `2026-03-${String(day + 2 - i).padStart(2, '0')}`, 'Transfer', amount)
        }
      }
    }
    let automatic = 0
    for (const day of [2, 9, 16]) {
      await enter(day)
      const narrow = { from: '2026-03-01', to: '2026-03-17' }
      const runs = [span, span, narrow, { ...span, chunk: 2 }].map((options) => transferMatches.find(db, options))
      const found = await Promise.all(runs)
      automatic += found.reduce((sum, one) => sum + one.automatic, 0)
    }
    automatic += (await transferMatches.find(db, span)).automatic

    const { rows } = await sql<{ side: string }>`
      select unnest(array[from_transaction_id, to_transaction_id]) as side from finance.transfer_matches
      where status = 'automatic'`.execute(db)
    expect(rows.length).toBe(2 * 6 * 9)
    expect(new Set(rows.map(({ side }) => side)).size).toBe(rows.length)
    expect(automatic).toBe(6 * 9)
  })

  test('two runs at once take turns, so that neither deletes what only the other saw', {
    timeout: 60_000,
  }, async () => {
    await using database = await freshDatabase()
    const { db } = database
    await households(db, 1)
    let ended = false
    let second: Promise<unknown> | undefined
    await db.transaction().execute(async (trx) => {
      await transferMatches.find(trx, span)
      second = transferMatches.find(db, span).finally(() => {
        ended = true
      })
      while (!ended && (await waitingIn(db)) === 0);
      expect(ended).toBe(false)
    })
    expect(await second).toEqual({ automatic: 0, suggested: 0 })
  })

  test('gives a suggestion the score that it has now', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    await one(db, checking, '2026-03-02', 'Payment 12', '-250.00')
    await one(db, savings, '2026-03-05', 'Deposit', '250.00')
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 1 })
    const [match] = (await transferMatches.list(db, user_id)).rows
    await sql`update finance.transfer_matches set score = 0.51, reasons = '{}' where user_id = ${user_id}`.execute(db)

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
    const [again] = (await transferMatches.list(db, user_id)).rows
    expect(again).toMatchObject({ id: match?.id, score: match?.score, reasons: match?.reasons })
  })

  test('goes on where it was killed, and ends with the same', { timeout: 60_000 }, async () => {
    await using database = await freshDatabase()
    const { db } = database
    const people = await households(db, 6)
    const sides = new Map<string, readonly [string, string]>()
    for (const { user_id, checking, savings } of people) {
      const from = await one(db, checking, '2026-03-02', 'Transfer', '-50.00')
      sides.set(user_id, [from, await one(db, savings, '2026-03-02', 'Transfer', '50.00')])
    }
    const [, , , fourth] = [...sides.keys()].sort() as [string, string, string, string]
    const [from, to] = sides.get(fourth) as readonly [string, string]

    const run = await db.transaction().execute(async (trx) => {
      // The second chunk waits for this one, when it has written its first person.
      await sql`insert into finance.transfer_matches (user_id, from_transaction_id, to_transaction_id, status, score, reasons)
        values (${fourth}, ${from}, ${to}, 'suggested', 0.5, '{}')`.execute(trx)
      const found = transferMatches.find(db, { ...span, chunk: 2, connections: 1 }).catch((error: unknown) => error)
      for (let killed = 0; killed === 0; ) {
        const { rows } = await sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
        killed = rows.length
      }
      const error = await found
      await sql`delete from finance.transfer_matches where user_id = ${fourth}`.execute(trx)
      return error
    })

    expect(run).toBeInstanceOf(ConnectionError)
    const { rows } = await sql<{ user_id: string }>`select user_id from finance.transfer_matches order by 1`.execute(db)
    expect(rows.map(({ user_id }) => user_id)).toEqual([...sides.keys()].sort().slice(0, 2))
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 4, suggested: 0 })
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
  })
})
