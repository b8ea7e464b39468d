import type { Kysely } from 'kysely'
import { describe, expect } from 'vitest'
import { computedFeatures, InvalidInputError, personaAssignments, personas, signals } from '../../src/index.js'
import type { Database, Persona, PersonaRule, TimeWindow } from '../../src/schema/index.js'
import { createAccount, createUser } from '../people.js'
import { test } from '../support.js'
import { accountWith, book, charged, everyMonth, type Row } from './charges.js'

const as_of = '2026-06-30'

async function judged(
  db: Kysely<Database>,
  userId: string,
  rules?: readonly PersonaRule[],
): Promise<Persona | undefined> {
  await signals.compute(db, { as_of })
  await personas.assign(db, { as_of, ...(rules && { rules }) })
  return (await personaAssignments.current(db, userId, '90d'))?.persona
}

const pay = everyMonth('2026-01-28', 6).map((day): Row => [day, 'Acme', '3000.00', { category: 'salary' }])
const services = ['Streamhouse', 'Tunewave', 'Gym'].flatMap((name) =>
  charged(name, '-20.00', ...everyMonth('2026-01-04', 6)),
)

/** Someone to whom no rule applies: pay, and purchases that use most of it up. */
async function plainPerson(db: Kysely<Database>, more: readonly Row[] = []) {
  return accountWith(db, [
    ...pay,
    ...everyMonth('2026-01-29', 6).map((day, i): Row => [day, `Shop ${'abcdef'[i]}`, '-2500.00']),
    ...more,
  ])
}

describe('personas.assign', () => {
  test('finds everyone a persona by the rules', async ({ db }) => {
    const plain = await plainPerson(db)
    const heavy = await plainPerson(db)
    await createAccount(db, {
      user_id: heavy.user_id,
      account_type: 'credit_card',
      credit_limit: '1000',
      opening_balance: '-500',
    })
    const uneven = await accountWith(db, [
      ['2026-02-01', 'Client A', '3000.00'],
      ['2026-04-01', 'Client B', '3000.00'],
      ['2026-06-01', 'Client C', '3000.00'],
      ['2026-06-10', 'Shop', '-8500.00'],
    ])
    const subscriber = await plainPerson(db, services)
    const saver = await plainPerson(db)
    await book(
      db,
      await createAccount(db, { user_id: saver.user_id, account_type: 'savings', opening_balance: '1000' }),
      everyMonth('2026-01-17', 6).map((day): Row => [day, 'Monthly savings', '250.00', { category: 'transfer' }]),
    )
    const everyone = { plain, heavy, uneven, subscriber, saver }

    await signals.compute(db, { as_of })
    expect(await personas.assign(db, { as_of })).toEqual({ judged: 15, assigned: 15, refreshed: 0 })

    const found = await Promise.all(
      Object.entries(everyone).map(async ([name, { user_id }]) => [
        name,
        (await personaAssignments.current(db, user_id, '90d'))?.persona,
      ]),
    )
    expect(Object.fromEntries(found)).toEqual({
      plain: 'general_wellness',
      heavy: 'high_utilization',
      uneven: 'variable_income_budgeter',
      subscriber: 'subscription_heavy',
      saver: 'savings_builder',
    })
    expect(await personas.assign(db, { as_of })).toEqual({ judged: 15, assigned: 0, refreshed: 0 })
  })

  test('keeps the rules that were tried and the numbers', async ({ db }) => {
    const { user_id } = await plainPerson(db, services)

    await judged(db, user_id)

    const reasons = (await personaAssignments.current(db, user_id, '90d'))?.reasons
    expect(reasons?.as_of).toBe(as_of)
    expect(reasons?.rules.map(({ persona, matched }) => [persona, matched])).toEqual([
      ['high_utilization', false],
      ['variable_income_budgeter', false],
      ['subscription_heavy', true],
    ])
    expect(reasons?.rules[2]?.conditions).toEqual([
      { signal: 'subscription', field: 'subscriptions', operator: '>=', value: 3, actual: 3, matched: true },
      { signal: 'subscription', field: 'monthly_spend', operator: '>=', value: 50, actual: '60.0000', matched: true },
      {
        signal: 'subscription',
        field: 'share_of_spending',
        operator: '>=',
        value: 0.1,
        actual: expect.any(Number),
        matched: false,
      },
    ])
  })

  test('asks every card for savings, and any card for debt', async ({ db }) => {
    const { user_id } = await plainPerson(db)
    const card = (opening_balance: string, credit_limit: string | null = '1000') =>
      createAccount(db, { user_id, account_type: 'credit_card', credit_limit, opening_balance })
    await book(db, await createAccount(db, { user_id, account_type: 'savings' }), [
      ['2026-06-17', 'Savings', '900.00', { category: 'transfer' }],
    ])
    await card('-100')
    await card('-100', null) // not known to be used
    expect(await judged(db, user_id)).toBe('savings_builder')

    await card('-310')
    expect(await judged(db, user_id)).toBe('general_wellness')

    await card('-510')
    expect(await judged(db, user_id)).toBe('high_utilization')
    const reasons = (await personaAssignments.current(db, user_id, '90d'))?.reasons
    expect(reasons?.rules[0]?.conditions[0]).toMatchObject({ field: 'utilization', actual: 0.51, matched: true })
  })

  test('takes the rules of a host, also about its own signals', async ({ db }) => {
    const { user_id } = await plainPerson(db)
    await computedFeatures.put(db, {
      user_id,
      time_window: '90d',
      signal_type: 'mood',
      signal_value: { calm: true, word: 'fine', deep: { level: '7.5' }, odd: 'seven' },
    })
    const rule = (persona: Persona, when: PersonaRule['when']): PersonaRule => ({ rule: persona, persona, when })
    const mood = { signal: 'mood', field: 'calm', is: '=', than: true } as const

    expect(await judged(db, user_id, [rule('savings_builder', { not: mood }), rule('subscription_heavy', mood)])).toBe(
      'subscription_heavy',
    )
    expect(await judged(db, user_id, [rule('savings_builder', { ...mood, field: 'word', than: 'fine' })])).toBe(
      'savings_builder',
    )
    const level = { signal: 'mood', field: 'deep.level', is: '>', than: 7 } as const
    expect(await judged(db, user_id, [rule('high_utilization', { any: [{ ...level, than: 8 }, level] })])).toBe(
      'high_utilization',
    )
    expect(await judged(db, user_id, [rule('savings_builder', { ...level, field: 'odd' })])).toBe('general_wellness')
    expect(await judged(db, user_id, [rule('savings_builder', { ...level, signal: 'none' })])).toBe('general_wellness')
  })

  test('writes a row when the persona changes, and no other', async ({ db }) => {
    const account = await plainPerson(db)
    const { user_id } = account
    expect(await judged(db, user_id)).toBe('general_wellness')

    await book(db, account, services)
    expect(await judged(db, user_id)).toBe('subscription_heavy')
    await book(db, account, [['2026-06-29', 'Shop', '-5.00']])
    await judged(db, user_id)

    const { rows } = await personaAssignments.list(db, user_id, { time_window: '90d' })
    expect(rows.map(({ persona }) => persona).sort()).toEqual(['general_wellness', 'subscription_heavy'])
  })

  test('judges by the signals of the day alone', async ({ db }) => {
    const { user_id } = await plainPerson(db)
    await createUser(db)
    await signals.compute(db, { as_of, users: [user_id], windows: ['90d'] })

    expect(await personas.assign(db, { as_of: '2026-06-29' })).toEqual({ judged: 0, assigned: 0, refreshed: 0 })
    expect(await personas.assign(db, { as_of })).toEqual({ judged: 1, assigned: 1, refreshed: 0 })
  })

  test('refuses rules that make no sense', async ({ db }) => {
    const refused = (when: unknown) =>
      expect(
        personas.assign(db, {
          as_of,
          rules: [{ rule: 'x', persona: 'savings_builder', when: when as PersonaRule['when'] }],
        }),
      ).rejects.toThrow(InvalidInputError)

    await refused({ signal: 'mood', field: 'a; drop', is: '=', than: true })
    await refused({ signal: 'mood', field: 'calm', is: '>', than: 'x' })
    await refused({ signal: 'mood', field: 'calm', is: '~', than: 1 })
    await refused({ some: [] })
  })

  test('brings the reasons of a persona that stays to the day, and leaves those of a hand alone', async ({ db }) => {
    const { user_id } = await plainPerson(db, services)
    await judged(db, user_id)
    const before = await personaAssignments.current(db, user_id, '90d')
    const other = await plainPerson(db, services)
    const byHand = await personaAssignments.assign(db, {
      user_id: other.user_id,
      time_window: '90d',
      persona: 'subscription_heavy',
    })

    await signals.compute(db, { as_of: '2026-07-01' })
    const windows: TimeWindow[] = ['90d']
    expect(await personas.assign(db, { as_of: '2026-07-01', windows })).toEqual({
      judged: 2,
      assigned: 0,
      refreshed: 1,
    })
    expect(await personas.assign(db, { as_of: '2026-07-01', windows })).toEqual({
      judged: 2,
      assigned: 0,
      refreshed: 0,
    })

    expect(before?.reasons?.as_of).toBe('2026-06-30')
    const after = await personaAssignments.current(db, user_id, '90d')
    expect(after).toMatchObject({ id: before?.id, assigned_at: before?.assigned_at, reasons: { as_of: '2026-07-01' } })
    expect(await personaAssignments.current(db, other.user_id, '90d')).toEqual(byHand)
  })
})
