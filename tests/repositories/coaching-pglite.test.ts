import { expect, test } from 'vitest'
import {
  ConsentRequiredError,
  chatLogs,
  consents,
  decisionTraces,
  insights,
  OperatorRequiredError,
  operatorActions,
  personaAssignments,
  recommendations,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { pgliteDb } from '../support.js'

test('the calls of coaching do the same on PGlite', { timeout: 120_000 }, async () => {
  await using embedded = await pgliteDb()
  const { db } = embedded
  const { id: user_id } = await createUser(db)
  const { id: operator_id } = await createUser(db, { role: 'operator' })

  const first = await consents.grant(db, { user_id, version: '1.9', ip_address: '::1' })
  expect(await consents.grant(db, { user_id, version: '1.9' })).toEqual(first)
  const second = await consents.grant(db, { user_id, version: '1.10' })
  expect(await consents.current(db, user_id, { version: '1.9.5' })).toEqual(second)

  const advice = { user_id, type: 'offer', title: 'A card', rationale: 'Cheaper.', shown_at: new Date() } as const
  const trace = { as_of: '2026-03-01', rules: [{ rule: 'x', matched: true }] }
  const made = await recommendations.create(db, advice, { trace, requireConsent: { version: '1.10' } })
  expect(made).toMatchObject(advice)
  expect(await decisionTraces.getByRecommendation(db, user_id, made.id)).toMatchObject({ trace_data: trace })
  expect(await recommendations.create(db, { ...advice, shown_at: null })).toMatchObject({ shown_at: null })
  expect(await recommendations.createMany(db, [advice, advice], { requireConsent: true })).toHaveLength(2)
  expect(await recommendations.markClicked(db, user_id, made.id)).toMatchObject({ clicked: true })
  const span = { from: new Date(0), to: new Date(Date.now() + 60_000) }
  const funnel = { created: 4, shown: 3, clicked: 1, shown_rate: 0.75, click_rate: 1 / 3 }
  expect(await recommendations.funnel(db, span)).toEqual(funnel)
  expect((await recommendations.funnelByUser(db, span)).rows).toEqual([{ user_id, ...funnel }])

  expect(await consents.revoke(db, user_id)).toMatchObject({ id: second.id })
  for (const requireConsent of [true, { version: '1.0' }]) {
    await expect(recommendations.create(db, advice, { requireConsent })).rejects.toThrow(ConsentRequiredError)
    await expect(recommendations.createMany(db, [advice], { requireConsent })).rejects.toThrow(ConsentRequiredError)
  }

  const tip = { user_id, title: 'You saved more', message: '', type: 'savings' }
  const [old, fresh] = await insights.createMany(db, [tip, tip])
  expect(await insights.markRead(db, user_id, [old?.id as string])).toBe(1)
  expect(await insights.unreadCount(db, user_id)).toBe(1)
  expect((await insights.list(db, user_id, { is_read: false })).rows).toEqual([fresh])
  expect(await insights.markRead(db, user_id, 'all')).toBe(1)

  const window = { user_id, time_window: '30d' } as const
  const saver = await personaAssignments.assign(db, { ...window, persona: 'savings_builder' })
  expect(await personaAssignments.assign(db, { ...window, persona: 'savings_builder' })).toEqual(saver)
  const well = await personaAssignments.assign(db, { ...window, persona: 'general_wellness' })
  expect(await personaAssignments.currentOfEachWindow(db, user_id)).toEqual([well])
  expect(await personaAssignments.population(db, { time_window: '30d' })).toContainEqual({
    persona: 'general_wellness',
    users: 1,
  })

  const said = { user_id, message: 'q', response: 'a' }
  await chatLogs.create(db, { ...said, created_at: new Date(Date.UTC(2026, 1)) })
  const held = await chatLogs.create(db, { ...said, guardrails_passed: false, created_at: new Date(Date.UTC(2026, 2)) })
  expect(await chatLogs.purge(db, { before: held.created_at, limit: 5 })).toBe(1)
  expect((await chatLogs.listFlagged(db)).rows).toEqual([held])

  const action = { action_type: 'flag', reason: 'Odd.' } as const
  const recorded = await operatorActions.record(db, { operator_id, user_id, ...action })
  expect((await operatorActions.listByOperator(db, operator_id)).rows).toEqual([recorded])
  await expect(operatorActions.record(db, { operator_id: user_id, user_id: operator_id, ...action })).rejects.toThrow(
    OperatorRequiredError,
  )
})
