import { describe, expect } from 'vitest'
import {
  ConflictError,
  ConsentRequiredError,
  consents,
  decisionTraces,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
  RuleViolationError,
  recommendations,
  transaction,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { freshDatabase, test } from '../support.js'

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

  test('comes with the trace of how it came about, both or neither', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const trace = {
      as_of: '2026-03-01',
      rules: [{ rule: 'utilization', matched: true }],
      note: { ünï: ['x', 1, null] },
    }

    const made = await recommendations.create(db, { user_id, ...advice }, { trace })

    expect(made).toMatchObject({ user_id, ...advice, shown_at: null, clicked: false })
    expect(await recommendations.get(db, user_id, made.id)).toEqual(made)
    expect((await decisionTraces.getByRecommendation(db, user_id, made.id)).trace_data).toEqual(trace)
    const nul = recommendations.create(db, { user_id, ...advice }, { trace: { note: 'a\0b' } })
    await expect(nul).rejects.toThrow(InvalidInputError)
    const taken = recommendations.create(db, { user_id, ...advice, id: made.id }, { trace })
    await expect(taken).rejects.toThrow(ConflictError)
    expect((await recommendations.list(db, user_id)).rows).toEqual([made])
    expect((await decisionTraces.list(db, user_id)).rows).toHaveLength(1)
  })

  test('keeps every field that is given, with or without the options', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    await consents.grant(db, { user_id })
    const all = { user_id, ...advice, shown_at: new Date('2026-03-01T10:00:00.123Z'), clicked: true }

    for (const options of [{}, { requireConsent: true }, { trace: {} }, { requireConsent: true, trace: {} }]) {
      const id = crypto.randomUUID()
      expect(await recommendations.create(db, { ...all, id }, options)).toMatchObject({ ...all, id })
      expect(await recommendations.create(db, { ...all, id: undefined }, options)).toMatchObject(all)
    }
  })

  test('of a user who is not there is refused', async ({ db }) => {
    const nobody = { user_id: crypto.randomUUID(), ...advice }

    await expect(recommendations.create(db, nobody)).rejects.toThrow(MissingReferenceError)
    await expect(recommendations.create(db, nobody, { trace: {} })).rejects.toThrow(MissingReferenceError)
    await expect(recommendations.create(db, nobody, { requireConsent: true })).rejects.toThrow(ConsentRequiredError)
  })

  test('is refused without standing consent where the host asks for it', async ({ db }) => {
    const [user, other] = [await createUser(db), await createUser(db)]
    const mine = { user_id: user.id, ...advice }
    const create = (requireConsent: boolean | { version: string }) =>
      recommendations.create(db, mine, { requireConsent, trace: {} })
    await consents.grant(db, { user_id: other.id, version: '9.0' })

    await expect(create(true)).rejects.toThrow(ConsentRequiredError)
    await consents.grant(db, { user_id: user.id, version: '1.10' })
    expect(await create(true)).toMatchObject(mine)
    expect(await create({ version: '1.9' })).toMatchObject(mine)
    await expect(create({ version: '2.0' })).rejects.toThrow(ConsentRequiredError)
    await consents.revoke(db, user.id)
    await expect(create(true)).rejects.toThrow(ConsentRequiredError)
    expect(await create(false)).toMatchObject(mine)

    expect((await recommendations.list(db, user.id)).rows).toHaveLength(3)
    expect((await decisionTraces.list(db, user.id)).rows).toHaveLength(3)
  })

  test('is refused with all others when one user of many has not consented', async ({ db }) => {
    const [one, other] = [await createUser(db), await createUser(db)]
    const rows = [one, other, one].map(({ id }, i) => ({ user_id: i === 2 ? id.toUpperCase() : id, ...advice }))
    await consents.grant(db, { user_id: one.id })

    const refused = recommendations.createMany(db, rows, { requireConsent: true })
    await expect(refused).rejects.toThrow(ConsentRequiredError)
    expect((await recommendations.list(db, one.id)).rows).toEqual([])

    await consents.grant(db, { user_id: other.id })
    const made = await recommendations.createMany(db, rows, { requireConsent: true })
    expect(made.map(({ user_id }) => user_id)).toEqual([one.id, other.id, one.id])
    expect(await recommendations.createMany(db, [], { requireConsent: true })).toEqual([])
  })

  test.for(['create', 'createMany'] as const)('is never there when consent was taken back first (%s)', async (call) => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)
    await consents.grant(db, { user_id })
    let creating: Promise<unknown> = Promise.resolve()
    const create = () =>
      call === 'create'
        ? recommendations.create(db, { user_id, ...advice }, { requireConsent: true })
        : recommendations.createMany(db, [{ user_id, ...advice }], { requireConsent: true })

    await transaction(db, async (trx) => {
      await consents.revoke(trx, user_id)
      creating = create().catch((error: unknown) => error)
      await new Promise((resolve) => setTimeout(resolve, 200)) // until it waits for the row
    })

    expect(await creating).toBeInstanceOf(ConsentRequiredError)
    expect((await recommendations.list(db, user_id)).rows).toEqual([])
  })

  test.for(['create', 'createMany'] as const)('holds the consent until it is committed (%s)', async (call) => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { id: user_id } = await createUser(db)
    await consents.grant(db, { user_id })
    const order: string[] = []
    let revoking: Promise<unknown> = Promise.resolve()

    await transaction(db, async (trx) => {
      if (call === 'create') await recommendations.create(trx, { user_id, ...advice }, { requireConsent: true })
      else await recommendations.createMany(trx, [{ user_id, ...advice }], { requireConsent: true })
      revoking = consents.revoke(db, user_id).then(() => order.push('revoked'))
      await new Promise((resolve) => setTimeout(resolve, 200))
      order.push('committing')
    })
    await revoking

    expect(order).toEqual(['committing', 'revoked'])
  })

  test.for(['create', 'createMany'] as const)(
    'is made while consent moves on to another version (%s)',
    async (call) => {
      await using fresh = await freshDatabase()
      const { db } = fresh
      const { id: user_id } = await createUser(db)
      await consents.grant(db, { user_id, version: '1.0' })
      let creating: Promise<unknown> = Promise.resolve()

      await transaction(db, async (trx) => {
        await consents.grant(trx, { user_id, version: '2.0' })
        creating =
          call === 'create'
            ? recommendations.create(db, { user_id, ...advice }, { requireConsent: true })
            : recommendations.createMany(db, [{ user_id, ...advice }], { requireConsent: true })
        await new Promise((resolve) => setTimeout(resolve, 200))
      })
      await creating

      expect((await recommendations.list(db, user_id)).rows).toHaveLength(1)
    },
  )

  test('is shown for the first time once', async () => {
    await using fresh = await freshDatabase() // where each call has a time of its own
    const { db } = fresh
    const [owner, stranger] = [await createUser(db), await createUser(db)]
    const { id } = await recommendations.create(db, { user_id: owner.id, ...advice })

    const shown = await recommendations.markShown(db, owner.id, id)
    await new Promise((resolve) => setTimeout(resolve, 5))

    expect(shown.shown_at).toBeInstanceOf(Date)
    expect(await recommendations.markShown(db, owner.id, id)).toEqual(shown)
    const clicked = await recommendations.markClicked(db, owner.id, id)
    expect(clicked).toMatchObject({ clicked: true, shown_at: shown.shown_at })
    expect(await recommendations.markClicked(db, owner.id, id)).toEqual(clicked)
    expect(await recommendations.markShown(db, owner.id, id)).toEqual(clicked)
    await expect(recommendations.markShown(db, stranger.id, id)).rejects.toThrow(NotFoundError)
    await expect(recommendations.markClicked(db, stranger.id, id)).rejects.toThrow(NotFoundError)
  })

  test('counts as shown when it is clicked', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const { id } = await recommendations.create(db, { user_id, ...advice })

    const clicked = await recommendations.markClicked(db, user_id, id)

    expect(clicked).toMatchObject({ clicked: true, shown_at: expect.any(Date) })
  })

  test('is counted from made to shown to clicked, of everybody and of each user', async ({ db }) => {
    const [one, other] = [await createUser(db), await createUser(db)]
    const shown_at = new Date()
    const [first] = await recommendations.createMany(db, [
      { user_id: one.id, ...advice },
      { user_id: one.id, ...advice, shown_at },
      { user_id: one.id, ...advice, shown_at, clicked: true },
      { user_id: other.id, ...advice, type: 'offer' },
    ])
    const from = first?.created_at as Date
    const to = new Date(from.getTime() + 1)
    const ones = { created: 3, shown: 2, clicked: 1, shown_rate: 2 / 3, click_rate: 0.5 }
    const others = { created: 1, shown: 0, clicked: 0, shown_rate: 0, click_rate: null }
    const none = { created: 0, shown: 0, clicked: 0, shown_rate: null, click_rate: null }

    expect(await recommendations.funnel(db, { from, to })).toEqual({
      created: 4,
      shown: 2,
      clicked: 1,
      shown_rate: 0.5,
      click_rate: 0.5,
    })
    expect(await recommendations.funnel(db, { from, to, type: 'education' })).toEqual(ones)
    expect(await recommendations.funnel(db, { from: to, to: new Date(to.getTime() + 1) })).toEqual(none)
    expect(await recommendations.funnel(db, { from: new Date(0), to: from })).toEqual(none)

    const page = await recommendations.funnelByUser(db, { from, to }, { limit: 1 })
    const rest = await recommendations.funnelByUser(db, { from, to }, { limit: 1, after: page.next ?? undefined })
    expect([...page.rows, ...rest.rows]).toEqual([
      { user_id: one.id, ...ones },
      { user_id: other.id, ...others },
    ])
    expect(rest.next).toBeNull()
    await expect(recommendations.funnel(db, { from: to, to: from })).rejects.toThrow(InvalidInputError)
  })
})
