import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { InvalidInputError, insights, MissingReferenceError, NotFoundError } from '../../src/index.js'
import { createUser } from '../people.js'
import { test } from '../support.js'

const tip = { title: 'You saved more', message: 'Twelve per cent of your pay.', type: 'savings' } as const

describe('insights', () => {
  test('start unread and are found through their owner', async ({ db }) => {
    const [owner, stranger] = [await createUser(db), await createUser(db)]

    const insight = await insights.create(db, { user_id: owner.id, ...tip })

    expect(insight).toMatchObject({ ...tip, is_read: false })
    expect(await insights.get(db, owner.id, insight.id)).toEqual(insight)
    expect(await insights.find(db, stranger.id, insight.id)).toBeUndefined()
    await expect(insights.get(db, stranger.id, insight.id)).rejects.toThrow(NotFoundError)
    await expect(insights.remove(db, stranger.id, insight.id)).rejects.toThrow(NotFoundError)
    await insights.remove(db, owner.id, insight.id)
    expect(await insights.find(db, owner.id, insight.id)).toBeUndefined()
  })

  test('of a user who is not there, or without words, are refused', async ({ db }) => {
    const { id: user_id } = await createUser(db)

    await expect(insights.create(db, { user_id: crypto.randomUUID(), ...tip })).rejects.toThrow(MissingReferenceError)
    await expect(insights.create(db, { user_id, ...tip, title: '' })).rejects.toThrow(InvalidInputError)
    await expect(
      insights.createMany(db, [
        { user_id, ...tip },
        { user_id: crypto.randomUUID(), ...tip },
      ]),
    ).rejects.toThrow(MissingReferenceError)
    expect((await insights.list(db, user_id)).rows).toEqual([])
  })

  test('are listed newest first, by type and by whether they were read', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const [first, second, third] = await insights.createMany(db, [
      { user_id, ...tip },
      { user_id, ...tip, type: 'alert', is_read: true },
      { user_id, ...tip },
    ])

    const page = await insights.list(db, user_id, {}, { limit: 2 })
    const rest = await insights.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    expect([...page.rows, ...rest.rows]).toEqual([third, second, first])
    expect(rest.next).toBeNull()
    expect((await insights.list(db, user_id, { is_read: false })).rows).toEqual([third, first])
    expect((await insights.list(db, user_id, { is_read: true })).rows).toEqual([second])
    expect((await insights.list(db, user_id, { type: 'savings' })).rows).toEqual([third, first])
  })

  test('are marked as read by id, counting those that were not', async ({ db }) => {
    const [owner, stranger] = [await createUser(db), await createUser(db)]
    const [first, second, third] = await insights.createMany(
      db,
      [1, 2, 3].map(() => ({ user_id: owner.id, ...tip })),
    )
    const ids = [first, second].map((insight) => insight?.id as string)

    expect(await insights.markRead(db, stranger.id, ids)).toBe(0)
    expect(await insights.markRead(db, owner.id, [])).toBe(0)
    expect(await insights.unreadCount(db, owner.id)).toBe(3)
    expect(await insights.markRead(db, owner.id, [...ids, crypto.randomUUID()])).toBe(2)
    expect(await insights.markRead(db, owner.id, ids)).toBe(0)

    expect(await insights.unreadCount(db, owner.id)).toBe(1)
    expect((await insights.list(db, owner.id, { is_read: false })).rows).toEqual([third])
    await expect(insights.markRead(db, owner.id, ['no id'])).rejects.toThrow(InvalidInputError)
  })

  test('are marked as read all at once, of one user', async ({ db }) => {
    const [owner, other] = [await createUser(db), await createUser(db)]
    await insights.createMany(
      db,
      [owner, owner, other].map(({ id }) => ({ user_id: id, ...tip })),
    )

    expect(await insights.markRead(db, owner.id, 'all')).toBe(2)

    expect(await insights.unreadCount(db, owner.id)).toBe(0)
    expect(await insights.unreadCount(db, other.id)).toBe(1)
  })

  test('that are unread are counted and listed by their own index', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    await insights.createMany(
      db,
      Array.from({ length: 2000 }, (_, i) => ({ user_id, ...tip, is_read: i % 100 > 0 })),
    )
    await sql`analyze finance.insights`.execute(db)
    const plans: string[] = []
    const explained = {
      counting: db
        .selectFrom('finance.insights')
        .select(sql`count(*)`.as('n'))
        .where('user_id', '=', user_id)
        .where(({ not }) => not('is_read')),
      listing: db
        .selectFrom('finance.insights')
        .selectAll()
        .where('user_id', '=', user_id)
        .where(({ not }) => not('is_read'))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(10),
    }

    for (const query of Object.values(explained)) plans.push(JSON.stringify(await query.explain('json')))

    for (const plan of plans) expect(plan).toContain('insights_unread_idx')
    expect(plans[1]).not.toContain('"Sort"')
    expect(await insights.unreadCount(db, user_id)).toBe(20)
  })
})
