import { describe, expect } from 'vitest'
import {
  ConflictError,
  type Db,
  decisionTraces,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  recommendations,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { test } from '../support.js'

const trace_data = {
  as_of: '2026-03-01',
  persona: 'high_utilization',
  signals: { credit_utilization_1: { utilization: 0.62, limits: [1, null, 'ünï'] } },
  rules: [{ rule: 'any card at 50 %', matched: true, seen: '62 %' }],
  model: { version: 3 },
}

function createAdvice(db: Db, user_id: string) {
  return recommendations.create(db, { user_id, type: 'education', title: 'Credit', rationale: 'Because.' })
}

describe('decisionTraces', () => {
  test('are found by the recommendation they explain, word for word, through its owner', async ({ db }) => {
    const [owner, stranger] = [await createUser(db), await createUser(db)]
    const { id: recommendation_id } = await createAdvice(db, owner.id)
    const other = await createAdvice(db, owner.id)

    const trace = await decisionTraces.create(db, { user_id: owner.id, recommendation_id, trace_data })

    expect(trace.trace_data).toEqual(trace_data)
    expect(await decisionTraces.getByRecommendation(db, owner.id, recommendation_id)).toEqual(trace)
    expect(await decisionTraces.findByRecommendation(db, owner.id, other.id)).toBeUndefined()
    await expect(decisionTraces.getByRecommendation(db, stranger.id, recommendation_id)).rejects.toThrow(NotFoundError)
  })

  test('are one for each recommendation, of the same user', async ({ db }) => {
    const [owner, stranger] = [await createUser(db), await createUser(db)]
    const { id: recommendation_id } = await createAdvice(db, owner.id)
    await decisionTraces.create(db, { user_id: owner.id, recommendation_id, trace_data })

    await expect(decisionTraces.create(db, { user_id: owner.id, recommendation_id, trace_data })).rejects.toThrow(
      ConflictError,
    )
    await expect(decisionTraces.create(db, { user_id: stranger.id, recommendation_id, trace_data })).rejects.toThrow(
      MissingReferenceError,
    )
  })

  test.for([
    ['a Date', { at: new Date() }],
    ['a number that is none', { signals: { x: Number.NaN } }],
    ['a rule without a verdict', { rules: [{ rule: 'x' }] }],
    ['a day that is none', { as_of: '2026-02-30' }],
  ])('refuse %s', async ([, data], { db }) => {
    const { id: user_id } = await createUser(db)
    const { id: recommendation_id } = await createAdvice(db, user_id)

    await expect(
      // @ts-expect-error some are not what the type says
      decisionTraces.create(db, { user_id, recommendation_id, trace_data: data }),
    ).rejects.toThrow(InvalidInputError)
  })

  test('are listed newest first, page by page, within a span of time', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const traces = []
    for (let i = 0; i < 3; i++) {
      traces.push({ user_id, recommendation_id: (await createAdvice(db, user_id)).id, trace_data })
    }
    const [first, second, third] = await decisionTraces.createMany(db, traces)

    const page = await decisionTraces.list(db, user_id, {}, { limit: 2 })
    const rest = await decisionTraces.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([third, second, first])
    const now = first?.created_at as Date
    const later = new Date(now.getTime() + 1)
    expect((await decisionTraces.list(db, user_id, { from: now, to: later })).rows).toHaveLength(3)
    expect((await decisionTraces.list(db, user_id, { from: later })).rows).toEqual([])
    expect((await decisionTraces.list(db, user_id, { to: now })).rows).toEqual([])
  })

  test('go with their recommendation', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const { id: recommendation_id } = await createAdvice(db, user_id)
    await decisionTraces.create(db, { user_id, recommendation_id, trace_data })

    await db.deleteFrom('finance.recommendations').where('id', '=', recommendation_id).execute()

    expect((await decisionTraces.list(db, user_id)).rows).toEqual([])
  })
})
