import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  personas as assigning,
  computedFeatures,
  consents,
  decisionTraces,
  InvalidInputError,
  personaAssignments,
  recommendations,
  transaction,
  UnsupportedError,
} from '../../src/index.js'
import {
  type CatalogueItem,
  personas,
  type RecommendationCatalogue,
  recommendationTrace,
} from '../../src/schema/index.js'
import { createAccount, createUser } from '../people.js'
import { freshDatabase, pgliteDb, test } from '../support.js'
import { as_of, debtor, freelancer, judge, plainPerson, saver, subscriber } from './people.js'

const { defaultCatalogue, generate, replay } = recommendations
const window = '90d'
const nobody = { no_consent: 0, no_signals: 0, no_persona: 0, not_eligible: 0, duplicate: 0 }

const item = (overrides: Partial<CatalogueItem> = {}): CatalogueItem => ({
  key: 'an_item',
  type: 'education',
  title: 'An item',
  personas: [...personas],
  when: { all: [] },
  rationale: 'In the last {window.days|count} days.',
  ...overrides,
})
const catalogueOf = (...items: CatalogueItem[]): RecommendationCatalogue => ({ version: 'test', items })

describe('recommendations.generate', () => {
  test('has something for every persona, with the numbers of the person', async ({ db }) => {
    const people = {
      debtor: await debtor(db),
      freelancer: await freelancer(db),
      subscriber: await subscriber(db),
      saver: await saver(db),
      plain: await plainPerson(db),
    }
    await judge(db)

    expect(await generate(db, { as_of, window })).toMatchObject({ considered: 5, reached: 5, skipped: nobody })

    const got = await Promise.all(
      Object.entries(people).map(async ([name, id]) => [
        name,
        (await recommendations.list(db, id)).rows.map(({ catalogue_key }) => catalogue_key).sort(),
      ]),
    )
    expect(Object.fromEntries(got)).toEqual({
      debtor: expect.arrayContaining(['card_utilization']),
      freelancer: ['budgeting_app', 'emergency_fund', 'uneven_income_budget'],
      subscriber: ['subscription_review'],
      saver: ['emergency_fund', 'high_yield_savings_account', 'savings_goal'],
      plain: ['emergency_fund', 'save_on_payday'],
    })
    const words = async (id: string, key: string) =>
      (await recommendations.list(db, id)).rows.find(({ catalogue_key }) => catalogue_key === key)?.rationale
    expect(await words(people.debtor, 'card_utilization')).toBe(
      'Your card Blue card is used to 80%: $800.00 of a limit of $1,000.00. Less than 30 % is often given as a goal.',
    )
    expect(await words(people.subscriber, 'subscription_review')).toMatch(
      /^You spend \$60\.00 a month on 3 subscriptions; they are 2\.\d% of your spending in the last 90 days\./,
    )
    expect(await words(people.saver, 'high_yield_savings_account')).toContain('You have $2,500.00 in savings')
  })

  test('writes a trace from which the decision can be made again', async ({ db }) => {
    const user_id = await saver(db)
    await judge(db)
    await generate(db, { as_of, window, limit_per_user: 2 })

    const { rows } = await recommendations.list(db, user_id)
    expect(rows).toHaveLength(2)
    for (const { id, catalogue_key, rationale, title, type } of rows) {
      const stored = (await decisionTraces.getByRecommendation(db, user_id, id)).trace_data
      const trace = recommendationTrace.parse(stored)
      expect(trace).toEqual(stored)
      expect(trace).toMatchObject({
        as_of,
        time_window: window,
        persona: 'savings_builder',
        recommended: catalogue_key,
        consent: { required: true, at_least: null, standing: { version: '1.0' } },
        catalogue: { version: defaultCatalogue.version, locale: 'en-US' },
      })
      expect(trace.persona_assignment.reasons).toEqual((await personaAssignments.current(db, user_id, window))?.reasons)
      expect(trace.signals.savings_behavior).toEqual(
        (await computedFeatures.find(db, user_id, window, 'savings_behavior'))?.signal_value,
      )
      expect(trace.rules.map(({ rule }) => rule)).toEqual(defaultCatalogue.items.map(({ key }) => key))
      expect(
        trace.rules
          .filter(({ matched }) => matched)
          .map(({ rule }) => rule)
          .sort(),
      ).toEqual(rows.map((row) => row.catalogue_key).sort())
      expect(trace.rules.find(({ rule }) => rule === catalogue_key)).toMatchObject({
        outcome: 'recommended',
        item: { title, type },
        rationale,
      })
      expect(trace.rules.map(({ outcome }) => outcome)).toContain('over_limit')
      expect(replay(stored)).toEqual(trace.rules)
      // and it does follow from what is in the trace
      const without = { ...trace, signals: {} }
      expect(replay(without).some(({ matched }) => matched)).toBe(false)
      const otherwise = replay({ ...trace, given: [{ catalogue_key, recommendation_id: id, created_at: 'then' }] })
      expect(otherwise.find(({ rule }) => rule === catalogue_key)?.outcome).toBe('duplicate')
    }
    expect(() => replay({ as_of })).toThrow(InvalidInputError)
  })

  test('counts who gets nothing, by the reason', async ({ db }) => {
    await plainPerson(db)
    await plainPerson(db, [], false)
    const old = await plainPerson(db)
    await createUser(db) // no consent, and nothing else
    await judge(db)
    const late = await plainPerson(db) // no signals
    await db.deleteFrom('finance.persona_assignments').where('user_id', '=', old).execute()

    const catalogue = catalogueOf(item({ when: { any: [] } }))
    const none = { considered: 5, reached: 0, created: 0 }
    expect(await generate(db, { as_of, catalogue })).toEqual({
      ...none,
      skipped: { no_consent: 2, no_signals: 1, no_persona: 1, not_eligible: 1, duplicate: 0 },
    })
    expect(await generate(db, { as_of: '2026-06-29', catalogue })).toEqual({
      ...none,
      skipped: { ...nobody, no_consent: 2, no_signals: 3 },
    })
    expect(await generate(db, { as_of, users: [late, late.toUpperCase()] })).toEqual({
      considered: 1,
      reached: 0,
      created: 0,
      skipped: { ...nobody, no_signals: 1 },
    })
  })

  test('asks for a version of the consent, or for none', async ({ db }) => {
    const user_id = await plainPerson(db)
    await judge(db)
    const options = { as_of, catalogue: catalogueOf(item()) }

    const refused = await generate(db, { ...options, requireConsent: { version: '2.0' } })
    expect(refused).toMatchObject({ created: 0, skipped: { no_consent: 1 } })
    await consents.revoke(db, user_id)
    expect(await generate(db, options)).toMatchObject({ created: 0, skipped: { no_consent: 1 } })
    expect(await generate(db, { ...options, requireConsent: false })).toMatchObject({ created: 1, skipped: nobody })
    const [made] = (await recommendations.list(db, user_id)).rows
    const { trace_data } = await decisionTraces.getByRecommendation(db, user_id, made?.id ?? '')
    expect(trace_data.consent).toEqual({ required: false, at_least: null, standing: null })
  })

  test('gives nobody an item twice in the period, nor more than the limit', async ({ db }) => {
    const user_id = await plainPerson(db)
    await judge(db)
    const catalogue = catalogueOf(item({ key: 'a' }), item({ key: 'b' }), item({ key: 'c' }))
    const options = { as_of, catalogue, limit_per_user: 2 }
    const keys = async () =>
      (await recommendations.list(db, user_id)).rows.map(({ catalogue_key }) => catalogue_key).sort()
    const age = (days: number, key: string) =>
      sql`update finance.recommendations set created_at = now() - make_interval(days => ${days})
        where catalogue_key = ${key}`.execute(db)

    expect(await generate(db, options)).toMatchObject({ created: 2, reached: 1 })
    expect(await generate(db, options)).toMatchObject({ created: 0, reached: 0, skipped: { duplicate: 1 } })
    expect(await keys()).toEqual(['a', 'b'])
    await age(31, 'b')
    expect(await generate(db, { ...options, period_days: 32 })).toMatchObject({ created: 0 })
    expect(await generate(db, options)).toMatchObject({ created: 1 })
    expect(await keys()).toEqual(['a', 'b', 'b'])
    expect(await generate(db, { ...options, limit_per_user: 3 })).toMatchObject({ created: 1 })
    expect(await keys()).toEqual(['a', 'b', 'b', 'c'])
  })

  test('asks for accounts, balances and cards that are paid on time', async ({ db }) => {
    const user_id = await saver(db)
    await createAccount(db, { user_id, account_type: 'loan', status: 'closed' })
    await createAccount(db, { user_id, account_type: 'savings', currency: 'EUR', opening_balance: '99999' })
    await judge(db)
    const least = (amount: string, currency = 'USD') => ({
      min_balance: { account_types: ['savings' as const], amount, currency },
    })
    const cases: Record<string, [CatalogueItem['eligibility'], boolean]> = {
      has: [{ has_account: ['loan', 'savings'] }, true],
      has_closed: [{ has_account: ['loan'] }, false],
      has_no_closed: [{ has_no_account: ['loan'] }, true],
      has_no: [{ has_no_account: ['loan', 'savings'] }, false],
      exactly: [least('2500.0000'), true],
      one_less: [least('2500.0001'), false],
      euros: [least('2501', 'EUR'), true],
      pounds: [least('0', 'GBP'), false],
      both: [{ has_account: ['savings'], ...least('9999') }, false],
      on_time: [{ no_overdue: true }, true],
    }
    const items = Object.entries(cases).map(([key, [eligibility]]) => item({ key, eligibility }))
    await generate(db, { as_of, catalogue: catalogueOf(...items), limit_per_user: 100 })

    const got = new Set((await recommendations.list(db, user_id)).rows.map(({ catalogue_key }) => catalogue_key))
    expect(Object.fromEntries(Object.keys(cases).map((key) => [key, got.has(key)]))).toEqual(
      Object.fromEntries(Object.entries(cases).map(([key, [, fits]]) => [key, fits])),
    )

    const [type] = (await computedFeatures.list(db, user_id)).rows.map(({ signal_type }) => signal_type)
    expect(type).toBeDefined()
    await computedFeatures.put(db, {
      user_id,
      time_window: '30d',
      signal_type: 'credit_utilization_00000000-0000-0000-0000-000000000001',
      signal_value: card({ overdue: true }),
    })
    const late = catalogueOf(item({ key: 'late', eligibility: { no_overdue: true } }))
    expect(await generate(db, { as_of, catalogue: late, limit_per_user: 100 })).toMatchObject({
      created: 0,
      skipped: { not_eligible: 1 },
    })
  })

  test('never writes a sentence with a hole, and compares money in one currency', async ({ db }) => {
    const user_id = await subscriber(db)
    await judge(db)
    const spend = (than: number) => ({ signal: 'subscription', field: 'monthly_spend', is: '>=' as const, than })
    await computedFeatures.put(db, {
      user_id,
      time_window: '30d',
      signal_type: 'hoard',
      signal_value: { currency: 'JPY', big: '90071992547409.3400', deep: [{ currency: 'EUR', sum: '1.5' }] },
    })
    const big = { signal: 'hoard', field: 'big', is: '=' as const }
    const items = [
      item({ key: 'no_field', rationale: '{subscription.none|money}' }),
      item({ key: 'no_card', rationale: '{card.owed|money}' }),
      item({ key: 'no_money', rationale: '{subscription.subscriptions|money}' }),
      item({ key: 'no_count', rationale: '{subscription.share_of_spending|count}' }),
      item({ key: 'inherited', rationale: '{subscription.constructor.name|text}' }),
      item({ key: 'a_date', rationale: 'On {subscription.as_of|date}.' }),
      item({ key: 'big', when: { ...big, than: 90071992547409.34 }, rationale: '{hoard.big|money}' }),
      item({ key: 'bigger', when: { ...big, is: '>', than: 90071992547409.34 } }),
      item({ key: 'deep', rationale: '{hoard.deep.0.sum|money} and {hoard.big|number}' }),
      item({ key: 'dollars', currency: 'USD', when: spend(60) }),
      item({ key: 'too_many_dollars', currency: 'USD', when: spend(60.0001) }),
      item({ key: 'euros', currency: 'EUR', when: spend(60) }),
      item({ key: 'not_euros', currency: 'EUR', when: { not: spend(60) } }),
    ]
    await generate(db, { as_of, catalogue: catalogueOf(...items), limit_per_user: 100 })

    const got = (await recommendations.list(db, user_id)).rows.map(
      ({ catalogue_key, rationale }) => [catalogue_key, rationale] as const,
    )
    expect(Object.fromEntries(got)).toEqual({
      a_date: 'On June 30, 2026.',
      big: '¥90,071,992,547,409',
      deep: '€1.50 and 90,071,992,547,409.34',
      dollars: 'In the last 30 days.',
    })
  })

  test('cites the card that the conditions are about', async ({ db }) => {
    const user_id = await plainPerson(db)
    const one = await createAccount(db, { user_id, name: 'Late card', account_type: 'credit_card' })
    const other = await createAccount(db, { user_id, name: 'Full card', account_type: 'credit_card' })
    await judge(db)
    const put = (account_id: string, more: object) =>
      computedFeatures.put(db, {
        user_id,
        time_window: '30d',
        signal_type: `credit_utilization_${account_id}`,
        signal_value: card({ account_id, ...more }),
      })
    await put(one.id, { overdue: true, utilization: 0.1 })
    await put(other.id, { utilization: 0.9 })
    const overdue = { signal: 'credit_utilization', field: 'overdue', is: '=' as const, than: true }
    const full = { signal: 'credit_utilization', field: 'utilization', is: '>=' as const, than: 0.5 }
    const rationale = '{card.name|text}: {card.utilization|percent}'
    const items = [
      item({ key: 'late', when: overdue, rationale }),
      item({ key: 'full', when: full, rationale }),
      item({ key: 'any', rationale }),
      item({ key: 'no_card_is_both', when: { all: [overdue, full] }, rationale }),
      item({ key: 'both_without_a_word', when: { all: [overdue, full] } }),
    ]
    await generate(db, { as_of, catalogue: catalogueOf(...items), limit_per_user: 100 })

    const got = (await recommendations.list(db, user_id)).rows.map(
      ({ catalogue_key, rationale: words }) => [catalogue_key, words] as const,
    )
    expect(Object.fromEntries(got)).toEqual({
      late: 'Late card: 10%',
      full: 'Full card: 90%',
      any: 'Full card: 90%',
      both_without_a_word: 'In the last 30 days.',
    })
  })

  test('refuses a catalogue that is not in order', async ({ db }) => {
    const refused = (...items: object[]) =>
      expect(generate(db, { as_of, catalogue: catalogueOf(...(items as CatalogueItem[])) })).rejects.toThrow(
        InvalidInputError,
      )
    await refused(item(), item())
    await refused(item({ type: 'offer' }))
    await refused(item({ type: 'offer', product: 'payday_loan' }))
    await refused(item({ product: 'a_card' }))
    await refused(item({ rationale: 'You spend {subscription.monthly_spend}.' }))
    await refused(item({ rationale: 'You spend {subscription.monthly_spend|euros}.' }))
    await refused(item({ personas: [] }))
    await expect(
      generate(db, { as_of, catalogue: { version: '1', locale: 'no such_locale', items: [] } }),
    ).rejects.toThrow(InvalidInputError)
  })

  test('takes the catalogue of a host, in its language', async ({ db }) => {
    const user_id = await subscriber(db)
    await judge(db)
    const own = item({ key: 'own', rationale: '{subscription.monthly_spend|money} am {subscription.as_of|date}' })
    const catalogue = { version: 'own-1', locale: 'de-DE', items: [own, ...defaultCatalogue.items] }
    await generate(db, { as_of, catalogue, limit_per_user: 1 })

    const [made, ...rest] = (await recommendations.list(db, user_id)).rows
    expect(rest).toEqual([])
    expect(made?.rationale.replace(/\s/g, ' ')).toBe('60,00 $ am 30. Juni 2026')
  })

  test('asks as personas.assign does', async ({ db }) => {
    const people = [
      await debtor(db),
      await freelancer(db),
      await subscriber(db),
      await saver(db),
      await plainPerson(db),
    ]
    await judge(db)
    await generate(db, {
      as_of,
      window,
      catalogue: catalogueOf(
        ...assigning.defaultRules.map(({ when, persona }) => item({ key: persona, when })),
        item({ key: 'all' }),
      ),
      limit_per_user: 100,
    })
    for (const user_id of people) {
      const reasons = (await personaAssignments.current(db, user_id, window))?.reasons?.rules ?? []
      const [made] = (await recommendations.list(db, user_id)).rows
      const { trace_data } = await decisionTraces.getByRecommendation(db, user_id, made?.id ?? '')
      const rules = recommendationTrace.parse(trace_data).rules
      expect(reasons.length).toBeGreaterThan(0)
      for (const reason of reasons.filter(({ persona }) => persona !== 'general_wellness')) {
        expect(rules.find(({ rule }) => rule === reason.persona)).toMatchObject({
          conditions_matched: reason.matched,
          conditions: reason.conditions,
        })
      }
    }
  })

  test('goes through everybody in chunks, and stops when it is told to', async ({ db }) => {
    for (let i = 0; i < 3; i++) await plainPerson(db)
    await judge(db)
    const options = { as_of, catalogue: catalogueOf(item()), chunk: 1, connections: 1 }
    const controller = new AbortController()
    const seen: number[] = []
    const stopped = generate(db, {
      ...options,
      signal: controller.signal,
      onProgress: ({ users, of }) => {
        expect(of).toBe(3)
        seen.push(users)
        if (users === 2) controller.abort(new Error('enough'))
      },
    })
    await expect(stopped).rejects.toThrow('enough')
    expect(seen).toEqual([1, 2])
    expect(await generate(db, options)).toMatchObject({ considered: 3, created: 1, skipped: { duplicate: 2 } })
  })

  test('gives an item once when two run at the same time, and needs to see what the other did', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const people: string[] = []
    for (let i = 0; i < 4; i++) people.push(await plainPerson(db))
    await judge(db)
    const options = { as_of, catalogue: catalogueOf(item()), chunk: 2 }

    const results = await Promise.all([1, 2, 3, 4].map(() => generate(db, { ...options, connections: 1 })))
    expect(results.map(({ created }) => created).reduce((a, b) => a + b)).toBe(4)
    for (const id of people) expect((await recommendations.list(db, id)).rows).toHaveLength(1)

    await expect(
      transaction(db, (trx) => generate(trx, options), { isolationLevel: 'repeatable read' }),
    ).rejects.toThrow(UnsupportedError)
    expect(await transaction(db, (trx) => generate(trx, options))).toMatchObject({ created: 0 })
  })

  test('leaves nothing to who takes the consent back meanwhile', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const [revoking, renewing] = [await plainPerson(db), await plainPerson(db)]
    await judge(db)
    let running: Promise<unknown> = Promise.resolve()
    await transaction(db, async (trx) => {
      await consents.revoke(trx, revoking)
      await consents.grant(trx, { user_id: renewing, version: '2.0' })
      running = generate(db, { as_of, catalogue: catalogueOf(item()) })
      await waitingForLock(db)
    })
    expect(await running).toMatchObject({ considered: 2, created: 1, skipped: { no_consent: 1 } })
    expect((await recommendations.list(db, revoking)).rows).toEqual([])
    expect((await recommendations.list(db, renewing)).rows).toHaveLength(1)

    // and the other way round: taking it back waits for what was begun with it
    const order: string[] = []
    let revoked: Promise<unknown> = Promise.resolve()
    await transaction(db, async (trx) => {
      await generate(trx, { as_of, catalogue: catalogueOf(item({ key: 'other' })) })
      revoked = consents.revoke(db, renewing).then(() => order.push('revoked'))
      await waitingForLock(db)
      order.push('committing')
    })
    await revoked
    expect(order).toEqual(['committing', 'revoked'])
  })

  test('works on PGlite', async () => {
    await using opened = await pgliteDb()
    const { db } = opened
    const user_id = await saver(db)
    await judge(db)

    expect(await generate(db, { as_of, window })).toMatchObject({ considered: 1, reached: 1, created: 3 })
    expect(await generate(db, { as_of, window })).toMatchObject({ created: 0, skipped: { duplicate: 1 } })
    const [made] = (await recommendations.list(db, user_id)).rows
    const { trace_data } = await decisionTraces.getByRecommendation(db, user_id, made?.id ?? '')
    expect(replay(trace_data)).toEqual(trace_data.rules)
  })
})

function card(overrides: object) {
  return {
    as_of,
    account_id: '00000000-0000-0000-0000-000000000001',
    currency: 'USD',
    owed: '10.0000',
    credit_limit: '100.0000',
    utilization: 0.1,
    at_30_percent: false,
    at_50_percent: false,
    at_80_percent: false,
    minimum_payment_only: false,
    interest_charged: false,
    overdue: false,
    payments: 0,
    ...overrides,
  }
}

async function waitingForLock(db: Parameters<typeof generate>[0]): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      db,
    )
    if ((rows[0]?.n ?? 0) > 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('nobody waits')
}
