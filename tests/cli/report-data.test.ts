import { describe, expect } from 'vitest'
import { lastDay, monthEnds, rangeUntil } from '../../src/cli/report/days.js'
import { hideFew } from '../../src/cli/report/few.js'
import { gatherPopulation } from '../../src/cli/report/population-data.js'
import { gatherUser } from '../../src/cli/report/user-data.js'
import { computedFeatures, type Db, personaAssignments, signals, transaction } from '../../src/index.js'
import { createAccount, createTransaction, createUser } from '../people.js'
import { test } from '../support.js'

const range = { from: '2026-01-01', to: '2026-03-31' }

describe('the data of a report', () => {
  test('spans twelve months, or so many days, and knows the ends of its months', () => {
    expect(rangeUntil('2024-02-29')).toEqual({ from: '2023-03-01', to: '2024-02-29' })
    expect(rangeUntil('2025-12-31')).toEqual({ from: '2025-01-01', to: '2025-12-31' })
    expect(rangeUntil('2026-03-01', 1)).toEqual({ from: '2026-03-01', to: '2026-03-01' })
    expect(rangeUntil('2026-03-01', 30)).toEqual({ from: '2026-01-31', to: '2026-03-01' })
    expect(monthEnds({ from: '2024-01-31', to: '2024-03-15' })).toEqual(['2024-01-31', '2024-02-29', '2024-03-15'])
    expect(monthEnds({ from: '2025-12-05', to: '2025-12-31' })).toEqual(['2025-12-31'])
  })

  test('ends with the last posted transaction that is not in the future', async ({ db }) => {
    const account = await createAccount(db)
    await createTransaction(db, account, { date: '2026-02-03' })
    await createTransaction(db, account, { date: '2026-02-09', status: 'pending' })
    await createTransaction(db, await createAccount(db), { date: '2026-02-05' })

    expect(await lastDay(db, account.user_id)).toBe('2026-02-03')
    expect(await lastDay(db)).toBe('2026-02-05')
  })

  test('is all that one person has, and nothing of another', async ({ db }) => {
    const user = await createUser(db, { first_name: 'Ada', last_name: 'Lovelace' })
    const account = await createAccount(db, { user_id: user.id, opening_balance: '100' })
    const euros = await createAccount(db, { user_id: user.id, name: 'Euros', currency: 'EUR' })
    for (const date of ['2025-12-04', '2026-01-04', '2026-02-04', '2026-03-04']) {
      await createTransaction(db, account, { date, merchant: 'Streamhouse', amount: '-15.49', category: 'streaming' })
    }
    await createTransaction(db, euros, { date: '2026-02-10', amount: '30', category: 'gifts' })
    const other = await createAccount(db)
    await createTransaction(db, other, { date: '2026-02-10', amount: '-999', category: 'other' })
    await personaAssignments.assign(db, { user_id: user.id, time_window: '30d', persona: 'savings_builder' })

    const report = await transaction(db, (trx) => gatherUser(trx, user, range))

    expect(report.user.name).toBe('Ada Lovelace')
    expect(report.cashFlow.filter(({ currency }) => currency === 'USD').map(({ net }) => net)).toEqual(
      Array(3).fill('-15.4900'),
    )
    expect(report.categories).toEqual([{ category: 'streaming', currency: 'USD', spent: '46.4700', transactions: 3 }])
    expect(report.accounts.map(({ name, days }) => [name, days.length, days.at(-1)?.balance]).toSorted()).toEqual([
      ['Euros', 90, '30.0000'],
      ['Everyday', 90, '38.0400'],
    ])
    expect(report.subscriptions).toMatchObject([
      { merchant: 'Streamhouse', next_date: '2026-04-04', amount: '15.4900' },
    ])
    expect(report.personas).toMatchObject([{ persona: 'savings_builder' }])
  })

  test('of everybody has no figure of fewer than five people', async ({ db }) => {
    for (let i = 0; i < 6; i++) {
      const account = await createAccount(db)
      await createTransaction(db, account, { date: '2026-01-05', amount: '-10.01', category: 'groceries' })
      await createTransaction(db, account, { date: '2026-01-06', amount: '100', category: 'salary' })
      if (i < 5) await createTransaction(db, account, { date: '2026-02-05', amount: '-1', category: 'groceries' })
      if (i < 5) await createTransaction(db, account, { date: '2026-03-05', amount: '-1', category: 'groceries' })
      if (i < 4) await createTransaction(db, account, { date: '2026-01-07', amount: '-7', category: 'gambling' })
      if (i < 5) await createTransaction(db, account, { date: '2026-01-08', amount: '-1', category: 'transport' })
      // the income of March would be that of one person
      if (i === 0) await createTransaction(db, account, { date: '2026-03-06', amount: '5000', category: 'salary' })
      if (i < 4) await createAccount(db, { user_id: account.user_id, account_type: 'savings' })
      if (i < 4) await createTransaction(db, await createAccount(db, { user_id: account.user_id, currency: 'EUR' }))
    }

    const report = await gatherPopulation(db, range)

    expect(report.people).toBe(6)
    expect(report.accounts).toEqual([{ type: 'checking', accounts: 10, people: 6 }])
    expect(report.categories).toEqual([
      { category: 'groceries', currency: 'USD', people: 6, transactions: 16, spent: '70.0600' },
    ])
    expect(report.cashFlow).toEqual([
      { month: '2026-01', currency: 'USD', people: 6, income: '600.0000', spending: '93.0600', net: '506.9400' },
      { month: '2026-02', currency: 'USD', people: 5, income: '0.0000', spending: '5.0000', net: '-5.0000' },
    ])
  })

  test('of everybody does not tell the spending of a few by what months and categories have of it', async ({ db }) => {
    for (let i = 0; i < 7; i++) {
      const account = await createAccount(db)
      const spend = (date: string, amount: string, category: string) =>
        createTransaction(db, account, { date, amount, category })
      await spend('2026-01-05', '-10', 'groceries')
      if (i < 6) await spend('2026-01-06', '-5', 'transport')
      if (i < 5) await spend('2026-02-05', '-3', 'groceries')
      if (i === 0) await spend('2026-01-07', '-321', 'clinic')
      if (i === 1) await spend('2026-03-07', '-432', 'groceries')
      const euros = await createAccount(db, { user_id: account.user_id, currency: 'EUR' })
      await createTransaction(db, euros, { date: '2026-01-05', amount: '-1', category: 'groceries' })
    }

    const { cashFlow, categories } = await gatherPopulation(db, range)

    // Not transport, nor February: clinic and March would be what is missing.
    expect(categories.map(({ category, currency }) => [category, currency])).toEqual([
      ['groceries', 'EUR'],
      ['groceries', 'USD'],
    ])
    expect(cashFlow.map(({ month, currency }) => [month, currency])).toEqual([
      ['2026-01', 'EUR'],
      ['2026-01', 'USD'],
    ])
  })

  test('of everybody tells the day of the signals when five people have it', async ({ db }) => {
    for (let i = 0; i < 4; i++) await createAccount(db)
    await signals.compute(db, { as_of: '2026-03-30' })
    expect(await gatherPopulation(db, range)).toMatchObject({ signalsOf: undefined })

    await createAccount(db)
    await signals.compute(db, { as_of: '2026-03-30' })
    expect(await gatherPopulation(db, range)).toMatchObject({ signalsOf: '2026-03-30' })
  })

  test('of everybody counts people by persona, card and savings', async ({ db }) => {
    for (let i = 0; i < 13; i++) {
      const { id } = await createUser(db)
      const persona = i < 6 ? 'savings_builder' : i < 11 ? 'high_utilization' : 'subscription_heavy'
      await personaAssignments.assign(db, { user_id: id, time_window: '30d', persona })
      await putSavings(db, id, i < 6 ? 0.5 : i < 12 ? 3 : null)
      // two cards: the fuller one counts
      await putCard(db, id, 0.05)
      await putCard(db, id, i < 5 ? 0.1 : 0.8)
    }

    const { personas, utilization, savings, signalsOf } = await gatherPopulation(db, range)

    expect(signalsOf).toBeUndefined()

    expect(personas).toEqual({ shown: [{ name: 'savings_builder', people: 6 }], others: 7 })
    expect(utilization.shown).toEqual([
      { name: '10 to 30 %', people: 5 },
      { name: '80 % or more', people: 8 },
    ])
    expect(savings.shown).toEqual([
      { name: 'below 1 month', people: 6 },
      { name: '3 to 6 months', people: 6 },
    ])
  })

  test('never tells a small group, nor lets it be had by subtraction', () => {
    const groups = (...sizes: number[]) => sizes.map((people) => ({ people }))

    expect(hideFew(groups(9, 5, 7))).toEqual({ shown: groups(9, 5, 7), others: 0 })
    expect(hideFew(groups(9, 2, 7))).toEqual({ shown: groups(9), others: 9 })
    expect(hideFew(groups(9, 2, 3, 7))).toEqual({ shown: groups(9, 7), others: 5 })
    expect(hideFew(groups(1, 2))).toEqual({ shown: [], others: 0 })
    expect(hideFew([])).toEqual({ shown: [], others: 0 })
  })
})

async function putSavings(db: Db, user_id: string, emergency_fund_months: number | null): Promise<void> {
  const nothing = { net_inflow: '0', monthly_net_inflow: '0', growth_rate: null, balance: '0' }
  const signal_value = { as_of: range.to, currency: 'USD', ...nothing, emergency_fund_months, other_currencies: [] }
  await computedFeatures.create(db, { user_id, time_window: '30d', signal_type: 'savings_behavior', signal_value })
}

async function putCard(db: Db, user_id: string, utilization: number): Promise<void> {
  const { id } = await createAccount(db, { user_id, account_type: 'credit_card' })
  await computedFeatures.create(db, {
    user_id,
    time_window: '30d',
    signal_type: `credit_utilization_${id}`,
    signal_value: {
      as_of: range.to,
      account_id: id,
      currency: 'USD',
      owed: '10',
      credit_limit: '100',
      utilization,
      at_30_percent: utilization >= 0.3,
      at_50_percent: utilization >= 0.5,
      at_80_percent: utilization >= 0.8,
      minimum_payment_only: false,
      interest_charged: false,
      overdue: false,
      payments: 0,
    },
  })
}
