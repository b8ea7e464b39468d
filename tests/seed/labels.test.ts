import { type Kysely, sql } from 'kysely'
import { describe, expect } from 'vitest'
import type { Database } from '../../src/schema/database.js'
import { labels, seed } from '../../src/seed/index.js'
import { freshDatabase, test } from '../support.js'
import { allLabels, only } from './support.js'

const options = { users: 60, until: '2025-12-31', days: 730 }

interface Stored {
  readonly id: string
  readonly user_id: string
  readonly account_id: string
  readonly account_type: string
  readonly date: string
  readonly merchant: string
  readonly amount: string
  readonly currency: string
  readonly category: string
  readonly is_subscription: boolean
  readonly transfer_id: string | null
  readonly reverses_id: string | null
  readonly p2p_transfer_id: string | null
}

async function storedRows(db: Kysely<Database>): Promise<Map<string, Stored>> {
  const { rows } = await sql<Stored>`select t.id, t.user_id, t.account_id, a.account_type, t.date::text, t.merchant,
      round(t.amount, 2)::text as amount, t.currency::text, t.category, t.is_subscription, t.transfer_id, t.reverses_id, t.p2p_transfer_id
    from finance.transactions t join finance.accounts a on a.user_id = t.user_id and a.id = t.account_id`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}

describe('labels', () => {
  test('agree with the rows in the database, and name every row that they should', { timeout: 120_000 }, async () => {
    await using server = await freshDatabase()
    const few = { ...options, users: 18 }
    await seed(server.db, few)
    const stored = await storedRows(server.db)
    const told = await allLabels(few)
    const row = (id: string) => {
      const found = stored.get(id)
      if (found === undefined) throw new Error(`no row ${id}`)
      return found
    }
    const every = (which: (one: Stored) => boolean) => [...stored.values()].filter(which).map(({ id }) => id)
    const sorted = (ids: readonly string[]) => [...ids].sort()

    expect(told[0]).toEqual({ type: 'seed', generator: 2, users: 18, seed: 1, until: '2025-12-31', days: 730 })

    for (const label of only(told, 'subscription', 'bill', 'standing_order')) {
      let amount: string | undefined
      for (const id of label.transaction_ids) {
        const { user_id, account_id, merchant, date, amount: paid } = row(id)
        amount = label.amounts.find(({ from }) => from === date)?.amount ?? amount
        expect({ user_id, account_id, paid }).toEqual({
          user_id: label.user_id,
          account_id: label.account_id,
          paid: `-${amount}`,
        })
        expect(merchant.toUpperCase()).toContain(label.merchant.toUpperCase())
      }
      expect(label.amounts.length > 1).toBe(new Set(label.transaction_ids.map((id) => row(id).amount)).size > 1)
    }
    const subscribed = only(told, 'subscription').flatMap(({ transaction_ids }) => transaction_ids)
    expect(sorted(subscribed)).toEqual(sorted(every(({ is_subscription }) => is_subscription)))

    const pays = only(told, 'payroll').flatMap(({ transaction_ids }) => transaction_ids)
    expect(sorted(pays)).toEqual(sorted(every(({ category }) => category === 'salary' || category === 'freelance')))

    for (const { user_id, from_transaction_id, to_transaction_id, linked, hard = [] } of only(told, 'transfer')) {
      const [from, to] = [row(from_transaction_id), row(to_transaction_id)]
      expect([from.user_id, to.user_id]).toEqual([user_id, user_id])
      expect(from.account_id).not.toBe(to.account_id)
      expect(from.amount.startsWith('-') && !to.amount.startsWith('-')).toBe(true)
      if (!hard.includes('two currencies')) expect(from.amount).toBe(`-${to.amount}`)
      expect(from.date !== to.date).toBe(hard.includes('days apart'))
      expect(from.transfer_id === to.transfer_id && from.transfer_id !== null).toBe(linked)
    }
    const moved = only(told, 'transfer').flatMap((label) => [label.from_transaction_id, label.to_transaction_id])
    const internal = ['transfer', 'credit_card_payment', 'investment_transfer']
    // Cash that becomes a fund stays on its account, so it has one side.
    const isMove = (one: Stored) =>
      internal.includes(one.category) && (one.transfer_id !== null || !/ETF|Fund|Inc|Corp/i.test(one.merchant))
    expect(sorted(moved)).toEqual(sorted(every(isMove)))

    for (const { user_id, transaction_id, of_transaction_id, linked } of only(told, 'refund')) {
      const [back, of] = [row(transaction_id), row(of_transaction_id)]
      expect([back.user_id, back.account_id, back.merchant]).toEqual([user_id, of.account_id, of.merchant])
      expect(back.reverses_id).toBe(linked ? of.id : null)
      expect(back.date > of.date).toBe(true)
    }
    const sent = only(told, 'p2p')
    for (const { user_id, recipient_id, p2p_transfer_id, from_transaction_id, to_transaction_id } of sent) {
      const [from, to] = [row(from_transaction_id), row(to_transaction_id)]
      expect([from.user_id, to.user_id]).toEqual([user_id, recipient_id])
      expect([from.p2p_transfer_id, to.p2p_transfer_id]).toEqual([p2p_transfer_id, p2p_transfer_id])
      expect(from.amount).toBe(`-${to.amount}`)
    }
    const arrived = every((one) => one.p2p_transfer_id !== null && !one.amount.startsWith('-'))
    expect(sorted(sent.map(({ to_transaction_id }) => to_transaction_id))).toEqual(sorted(arrived))

    for (const { transaction_ids } of only(told, 'decoy')) {
      expect(new Set(transaction_ids.map((id) => `${row(id).amount} ${row(id).is_subscription}`))).toEqual(
        new Set(['-2.90 false']),
      )
    }
    expect(only(told, 'persona')).toHaveLength(3 * 18)
  })

  test('have every kind of hard case among a few dozen people', async () => {
    const hard = new Set((await allLabels(options)).flatMap((label) => ('hard' in label ? (label.hard ?? []) : [])))

    expect([...hard].sort()).toEqual([
      'bonus off the cadence',
      'changed employer',
      'days apart',
      'drifting date',
      'end of month',
      'fewer than three charges',
      'irregular',
      'paused',
      'price change',
      'reference code in the name',
      'renamed',
      'same name as someone paid now and then',
      'seasonal amount',
      'skipped charge',
      'the window alone is too short',
      'two currencies',
      'two plans at one merchant',
      'varying amount',
      'yearly',
    ])
  })

  test('say what became of a subscription', async () => {
    const told = only(await allLabels(options), 'subscription')
    const end = Date.parse(options.until)
    const days: Record<string, number> = { weekly: 7, fortnightly: 14, monthly: 31, yearly: 366 }

    expect(new Set(told.map(({ status }) => status))).toEqual(new Set(['active', 'cancelled', 'paused']))
    const dates = await lastCharges()
    for (const { status, cadence, transaction_ids } of told) {
      const silent = (end - (dates.get(transaction_ids.at(-1) ?? '') ?? 0)) / 86_400_000
      // A drifting charge comes up to two days late.
      if (status === 'active') expect(silent).toBeLessThanOrEqual((days[cadence] ?? 0) + 2)
    }
  })

  test('come one by one, the first before anyone but the first is made up', async () => {
    const started = performance.now()
    const source = labels({ users: 100_000, until: '2025-12-31' })

    expect((await source.next()).value).toMatchObject({ type: 'seed', users: 100_000 })
    expect((await source.next()).value).toMatchObject({ type: 'user', username: 'demo_user' })
    await source.return(undefined)
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

/** When each labelled charge was, from its id: a UUID of version 7 begins with its time. */
async function lastCharges(): Promise<Map<string, number>> {
  const charges = only(await allLabels(options), 'subscription').flatMap(({ transaction_ids }) => transaction_ids)
  return new Map(charges.map((id) => [id, Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)]))
}
