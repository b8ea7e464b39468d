import { describe, expect } from 'vitest'
import {
  ConflictError,
  computedFeatures,
  InvalidInputError,
  MissingReferenceError,
  NotFoundError,
} from '../../src/index.js'
import type { IncomeStabilitySignal } from '../../src/schema/index.js'
import { createUser } from '../people.js'
import { test } from '../support.js'

const nobody = '00000000-0000-7000-8000-000000000000'
const income: IncomeStabilitySignal = {
  as_of: '2026-03-01',
  currency: 'USD',
  payments: 6,
  total: '9000.00',
  median_gap_days: 14,
  variability: 0.05,
  cash_flow_buffer_months: 1.5,
  other_currencies: [],
}

describe('computedFeatures', () => {
  test('keeps a signal as it was found', async ({ db }) => {
    const { id: user_id } = await createUser(db)

    const feature = await computedFeatures.create(db, {
      user_id,
      time_window: '90d',
      signal_type: 'income_stability',
      signal_value: income,
    })

    expect(feature.signal_value).toEqual(income)
    expect(await computedFeatures.get(db, user_id, feature.id)).toEqual(feature)
    expect(await computedFeatures.find(db, user_id, '90d', 'income_stability')).toEqual(feature)
    expect(await computedFeatures.find(db, user_id, '30d', 'income_stability')).toBeUndefined()
  })

  test('refuses a value that its signal type does not allow, and says where', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const feature = { user_id, time_window: '90d', signal_type: 'income_stability' } as const

    await expect(
      computedFeatures.create(db, { ...feature, signal_value: { ...income, payments: 'six' } }),
    ).rejects.toThrow(/signal_value\.payments/)
    await expect(computedFeatures.create(db, { ...feature, signal_value: [] as never })).rejects.toThrow(
      InvalidInputError,
    )
  })

  test("takes any object for a host's own signal", async ({ db }) => {
    const { id: user_id } = await createUser(db)

    const { signal_value } = await computedFeatures.create(db, {
      user_id,
      time_window: '30d',
      signal_type: 'host_mood',
      signal_value: { nested: [1, null, { deep: 'é' }] },
    })

    expect(signal_value).toEqual({ nested: [1, null, { deep: 'é' }] })
  })

  test('has one value for a signal in a window, which put replaces', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const feature = { user_id, time_window: '90d', signal_type: 'host', signal_value: { n: 1 } } as const
    const first = await computedFeatures.put(db, feature)

    await expect(computedFeatures.create(db, feature)).rejects.toThrow(ConflictError)
    const second = await computedFeatures.put(db, { ...feature, signal_value: { n: 2 }, computed_at: new Date(0) })

    expect(second).toEqual({ ...first, signal_value: { n: 2 }, computed_at: new Date(0) })
    expect((await computedFeatures.list(db, user_id)).rows).toEqual([second])
  })

  test('lists by window and type, page by page', async ({ db }) => {
    const { id: user_id } = await createUser(db)
    const at = (time_window: '30d' | '180d', signal_type: string) => ({
      user_id,
      time_window,
      signal_type,
      signal_value: {},
    })
    await computedFeatures.createMany(db, [at('30d', 'b'), at('180d', 'x'), at('30d', 'a')])

    const page = await computedFeatures.list(db, user_id, {}, { limit: 2 })
    const rest = await computedFeatures.list(db, user_id, {}, { limit: 2, after: page.next ?? undefined })

    const seen = [...page.rows, ...rest.rows].map(({ time_window, signal_type }) => `${time_window} ${signal_type}`)
    expect(seen).toEqual(['180d x', '30d a', '30d b'])
    expect((await computedFeatures.list(db, user_id, { signal_type: 'a' })).rows).toHaveLength(1)
    expect((await computedFeatures.list(db, user_id, { time_window: '180d' })).rows).toHaveLength(1)
  })

  test('refuses a signal of nobody, and another one', async ({ db }) => {
    const feature = { user_id: nobody, time_window: '90d', signal_type: 'host', signal_value: {} } as const
    await expect(computedFeatures.put(db, feature)).rejects.toThrow(MissingReferenceError)

    const [owner, stranger] = [await createUser(db), await createUser(db)]
    const { id } = await computedFeatures.put(db, { ...feature, user_id: owner.id })
    await expect(computedFeatures.get(db, stranger.id, id)).rejects.toThrow(NotFoundError)
    await expect(computedFeatures.remove(db, stranger.id, id)).rejects.toThrow(NotFoundError)
    await computedFeatures.remove(db, owner.id, id)

    expect((await computedFeatures.list(db, owner.id)).rows).toEqual([])
  })
})
