import { describe, expect } from 'vitest'
import { InvalidInputError, NotFoundError, RuleViolationError, recommendations } from '../../src/index.js'
import { createUser } from '../people.js'
import { test } from '../support.js'

const advice = {
  type: 'education',
  title: 'How utilization works',
  rationale: 'Your card is at 62 % of its limit.',
} as const

describe('recommendations', () => {
  test('starts unseen', async ({ db }) => {
    const { id: user_id } = await createUser(db)

    const recommendation = await recommendations.create(db, { user_id, ...advice })

    expect(recommendation).toMatchObject({ shown_at: null, clicked: false, type: 'education' })
    expect(await recommendations.get(db, user_id, recommendation.id)).toEqual(recommendation)
  })

  test('is clicked only after it was shown', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const { id } = await recommendations.create(db, { user_id, ...advice })

    await expect(recommendations.update(db, user_id, id, { clicked: true })).rejects.toThrow(RuleViolationError)
    await expect(recommendations.create(db, { user_id, ...advice, clicked: true })).rejects.toThrow(InvalidInputError)
    const shown_at = new Date('2026-03-01T10:00:00.123Z')
    await recommendations.update(db, user_id, id, { shown_at })

    expect(await recommendations.update(db, user_id, id, { clicked: true })).toMatchObject({ shown_at, clicked: true })
  })

  test('lists newest first, by what became of them', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const shown_at = new Date()
    const [fresh, shown, offer] = await recommendations.createMany(db, [
      { user_id, ...advice },
      { user_id, ...advice, shown_at },
      { user_id, ...advice, type: 'offer', shown_at, clicked: true },
    ])

    const page = await recommendations.list(db, user_id, {}, { limit: 2 })
    const rest = await recommendations.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([offer, shown, fresh])
    expect((await recommendations.list(db, user_id, { shown: false })).rows).toEqual([fresh])
    expect((await recommendations.list(db, user_id, { shown: true, clicked: false })).rows).toEqual([shown])
    expect((await recommendations.list(db, user_id, { type: 'offer' })).rows).toEqual([offer])
  })

  test('does not open a recommendation through another user', async ({ db }) => {
    const [owner, stranger] = [await createUser(db), await createUser(db)]
    const { id } = await recommendations.create(db, { user_id: owner.id, ...advice })

    await expect(recommendations.get(db, stranger.id, id)).rejects.toThrow(NotFoundError)
    await expect(recommendations.update(db, stranger.id, id, { title: 'x' })).rejects.toThrow(NotFoundError)
    expect(await recommendations.find(db, stranger.id, id)).toBeUndefined()
  })
})
