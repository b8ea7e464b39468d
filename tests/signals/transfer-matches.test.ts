import type { Kysely } from 'kysely'
import { describe, expect, test as plain } from 'vitest'
import {
  ConflictError,
  InvalidInputError,
  NotFoundError,
  reports,
  transactions,
  transferMatches,
} from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { bestAssignment } from '../../src/signals/best-assignment.js'
import { createAccount, createUser } from '../people.js'
import { test } from '../support.js'
import { book, type Row } from './charges.js'

const span = { from: '2026-01-01', to: '2026-12-31' }

async function household(db: Kysely<Database>) {
  const { id: user_id } = await createUser(db)
  const checking = await createAccount(db, { user_id })
  const savings = await createAccount(db, { user_id, account_type: 'savings' })
  const card = await createAccount(db, { user_id, account_type: 'credit_card' })
  return { user_id, checking, savings, card }
}

async function one(db: Kysely<Database>, account: Parameters<typeof book>[1], ...row: Row) {
  const [made] = await book(db, account, [row])
  return made?.id as string
}

const spent = async (db: Kysely<Database>, userId: string) =>
  (await reports.spendingByCategory(db, userId, span)).reduce((sum, row) => sum + Number(row.spent), 0)

describe('transferMatches', () => {
  test('keeps people apart whose rows have the same ids', async ({ db }) => {
    const [checking, savings, left, came] = Array.from({ length: 4 }, () => crypto.randomUUID())
    const person = async () => {
      const { id: user_id } = await createUser(db)
      await createAccount(db, { user_id, id: checking })
      await createAccount(db, { user_id, id: savings, account_type: 'savings' })
      return user_id
    }
    const book = (user_id: string, id = '', account_id = '', date: string, merchant: string, amount: string) =>
      transactions.create(db, { user_id, id, account_id, date, merchant, amount })
    const [a, b, c] = [await person(), await person(), await person()]
    await book(a, left, checking, '2026-03-02', 'Transfer to savings', '-250.00')
    await book(a, came, savings, '2026-03-03', 'From checking', '250.00')
    // the same, seen a run later
    await transferMatches.find(db, span)
    await book(b, left, checking, '2026-04-02', 'Transfer to savings', '-70.00')
    await book(b, came, savings, '2026-04-02', 'From checking', '70.00')
    // rows that say nothing of a transfer
    await book(c, left, checking, '2026-05-02', 'Corner shop', '-12.50')
    await book(c, came, savings, '2026-05-05', 'Prize', '12.50')

    expect(await transferMatches.find(db, span)).toMatchObject({ automatic: 1 })

    const statuses = async (id: string) => (await transferMatches.list(db, id)).rows.map(({ status }) => status)
    expect(await Promise.all([a, b].map(statuses))).toEqual([['automatic'], ['automatic']])
    expect(await statuses(c)).not.toContain('automatic')
    await transactions.reverse(db, c, left as string)
    await transferMatches.find(db, span)
    expect(await Promise.all([a, b].map(statuses))).toEqual([['automatic'], ['automatic']])
  })

  test('pairs what is certain, says why, and takes it out of spending', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Transfer to savings', '-250.00')
    const to = await one(db, savings, '2026-03-03', 'From checking', '250.00')
    await one(db, checking, '2026-03-03', 'Corner shop', '-12.50')
    expect(await spent(db, user_id)).toBe(262.5)

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 1, suggested: 0 })

    const { rows } = await transferMatches.list(db, user_id)
    expect(rows).toMatchObject([
      {
        from_transaction_id: from,
        to_transaction_id: to,
        status: 'automatic',
        reasons: { days_apart: 1, rate: null, rivals: 0, said: true },
      },
    ])
    expect(Number(rows[0]?.score)).toBeGreaterThanOrEqual(0.8)
    expect(await spent(db, user_id)).toBe(12.5)
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
    expect(await transferMatches.list(db, user_id, { transaction_id: to })).toEqual({ rows, next: null })
    expect((await transferMatches.list(db, user_id, { status: 'suggested' })).rows).toEqual([])
  })

  test('does not take what others sent for the other side of a purchase', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Noodle House', '-43.16', { category: 'restaurants' })
    const to = await one(db, savings, '2026-03-02', 'Market Fund', '43.16', { category: 'dividend' })

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })

    const pair = { user_id, from_transaction_id: from, to_transaction_id: to }
    expect(await transferMatches.explain(db, pair)).toMatchObject({
      reasons: { score: { from_others: -0.4 } },
      obstacles: ['The score is too low.'],
    })
  })

  test('only suggests what may be chance', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    await one(db, checking, '2026-03-02', 'Bicycle shop', '-100.00')
    await one(db, savings, '2026-03-04', 'Aunt Rosa', '100.00')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 1 })

    expect(await spent(db, user_id)).toBe(100)
    const [match] = (await transferMatches.list(db, user_id)).rows
    const confirmed = await transferMatches.confirm(db, user_id, match?.id as string)
    expect(confirmed).toMatchObject({ status: 'confirmed', decided_at: expect.any(Date) })
    expect(await spent(db, user_id)).toBe(0)
  })

  test('remembers what was rejected', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    await one(db, savings, '2026-03-02', 'Transfer', '250.00')
    await transferMatches.find(db, span)
    const [match] = (await transferMatches.list(db, user_id)).rows

    await transferMatches.reject(db, user_id, match?.id as string)

    expect(await spent(db, user_id)).toBe(250)
    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
    expect(await transferMatches.get(db, user_id, match?.id as string)).toMatchObject({ status: 'rejected' })
  })

  test('gives each row one other side, the best for all of them together', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const outs = await book(db, checking, [
      ['2026-03-02', 'Transfer', '-75.10'],
      ['2026-03-04', 'Transfer', '-75.10'],
    ])
    const ins = await book(db, savings, [
      ['2026-03-03', 'Transfer', '75.10'],
      ['2026-03-05', 'Transfer', '75.10'],
    ])

    await transferMatches.find(db, span)

    const { rows } = await transferMatches.list(db, user_id)
    expect(rows.map((row) => [row.from_transaction_id, row.to_transaction_id]).sort()).toEqual(
      outs.map((out, i) => [out.id, ins[i]?.id]).sort(),
    )
    // As many left as came: whichever goes with which, they are moves.
    expect(rows[0]?.reasons.rivals).toBe(0)
  })

  test('does not learn from equal sums that another text goes with better', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const months = ['03', '04', '05', '06', '07']
    const moved = await book(
      db,
      checking,
      months.map((month): Row => [`2026-${month}-02`, 'Transfer to savings', '-50.00']),
    )
    await book(
      db,
      checking,
      months.flatMap((month): Row[] => [
        [`2026-${month}-01`, 'Grace Church', '-50.00'],
        [`2026-${month}-05`, 'Grace Church', '-50.00'],
      ]),
    )
    const saved = await book(
      db,
      savings,
      months.map((month): Row => [`2026-${month}-05`, 'From checking', '50.00']),
    )

    await transferMatches.find(db, span)

    const { rows } = await transferMatches.list(db, user_id)
    expect(rows.map((row) => [row.from_transaction_id, row.to_transaction_id]).sort()).toEqual(
      moved.map(({ id }, i) => [id, saved[i]?.id]).sort(),
    )
  })

  test('does not take interest for money that was moved, nor less for what paid off a card', async ({ db }) => {
    const { user_id, checking, savings, card } = await household(db)
    await book(db, checking, [
      ['2026-03-02', 'Sent to a friend', '-16.58', { category: 'Transfer' }],
      ['2026-03-10', 'ANCHOR HOME LOAN AUTO PAY', '-1025.00'],
      ['2026-04-29', 'Forn de pa', '-2.21'],
    ])
    await one(db, savings, '2026-03-03', 'Interest payment', '16.58')
    await one(db, savings, '2026-04-30', 'INTERESES', '2.21')
    await one(db, card, '2026-03-11', 'Payment - thank you', '1000.00')

    await transferMatches.find(db, span)

    expect((await transferMatches.list(db, user_id, { status: 'automatic' })).rows).toEqual([])
  })

  test('finds the rest of a sum that a bank took a fee from, where both sides speak of a transfer', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Wire transfer to savings', '-1025.00')
    const to = await one(db, savings, '2026-03-04', 'Wire transfer from checking', '1000.00')
    await one(db, checking, '2026-05-04', 'Bicycle shop', '-1025.00')
    await one(db, savings, '2026-05-05', 'Transfer', '1000.00')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 1, suggested: 0 })

    const { rows } = await transferMatches.list(db, user_id)
    expect(rows).toMatchObject([{ from_transaction_id: from, to_transaction_id: to }])
  })

  test('does not take for the rest of a sum what the bank says of any payment', async ({ db }) => {
    const { checking, savings } = await household(db)
    await one(db, checking, '2026-03-02', 'PRZELEW ZEWNĘTRZNY WYCHODZĄCY SM ZORZA', '-645.33')
    await one(db, savings, '2026-03-05', 'PRZELEW ZEWNĘTRZNY PRZYCHODZĄCY BOLT OPERATIONS', '621.21')

    expect(await transferMatches.find(db, span)).toMatchObject({ automatic: 0 })
  })

  test('knows the word for a transfer in Spanish and Portuguese', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const other = await createAccount(db, { user_id })
    await one(db, checking, '2026-03-02', 'Transferência enviada', '-300.00')
    await one(db, other, '2026-03-03', 'Transferencia recibida', '300.00')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 1, suggested: 0 })
  })

  test('does not count a weekend between the two sides', async ({ db }) => {
    const { checking, savings } = await household(db)
    await one(db, checking, '2026-03-06', 'Groceries fund', '-80.17') // a Friday
    await one(db, savings, '2026-03-09', 'Deposit', '80.17')
    await one(db, checking, '2026-03-16', 'Groceries fund', '-91.13') // a Monday
    await one(db, savings, '2026-03-19', 'Deposit', '91.13')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 1, suggested: 1 })
  })

  test('learns the words of a bank from sums that agree again and again', async ({ db }) => {
    const { checking, savings } = await household(db)
    for (const [month, sum] of [
      ['03', 200],
      ['04', 100],
      ['05', 200],
    ] as const) {
      await one(db, checking, `2026-${month}-02`, 'Átvezetés 4711', `-${sum}.00`)
      await one(db, savings, `2026-${month}-03`, 'Fizetési számláról', `${sum}.00`)
    }
    await one(db, checking, '2026-06-02', 'Corner shop', '-50.00')
    await one(db, savings, '2026-06-03', 'Aunt Rosa', '50.00')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 3, suggested: 1 })
  })

  test('takes what one person was sent and another sent for two movements, and what the holder moved for one', async ({
    db,
  }) => {
    const { user_id, checking, savings } = await household(db)
    await db
      .updateTable('finance.users')
      .set({ first_name: 'Ada', last_name: 'Berg' })
      .where('id', '=', user_id)
      .execute()
    await one(db, checking, '2026-03-02', 'Transfer to Carl Holm', '-100.00')
    await one(db, savings, '2026-03-03', 'Transfer from Eva Lund', '100.00')
    await one(db, checking, '2026-04-02', 'Transfer to Carl Holm', '-100.00')
    await one(db, savings, '2026-04-03', 'Transfer from Carl Holm', '100.00')
    const from = await one(db, checking, '2026-05-04', 'Transfer to Ada Berg', '-100.00')
    await one(db, savings, '2026-05-05', 'Transfer from Ada Berg', '100.00')

    await transferMatches.find(db, span)

    const { rows } = await transferMatches.list(db, user_id, { status: 'automatic' })
    expect(rows.map((row) => row.from_transaction_id)).toEqual([from])
  })

  test('finds what two people put on an account by the name of the holder', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const joint = await createAccount(db, { user_id })
    await db
      .updateTable('finance.users')
      .set({ first_name: 'Ada', last_name: 'Berg' })
      .where('id', '=', user_id)
      .execute()
    await one(db, checking, '2026-03-02', 'Online transfer to checking', '-1900.00')
    await one(db, joint, '2026-03-02', 'Transfer from Eva Lund', '1900.00', { category: 'Transfer' })
    const own = await one(db, joint, '2026-03-03', 'Transfer from Ada Berg', '1900.00', { category: 'Transfer' })

    await transferMatches.find(db, span)

    const { rows } = await transferMatches.list(db, user_id, { status: 'automatic' })
    expect(rows.map((row) => row.to_transaction_id)).toEqual([own])
  })

  test('finds what moved from card to card, and to where shares are kept', async ({ db }) => {
    const { user_id, checking, card } = await household(db)
    const other = await createAccount(db, { user_id, account_type: 'credit_card' })
    const shares = await createAccount(db, { user_id, account_type: 'investment' })
    const owed = await one(db, card, '2026-03-02', 'BALANCE TRANSFER', '-2400.00')
    await one(db, other, '2026-03-03', 'BALANCE TRANSFER PAYMENT', '2400.00')
    const bought = await one(db, checking, '2026-04-15', 'SUMMIT BUY INVESTMENT', '-300.00')
    await one(db, shares, '2026-04-17', 'ELECTRONIC FUNDS TRANSFER RECEIVED', '300.00')
    // a purchase by card is none
    await one(db, card, '2026-05-04', 'Phone autopay', '-60.00')
    await one(db, other, '2026-05-05', 'Payment - thank you', '60.00')

    await transferMatches.find(db, span)

    const { rows } = await transferMatches.list(db, user_id, { status: 'automatic' })
    expect(rows.map((row) => row.from_transaction_id).toSorted()).toEqual([owed, bought].toSorted())
  })

  test('leaves alone what cannot be one movement', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const stranger = await household(db)
    await one(db, checking, '2026-01-05', 'Transfer', '-10.10') // the same account
    await one(db, checking, '2026-01-05', 'Transfer', '10.10')
    await one(db, checking, '2026-02-05', 'Transfer', '-20.20') // another amount
    await one(db, savings, '2026-02-05', 'Transfer', '20.30')
    await one(db, checking, '2026-03-05', 'Transfer', '-30.30') // too late
    await one(db, savings, '2026-03-12', 'Transfer', '30.30')
    await one(db, checking, '2026-04-05', 'Transfer', '-40.40') // somebody else
    await one(db, stranger.savings, '2026-04-05', 'Transfer', '40.40')
    await one(db, checking, '2026-05-05', 'Transfer', '-50.50') // another currency
    await one(db, await createAccount(db, { user_id, currency: 'EUR' }), '2026-05-05', 'Transfer', '50.50')
    await one(db, checking, '2026-06-05', 'Transfer', '-60.60', { status: 'pending' })
    await one(db, savings, '2026-06-05', 'Transfer', '60.60')

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
  })

  test('takes the nearest rate across currencies', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const euros = await createAccount(db, { user_id, currency: 'EUR' })
    await one(db, checking, '2026-03-02', 'Transfer to euro account', '-108.00')
    await one(db, euros, '2026-03-03', 'Transfer from dollars', '99.80')
    const rates = [
      { from_currency: 'EUR', to_currency: 'USD', rate: '1.08', date: '2026-03-01' },
      { from_currency: 'EUR', to_currency: 'USD', rate: '1.50', date: '2026-06-01' },
    ]

    expect(await transferMatches.find(db, span)).toEqual({ automatic: 0, suggested: 0 })
    expect(await transferMatches.find(db, { ...span, rates })).toEqual({ automatic: 1, suggested: 0 })

    expect((await transferMatches.list(db, user_id)).rows[0]?.reasons).toMatchObject({
      rate: '0.9240740741',
      expected_rate: '0.9259259259',
    })
  })

  test('knows the words of an exchange', async ({ db }) => {
    const { user_id, checking } = await household(db)
    const euros = await createAccount(db, { user_id, currency: 'EUR' })
    await one(db, checking, '2026-03-02', 'Exchanged to EUR', '-108.00')
    await one(db, euros, '2026-03-02', 'Exchanged from USD', '100.00')
    const rates = [{ from_currency: 'EUR', to_currency: 'USD', rate: '1.08' }]

    expect(await transferMatches.find(db, { ...span, rates })).toEqual({ automatic: 1, suggested: 0 })
  })

  test('explains any two rows', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from_transaction_id = await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    const near = await one(db, savings, '2026-03-04', 'Transfer', '250.00')
    const far = await one(db, savings, '2026-05-04', 'Transfer', '250.00')
    const same = await one(db, checking, '2026-03-02', 'Refund', '250.00')
    const why = (to_transaction_id: string) =>
      transferMatches.explain(db, { user_id, from_transaction_id, to_transaction_id })

    expect(await why(near)).toMatchObject({ obstacles: [], match: undefined, reasons: { days_apart: 2, said: true } })
    await transferMatches.find(db, span)
    expect((await why(near)).match?.status).toBe('automatic')
    expect(await why(far)).toEqual({
      score: undefined,
      reasons: undefined,
      match: undefined,
      obstacles: ['The amounts do not agree, the days are too far apart, or one of them was reversed.'],
    })
    expect((await why(same)).obstacles).toEqual(['Both are on one account.'])
    await transferMatches.reject(db, user_id, (await why(near)).match?.id as string)
    expect((await why(near)).obstacles).toEqual(['The pair was rejected.'])
    await expect(why('00000000-0000-7000-8000-000000000000')).rejects.toThrow(NotFoundError)
    const pair = { user_id, from_transaction_id, to_transaction_id: near }
    await expect(transferMatches.explain(db, pair, { days: 31 })).rejects.toThrow(InvalidInputError)
  })

  test('refuses to confirm what has another side by now', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    await one(db, savings, '2026-03-02', 'Transfer', '250.00')
    await transferMatches.find(db, span)
    const [first] = (await transferMatches.list(db, user_id)).rows
    await transferMatches.reject(db, user_id, first?.id as string)
    await one(db, savings, '2026-03-03', 'Transfer', '250.00')
    await transferMatches.find(db, span)

    await expect(transferMatches.confirm(db, user_id, first?.id as string)).rejects.toThrow(ConflictError)
  })

  test('is nobody else’s, and refuses what makes no sense', async ({ db }) => {
    const { checking, savings } = await household(db)
    const other = await household(db)
    await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    await one(db, savings, '2026-03-02', 'Transfer', '250.00')
    await transferMatches.find(db, { ...span, users: [other.user_id] })
    expect((await transferMatches.list(db, checking.user_id)).rows).toEqual([])
    await transferMatches.find(db, span)
    const [match] = (await transferMatches.list(db, checking.user_id)).rows

    await expect(transferMatches.get(db, other.user_id, match?.id as string)).rejects.toThrow(NotFoundError)
    await expect(transferMatches.confirm(db, other.user_id, match?.id as string)).rejects.toThrow(NotFoundError)
    await expect(transferMatches.find(db, { from: '2026-02-01', to: '2026-01-01' })).rejects.toThrow(InvalidInputError)
  })

  test('lets a matched row be told otherwise, as before', async ({ db }) => {
    const { user_id, checking, savings } = await household(db)
    const from = await one(db, checking, '2026-03-02', 'Transfer', '-250.00')
    await one(db, savings, '2026-03-02', 'Transfer', '250.00')
    await transferMatches.find(db, span)

    expect(await transactions.categorize(db, user_id, from, 'saving up')).toMatchObject({ category: 'saving up' })
  })
})

describe('bestAssignment', () => {
  plain('prefers the greatest sum to the best single pair', () => {
    const edges = [
      { left: 'a', right: 'x', score: 0.9 },
      { left: 'a', right: 'y', score: 0.8 },
      { left: 'b', right: 'x', score: 0.8 },
      { left: 'c', right: 'z', score: 0.5 },
    ]

    expect(
      bestAssignment(edges)
        .map(({ left, right }) => left + right)
        .sort(),
    ).toEqual(['ay', 'bx', 'cz'])
  })

  plain('finds what trying everything finds', () => {
    let state = 7
    const random = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 32
    }
    for (let round = 0; round < 60; round++) {
      const edges = ['a', 'b', 'c', 'd'].flatMap((left) =>
        ['v', 'w', 'x', 'y', 'z'].flatMap((right) => (random() < 0.5 ? [{ left, right, score: random() }] : [])),
      )
      const most = (rest: typeof edges): number =>
        Math.max(
          0,
          ...rest.map(
            (e, i) => e.score + most(rest.slice(i + 1).filter((f) => f.left !== e.left && f.right !== e.right)),
          ),
        )
      const found = bestAssignment(edges)

      expect(new Set(found.map(({ left }) => left)).size).toBe(found.length)
      expect(new Set(found.map(({ right }) => right)).size).toBe(found.length)
      expect(found.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(most(edges))
    }
  })
})
