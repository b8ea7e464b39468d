import { type Kysely, sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  accounts,
  computedFeatures,
  InvalidInputError,
  reports,
  signals,
  transactions,
  transferMatches,
} from '../../src/index.js'
import {
  type CreditUtilizationSignal,
  type Database,
  type IncomeStabilitySignal,
  type SavingsBehaviorSignal,
  type SubscriptionSignal,
  signalValueSchema,
} from '../../src/schema/index.js'
import { createAccount, createUser } from '../people.js'
import { waitingIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'
import { accountWith, book, charged, everyDays, everyMonth, type Row } from './charges.js'

const as_of = '2026-06-30'

interface Families {
  subscription: SubscriptionSignal
  savings_behavior: SavingsBehaviorSignal
  income_stability: IncomeStabilitySignal
}

async function signal<Family extends keyof Families>(
  db: Kysely<Database>,
  userId: string,
  family: Family,
  window: '30d' | '90d' | '180d' = '90d',
): Promise<Families[Family]> {
  const found = await computedFeatures.find(db, userId, window, family)
  return signalValueSchema(family).parse(found?.signal_value) as Families[Family]
}

async function cardSignal(
  db: Kysely<Database>,
  userId: string,
  cardId: string,
  window: '30d' | '90d' | '180d' = '90d',
) {
  const found = await computedFeatures.find(db, userId, window, `credit_utilization_${cardId}`)
  return found?.signal_value as CreditUtilizationSignal | undefined
}

describe('signals.compute', () => {
  test('writes every family in every window, as its schema says', async ({ db }) => {
    const { user_id } = await accountWith(db, charged('Streamhouse', '-9.99', ...everyMonth('2026-01-04', 6)))
    const card = await createAccount(db, { user_id, account_type: 'credit_card', credit_limit: '1000' })

    expect(await signals.compute(db, { as_of })).toEqual({ users: 1, computed: 1, signals: 12 })

    const { rows } = await computedFeatures.list(db, user_id)
    expect(rows.map((row) => `${row.time_window} ${row.signal_type}`)).toEqual(
      ['180d', '30d', '90d'].flatMap((window) =>
        [`credit_utilization_${card.id}`, 'income_stability', 'savings_behavior', 'subscription'].map(
          (type) => `${window} ${type}`,
        ),
      ),
    )
    for (const row of rows) expect(signalValueSchema(row.signal_type).parse(row.signal_value)).toEqual(row.signal_value)
  })

  test('tells subscriptions from bills, and counts what the windows hold', async ({ db }) => {
    const { user_id } = await accountWith(db, [
      ...charged('Streamhouse', '-10.00', ...everyMonth('2026-01-04', 6)),
      ...charged('Gym', '-30.00', ...everyMonth('2025-11-02', 5)), // ended in March
      ...everyMonth('2026-01-01', 6).map((day): Row => [day, 'Landlord', '-500.00', { category: 'rent' }]),
      ['2026-06-20', 'Bicycle shop', '-360.00'],
      ['2026-06-21', 'Savings', '-1000.00', { category: 'transfer' }],
    ])

    await signals.compute(db, { as_of })

    expect(await signal(db, user_id, 'subscription', '30d')).toMatchObject({
      as_of,
      currency: 'USD',
      subscriptions: 1,
      monthly_spend: '10.0000',
      monthly_bills: '500.0000',
      share_of_spending: 0.0115, // 10 of 870: the savings are no spending
      other_currencies: [],
      recurring_merchants: [
        { kind: 'bill', merchant: 'Landlord', charges_in_window: 1, occurrences: 6, next_date: '2026-07-01' },
        { kind: 'subscription', merchant: 'Streamhouse', charges_in_window: 1, active: true },
      ],
    })
    const half = await signal(db, user_id, 'subscription', '180d')
    expect(half.recurring_merchants.map(({ merchant, active }) => [merchant, active])).toEqual([
      ['Landlord', true],
      ['Gym', false],
      ['Streamhouse', true],
    ])
    expect(half.subscriptions).toBe(1)
  })

  test('agrees with the reports on what was spent', async ({ db }) => {
    const { user_id } = await accountWith(db, [
      ['2026-06-10', 'Shop', '-100.00'],
      ['2026-06-11', 'Card', '-70.00', { category: 'Credit Card Payment' }],
      ['2026-06-12', 'AMEX EPAYMENT', '-60.00'],
      ['2026-06-13', 'Summit', '-65.00', { category: 'uncategorized', description: 'SUMMIT CRCARDPMT 0412' }],
      ...charged('Club', '-25.00', ...everyMonth('2026-01-09', 6)),
    ])
    const [june] = await reports.cashFlowByMonth(db, user_id, { from: '2026-06-01', to: as_of })

    await signals.compute(db, { as_of })

    expect(june?.spending).toBe('125.0000')
    expect((await signal(db, user_id, 'subscription', '30d')).share_of_spending).toBe(0.2)
  })

  test('agrees with the reports on what a category leaves open', async ({ db }) => {
    const { user_id } = await accountWith(db, [
      ['2026-06-01', 'Maria', '-80.00', { category: 'Transfer', description: 'rent' }],
      ['2026-06-02', 'Savings', '-70.00', { category: 'Transfer' }],
      ['2026-06-02', 'Acorn fund', '-10.00', { category: 'Investments' }],
      ['2026-06-03', 'Lodger', '60.00', { category: 'Transfer', description: 'rent' }],
      ['2026-06-04', 'Summit', '-50.00', { category: 'LOAN_PAYMENTS', description: 'SUMMIT CRCARDPMT' }],
      ['2026-06-05', 'Bike shop', '-40.00', { category: 'Sports', description: 'by credit card payment' }],
      ...charged('Club', '-30.00', ...everyMonth('2026-01-09', 6)),
    ])
    const [june] = await reports.cashFlowByMonth(db, user_id, { from: '2026-06-01', to: as_of })

    await signals.compute(db, { as_of })

    expect(june).toMatchObject({ spending: '150.0000', income: '0.0000' })
    expect((await signal(db, user_id, 'subscription', '30d')).share_of_spending).toBe(0.2)
  })

  test('tells pay from what else a coarse category holds', async ({ db }) => {
    const more = { category: 'INCOME' }
    const { user_id } = await accountWith(db, [
      ...everyMonth('2026-01-28', 5).map((day): Row => [day, 'Acme', '3000.00', more]),
      ...everyMonth('2026-01-31', 5).map((day): Row => [day, 'INTEREST PAYMENT', '2.10', more]),
      ['2026-04-14', 'IRS TREAS 310 TAX REF', '800.00', more],
    ])
    await signals.compute(db, { as_of })

    expect(await signal(db, user_id, 'income_stability', '90d')).toMatchObject({ payments: 2, total: '6000.0000' })
  })

  test('takes income of any kind for pay only where nothing is called pay', async ({ db }) => {
    const other = { category: 'INCOME_OTHER_INCOME' }
    const tenant = everyMonth('2026-01-03', 6).map((day): Row => [day, 'Ana Ruiz', '350.00', other])
    const employed = await accountWith(db, [
      ...tenant,
      ...everyMonth('2026-01-28', 6).map((day): Row => [day, 'Acme', '3000.00', { category: 'INCOME_WAGES' }]),
    ])
    const landlord = await accountWith(db, tenant)
    await signals.compute(db, { as_of })

    expect(await signal(db, employed.user_id, 'income_stability', '90d')).toMatchObject({
      payments: 3,
      total: '9000.0000',
    })
    expect(await signal(db, landlord.user_id, 'income_stability', '90d')).toMatchObject({
      payments: 3,
      total: '1050.0000',
    })
  })

  test('takes what is called Rente for a pension, and not for Dutch interest beside pay', async ({ db }) => {
    const months = (day: string, merchant: string, amount: string) =>
      everyMonth(`2026-01-${day}`, 6).map((date): Row => [date, merchant, amount])
    const retired = await accountWith(db, months('28', 'Rente', '1400.00'))
    const saver = await accountWith(db, [...months('25', 'Salaris', '2600.00'), ...months('30', 'Rente', '4.11')])
    await signals.compute(db, { as_of })

    const pay = (userId: string) => signal(db, userId, 'income_stability', '90d')
    expect(await pay(retired.user_id)).toMatchObject({ payments: 3, total: '4200.0000' })
    expect(await pay(saver.user_id)).toMatchObject({ payments: 3, total: '7800.0000' })
  })

  test('leaves a bonus aside, which would make steady pay unsteady', async ({ db }) => {
    const { user_id } = await accountWith(db, [
      ...everyMonth('2026-01-28', 6).map((day): Row => [day, 'Acme', '3000.00', { category: 'salary' }]),
      ['2026-06-18', 'Acme', '5000.00', { category: 'bonus', description: 'DIRECT DEP ACME' }],
      ['2026-06-19', 'Acme', '900.00', { category: 'other', description: 'DIRECT DEP ACME ANNUAL BONUS' }],
    ])
    await signals.compute(db, { as_of })

    expect(await signal(db, user_id, 'income_stability', '90d')).toMatchObject({
      payments: 3,
      total: '9000.0000',
      variability: 0,
    })
  })

  test('takes what people send each other for pay only where nothing else is', async ({ db }) => {
    const shares = everyMonth('2026-01-02', 6).map((day): Row => [day, 'Venmo from Ana', '1200.00'])
    const parents = await accountWith(db, shares)
    const employed = await accountWith(db, [
      ...shares,
      ...everyMonth('2026-01-28', 6).map((day): Row => [day, 'Acme', '1900.00']),
    ])
    const selfEmployed = await accountWith(db, [
      ...everyMonth('2026-01-02', 6).map((day): Row => [day, 'PIX RECEBIDO Clinica', '1200.00']),
      ['2026-03-05', 'Uncle', '50.00'],
    ])
    await signals.compute(db, { as_of })

    expect(await signal(db, employed.user_id, 'income_stability', '180d')).toMatchObject({
      payments: 6,
      total: '11400.0000',
    })
    for (const { user_id } of [parents, selfEmployed]) {
      expect(await signal(db, user_id, 'income_stability', '180d')).toMatchObject({ payments: 6, total: '7200.0000' })
    }
  })

  test('lets the matcher go first when asked, for who has something new', async ({ db }) => {
    const checking = await accountWith(db, [['2026-06-10', 'Mr. Bob', '-321.45']])
    const { user_id } = checking
    const savings = await createAccount(db, { user_id, account_type: 'savings' })
    await book(db, savings, [['2026-06-11', 'Mr. Bob', '321.45']])
    await book(db, checking, [['2026-06-12', 'Corner shop', '-100.00']])
    const options = { as_of, users: [user_id], match_transfers: true }
    const lasts = async () => {
      const { rows } = await computedFeatures.list(db, user_id, { signal_type: 'savings_behavior' })
      return rows[0]?.signal_value.emergency_fund_months
    }

    await signals.compute(db, { ...options, windows: ['30d'], match_transfers: false })
    expect(await lasts()).toBeCloseTo((321.45 * 30) / 421.45 / 30.436875, 3)
    expect(await signals.compute(db, { ...options, windows: ['30d'] })).toMatchObject({ computed: 0 })
    expect((await transferMatches.list(db, user_id)).rows).toEqual([])

    await book(db, checking, [['2026-06-13', 'Nothing much', '-0.01']])
    expect(await signals.compute(db, { ...options, windows: ['30d'] })).toMatchObject({ computed: 1 })
    expect((await transferMatches.list(db, user_id)).rows).toMatchObject([{ status: 'automatic' }])
    expect(await lasts()).toBeCloseTo((321.45 * 30) / 100.01 / 30.436875, 3)
    // what the matcher wrote is not something new
    expect(await signals.compute(db, { ...options, windows: ['30d'] })).toMatchObject({ computed: 0 })
  })

  test('leaves out what transferMatches paired, and takes it in again when that is rejected', async ({ db }) => {
    const account = await accountWith(db, [
      ['2026-06-10', 'Shop', '-100.00'],
      ['2026-06-11', 'Transfer', '-900.00'],
      ...charged('Club', '-25.00', ...everyMonth('2026-01-09', 6)),
    ])
    const { user_id } = account
    const savings = await createAccount(db, { user_id, account_type: 'savings' })
    await book(db, savings, [['2026-06-11', 'Transfer', '900.00']])
    const share = async () => {
      await signals.compute(db, { as_of, force: true })
      return (await signal(db, user_id, 'subscription', '30d')).share_of_spending
    }
    expect(await share()).toBe(0.0244) // 25 of 1025

    await transferMatches.find(db, { from: '2026-06-01', to: as_of })
    expect(await share()).toBe(0.2)

    const [match] = (await transferMatches.list(db, user_id)).rows
    await transferMatches.reject(db, user_id, match?.id as string)
    expect(await share()).toBe(0.0244)
  })

  test('sees what is put aside', async ({ db }) => {
    const { user_id } = await accountWith(db, [['2026-06-10', 'Shop', '-1500.00']], { opening_balance: '9000' })
    const savings = await createAccount(db, { user_id, account_type: 'high_yield_savings', opening_balance: '1000' })
    await book(db, savings, [
      ['2026-05-10', 'Monthly savings', '300.00', { category: 'transfer' }],
      ['2026-06-10', 'Monthly savings', '300.00', { category: 'transfer' }],
      ['2026-06-12', 'Taken out', '-100.00', { category: 'transfer' }],
      ['2026-06-15', 'Interest', '5.00', { category: 'interest' }],
      ['2026-07-02', 'After the day', '999.00', { category: 'transfer' }],
    ])

    await signals.compute(db, { as_of })

    expect(await signal(db, user_id, 'savings_behavior', '30d')).toMatchObject({
      net_inflow: '200.0000',
      monthly_net_inflow: '202.9125', // 200 in 30 days
      growth_rate: 0.1577, // 205 on 1300
      balance: '1505.0000',
      emergency_fund_months: 0.9889, // 1505 of 1500 spent in 30 days
    })
    expect(await signal(db, user_id, 'savings_behavior', '90d')).toMatchObject({ net_inflow: '500.0000' })
  })

  test('sees how steadily pay arrives', async ({ db }) => {
    const steady = await accountWith(
      db,
      everyDays('2026-01-02', 14, 13).map((day): Row => [day, 'Acme', '2000.00', { description: 'PAYROLL' }]),
    )
    const uneven = await accountWith(db, [
      ['2026-01-10', 'Client A', '3000.00'],
      ['2026-03-11', 'Client B', '5000.00'],
      ['2026-05-20', 'Client C', '4000.00'],
      ['2026-05-21', 'Client C', '12.00'],
      ['2026-06-10', 'Shop', '-3000.00'],
      ['2026-06-12', 'Shop', '300.00', { category: 'refund' }],
    ])

    await signals.compute(db, { as_of })

    expect(await signal(db, steady.user_id, 'income_stability')).toMatchObject({
      payments: 6,
      total: '12000.0000',
      median_gap_days: 14,
      variability: 0,
      cash_flow_buffer_months: null,
    })
    expect(await signal(db, uneven.user_id, 'income_stability', '180d')).toMatchObject({
      payments: 3,
      median_gap_days: 65, // 60 and 70
      variability: 0.25,
    })
    // no payment in the window: the gaps before it still say how pay arrives
    expect(await signal(db, uneven.user_id, 'income_stability', '30d')).toMatchObject({
      payments: 0,
      median_gap_days: 65,
      cash_flow_buffer_months: 3.0594, // 9312 at hand, 3000 spent in 30 days
    })
  })

  test.for(['Sollzinsen', 'INTÉRÊTS DÉBITEURS', 'Intereses aplazamiento', 'JUROS ROTATIVO', 'Ränta', '利息'])(
    'knows %s on a card for interest',
    async (merchant, { db }) => {
      const card = await createAccount(db, { account_type: 'credit_card', credit_limit: '1000' })
      await book(db, card, [['2026-06-25', merchant, '-9.00', { category: 'other' }]])

      await signals.compute(db, { as_of })

      expect(await cardSignal(db, card.user_id, card.id)).toMatchObject({ interest_charged: true })
    },
  )

  test('sees how a card is used', async ({ db }) => {
    const { user_id } = await createAccount(db)
    const open = (credit_limit: string | null, opening_balance: string) =>
      createAccount(db, { user_id, account_type: 'credit_card', credit_limit, opening_balance })
    const heavy = await open('1000', '-500')
    await book(db, heavy, [
      ['2026-06-12', 'Payment thank you', '25.00'],
      ['2026-06-20', 'Shop', '-30.00'],
      ['2026-06-25', 'Interest', '-9.00', { category: 'interest' }],
    ])
    const forgotten = await open('1000', '-100')
    await book(db, forgotten, [['2026-04-02', 'Shop', '-20.00']])
    const paid = await open('1000', '-100')
    await book(db, paid, [
      ['2026-06-02', 'Shop', '-290.00'],
      ['2026-06-12', 'Card', '390.00', { category: 'credit_card_payment' }],
      ['2026-06-13', 'Shop', '45.00', { category: 'refund' }],
      // what the bank books though there is none
      ['2026-06-02', 'Interest', '0.00', { category: 'interest' }],
      ['2026-06-02', 'Late fee', '0.00'],
    ])
    const unknown = await open(null, '-10')

    await signals.compute(db, { as_of })

    expect(await cardSignal(db, user_id, heavy.id)).toMatchObject({
      owed: '514.0000',
      credit_limit: '1000.0000',
      utilization: 0.514,
      at_30_percent: true,
      at_50_percent: true,
      at_80_percent: false,
      minimum_payment_only: true,
      interest_charged: true,
      overdue: false,
      payments: 1,
    })
    expect(await cardSignal(db, user_id, forgotten.id)).toMatchObject({ overdue: true, payments: 0, utilization: 0.12 })
    expect(await cardSignal(db, user_id, paid.id)).toMatchObject({
      owed: '0.0000',
      minimum_payment_only: false,
      interest_charged: false,
      overdue: false,
      payments: 1,
    })
    expect(await cardSignal(db, user_id, unknown.id)).toMatchObject({ utilization: null, at_30_percent: false })
  })

  test('mixes no people whose accounts have the same ids', async ({ db }) => {
    const people: string[] = []
    const [checking, card] = [crypto.randomUUID(), crypto.randomUUID()]
    for (const factor of [1, 3]) {
      const amount = (of: number) => `${of * factor}.00`
      const { user_id } = await accountWith(
        db,
        [
          ...everyMonth('2026-01-28', 6).map((day): Row => [day, 'Acme', amount(1000), { category: 'salary' }]),
          ...charged('Gym', amount(-30), ...everyMonth('2026-01-02', 6)),
        ],
        { id: checking },
      )
      const owed = {
        id: card,
        account_type: 'credit_card' as const,
        credit_limit: '1000',
        opening_balance: amount(-100),
      }
      await book(db, await createAccount(db, { user_id, ...owed }), [
        ['2026-06-12', 'Payment thank you', amount(25)],
        ['2026-06-20', 'Shop', amount(-7)],
      ])
      people.push(user_id)
    }
    const read = async () => Promise.all(people.map(async (id) => (await computedFeatures.list(db, id)).rows))
    const values = (rows: Awaited<ReturnType<typeof read>>) =>
      rows.map((of) => of.map(({ time_window, signal_type, signal_value }) => [time_window, signal_type, signal_value]))

    await signals.compute(db, { as_of, chunk: 1 })
    const alone = await read()
    await signals.compute(db, { as_of, force: true })

    expect(values(await read())).toEqual(values(alone))
    expect(alone.map((rows) => rows.length)).toEqual([12, 12])
  })

  test('mixes no currencies', async ({ db }) => {
    const { user_id } = await accountWith(db, [
      ...charged('Gym', '-30.00', ...everyMonth('2026-01-02', 6)),
      ['2026-06-02', 'Shop', '-70.00'],
    ])
    const euros = await createAccount(db, { user_id, currency: 'EUR' })
    await book(db, euros, charged('Zeitung', '-8.00', ...everyMonth('2026-02-11', 5)))

    await signals.compute(db, { as_of })

    expect(await signal(db, user_id, 'subscription', '30d')).toMatchObject({
      currency: 'USD',
      subscriptions: 2,
      monthly_spend: '30.0000',
      share_of_spending: 0.3,
      other_currencies: [{ currency: 'EUR', monthly_spend: '8.0000', share_of_spending: 1, monthly_bills: '0.0000' }],
    })
  })

  test('passes over who has nothing new, and sees every kind of news', async ({ db }) => {
    const account = await accountWith(db, charged('Gym', '-30.00', ...everyMonth('2026-01-02', 6)))
    await accountWith(db, charged('Gym', '-30.00', ...everyMonth('2026-01-02', 6)))
    const { user_id } = account
    const again = async (options: Partial<signals.ComputeOptions> = {}) =>
      (await signals.compute(db, { as_of, ...options })).computed

    expect(await again()).toBe(2)
    expect(await again()).toBe(0)
    expect(await again({ force: true, users: [user_id] })).toBe(1)

    await book(db, account, [['2026-06-15', 'Shop', '-1.00']])
    expect(await again()).toBe(1)
    await accounts.create(db, { user_id, account_type: 'savings', name: 'New' })
    expect(await again()).toBe(1)
    expect(await again({ as_of: '2026-06-29' })).toBe(2)
    expect(await again({ as_of: '2026-06-29', windows: ['30d'] })).toBe(0)
  })

  test('forgets the signals of a card that is gone', async ({ db }) => {
    const { user_id } = await accountWith(db, [['2026-06-15', 'Shop', '-1.00']])
    const card = await createAccount(db, { user_id, account_type: 'credit_card', credit_limit: '1000' })
    await computedFeatures.put(db, { user_id, time_window: '90d', signal_type: 'mood', signal_value: { calm: true } })
    await signals.compute(db, { as_of })
    expect(await cardSignal(db, user_id, card.id)).toBeDefined()

    await accounts.update(db, user_id, card.id, { status: 'closed' })
    await signals.compute(db, { as_of, force: true })

    expect(await cardSignal(db, user_id, card.id)).toBeUndefined()
    expect(await computedFeatures.find(db, user_id, '90d', 'mood')).toBeDefined()
  })

  test('looks at whom it is told, and refuses what makes no sense', async ({ db }) => {
    const { user_id } = await accountWith(db, [['2026-06-15', 'Shop', '-1.00']])
    await accountWith(db, [['2026-06-15', 'Shop', '-1.00']])
    const nobody = await createUser(db)

    expect(await signals.compute(db, { as_of, users: [user_id] })).toMatchObject({ users: 1, computed: 1 })
    expect(await signals.compute(db, { as_of, users: [nobody.id] })).toEqual({ users: 1, computed: 1, signals: 0 })
    expect(await signals.compute(db, { as_of, users: [] })).toEqual({ users: 0, computed: 0, signals: 0 })
    await expect(signals.compute(db, { as_of: 'now' })).rejects.toThrow(InvalidInputError)
  })
})

describe('signals.compute, committed', () => {
  async function population(db: Kysely<Database>, count: number) {
    for (let i = 0; i < count; i++) await accountWith(db, charged('Gym', '-30.00', ...everyMonth('2026-01-02', 6)))
  }

  test('sees a category that changed, and a row that an older transaction committed late', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    const account = await accountWith(db, charged('Gym', '-30.00', ...everyMonth('2026-01-02', 6)))
    const { user_id } = account
    await signals.compute(db, { as_of })
    const { rows } = await transactions.list(db, user_id)

    await transactions.categorize(db, user_id, rows[0]?.id as string, 'transfer')
    expect(await signals.compute(db, { as_of })).toMatchObject({ computed: 1 })

    await db.transaction().execute(async (late) => {
      await sql`select now()`.execute(late)
      await book(db, account, [['2026-06-15', 'Shop', '-1.00']])
      expect(await signals.compute(db, { as_of })).toMatchObject({ computed: 1 })
      await book(late, await createAccount(late, { user_id }), [['2026-06-16', 'Shop', '-2.00']])
    })
    expect(await signals.compute(db, { as_of })).toMatchObject({ computed: 1 })
    expect(await signals.compute(db, { as_of })).toMatchObject({ computed: 0 })
  })

  test('stops when it is told, keeps what is done, and goes on from there', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    await population(db, 5)
    const stop = new AbortController()
    const seen: unknown[] = []
    const never = signals.compute(db, { as_of, signal: AbortSignal.abort(new Error('not today')) })
    await expect(never).rejects.toThrow('not today')
    const run = signals.compute(db, {
      as_of,
      chunk: 1,
      connections: 1,
      signal: stop.signal,
      onProgress: (progress) => {
        seen.push(progress)
        if (progress.users === 2) stop.abort(new Error('enough'))
      },
    })

    await expect(run).rejects.toThrow('enough')
    expect(seen).toEqual([
      { users: 1, of: 5 },
      { users: 2, of: 5 },
    ])
    expect(await signals.compute(db, { as_of, chunk: 2, connections: 3 })).toMatchObject({ users: 5, computed: 3 })
  })

  test('takes the few that have something new together, though others stand between them', async ({ db }) => {
    const people = await Promise.all(
      Array.from({ length: 6 }, () => accountWith(db, charged('Gym', '-30.00', ...everyMonth('2026-01-02', 6)))),
    )
    const inOrder = people.toSorted((a, b) => (a.user_id < b.user_id ? -1 : 1))
    await signals.compute(db, { as_of })
    for (const i of [0, 2, 4]) await book(db, inOrder[i] as (typeof inOrder)[0], [['2026-06-15', 'Shop', '-1.00']])
    const seen: number[] = []

    const { users, computed } = await signals.compute(db, {
      as_of,
      chunk: 2,
      connections: 1,
      onProgress: (progress) => seen.push(progress.users),
    })

    expect({ users, computed }).toEqual({ users: 6, computed: 3 })
    // one of the first two and one of the next two pass; then two are computed; one of the last two passes; the last is computed
    expect(seen).toEqual([1, 2, 4, 5, 6])
    expect(await signals.compute(db, { as_of })).toMatchObject({ users: 6, computed: 0 })
  })

  test('parts people evenly among the connections', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    await population(db, 7)
    const sizes = async (options: { chunk?: number; connections?: number }) => {
      const seen = [0]
      const onProgress = ({ users }: { users: number }) => void seen.push(users)
      await signals.compute(db, { as_of, force: true, ...options, onProgress })
      return seen
        .slice(1)
        .map((users, i) => users - (seen[i] ?? 0))
        .sort()
    }

    expect(await sizes({})).toEqual([3, 4])
    expect(await sizes({ chunk: 3 })).toEqual([1, 2, 2, 2])
    expect(await sizes({ connections: 1 })).toEqual([7])
    expect(await sizes({ connections: 1, chunk: 6 })).toEqual([3, 4])
  })

  test('bears two runs at once', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    await population(db, 6)

    await Promise.all([
      signals.compute(db, { as_of, chunk: 2 }),
      signals.compute(db, { as_of, chunk: 3 }),
      signals.compute(db, { as_of, chunk: 1 }),
    ])

    const { rows } = await sql<{
      n: number
    }>`select count(*)::int as n from ${sql.table('finance.computed_features')}`.execute(db)
    expect(rows).toEqual([{ n: 6 * 9 }])
  })

  test('sees a change of a row that the same transaction had changed before', async ({ db }) => {
    const account = await accountWith(db, [])
    const [row] = await book(db, account, [['2026-06-15', 'Shop', '-1.00']])
    const { user_id, id } = row as { user_id: string; id: string }
    await transactions.categorize(db, user_id, id, 'food')
    await signals.compute(db, { as_of })

    await transactions.categorize(db, user_id, id, 'transfer')

    expect(await signals.compute(db, { as_of })).toMatchObject({ computed: 1 })
  })

  test('leaves nothing of a card that was closed between two runs at once', async () => {
    await using database = await freshDatabase()
    const { db } = database
    const { user_id } = await accountWith(db, charged('Streamhouse', '-9.99', ...everyMonth('2026-01-04', 6)))
    const compute = (handle: Kysely<Database>) => signals.compute(handle, { as_of })
    await compute(db)
    const card = await createAccount(db, { user_id, account_type: 'credit_card', credit_limit: '1000' })

    const { second } = await db.transaction().execute(async (trx) => {
      await compute(trx)
      await accounts.update(db, user_id, card.id, { status: 'closed' })
      const second = compute(db)
      await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
      return { second }
    })
    await second
    await compute(db)

    expect(await cardSignal(db, user_id, card.id)).toBeUndefined()
  })

  test('looks its people up one by one, and does not read everybody to write about a few', async ({ db }) => {
    await sql`insert into finance.users (email) select 'u' || n || '@example.org' from generate_series(1, 3000) n`.execute(
      db,
    )
    const { user_id } = await accountWith(db, [['2026-06-15', 'Shop', '-1.00']])
    await sql`analyze finance.users`.execute(db)
    const scans = async () => {
      const { rows } = await sql<{ n: number }>`
        select seq_scan::int as n from pg_stat_xact_user_tables where relid = 'finance.users'::regclass`.execute(db)
      return rows[0]?.n
    }
    const before = await scans()

    expect(await signals.compute(db, { as_of, users: [user_id] })).toMatchObject({ computed: 1 })

    expect(await scans()).toBe(before)
  })

  test('leaves the settings of a host’s transaction as they were', async () => {
    await using opened = await freshDatabase()
    await opened.db.transaction().execute(async (trx) => {
      await sql`set local work_mem = '5MB'`.execute(trx)
      await accountWith(trx as unknown as Kysely<Database>, [['2026-06-15', 'Shop', '-1.00']])
      await signals.compute(trx, { as_of })
      const { rows } =
        await sql`select current_setting('work_mem') as a, current_setting('enable_nestloop') as b`.execute(trx)
      expect(rows).toEqual([{ a: '5MB', b: 'on' }])
    })
  })

  test('gives the same on PGlite', async () => {
    await using opened = await pgliteDb()
    const { db } = opened
    const { user_id } = await accountWith(db, [
      ...charged('SQ *GYM 1234', '-30.00', ...everyMonth('2026-01-02', 6)),
      ['2026-06-01', 'Acme', '2000.00', { description: 'PAYROLL' }],
    ])
    await createAccount(db, { user_id, account_type: 'credit_card', credit_limit: '1000' })

    expect(await signals.compute(db, { as_of })).toEqual({ users: 1, computed: 1, signals: 12 })
    expect(await signals.compute(db, { as_of })).toEqual({ users: 1, computed: 0, signals: 0 })

    expect(await signal(db, user_id, 'subscription')).toMatchObject({ subscriptions: 1, monthly_spend: '30.0000' })
    expect(await signal(db, user_id, 'income_stability')).toMatchObject({ payments: 1, median_gap_days: null })
  })
})
