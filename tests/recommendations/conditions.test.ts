import { describe, expect } from 'vitest'
import { computedFeatures, personaAssignments, personas, signals } from '../../src/index.js'
import { answers, holds, type Signals } from '../../src/recommendations/conditions.js'
import type { SignalCondition } from '../../src/schema/index.js'
import { test } from '../support.js'
import { as_of, plainPerson } from './people.js'

const some = ['any', 'every'] as const
const leaves: SignalCondition[] = [
  ...some.flatMap((of) =>
    (['>=', '>', '<=', '<'] as const).flatMap((is) =>
      [0.05, 0.1, 0.5, 0.9].map(
        (than): SignalCondition => ({ signal: 'credit_utilization', field: 'utilization', is, than, of }),
      ),
    ),
  ),
  ...some.flatMap((of) =>
    ['overdue', 'interest_charged', 'minimum_payment_only', 'none'].flatMap((field) =>
      [true, false].map((than): SignalCondition => ({ signal: 'credit_utilization', field, is: '=', than, of })),
    ),
  ),
  ...([7, 7.5, '7.5', '7.50', true, 'fine'] as const).flatMap((than) =>
    ['level', 'flag', 'word', 'deep.level', 'none'].map(
      (field): SignalCondition => ({ signal: 'mood', field, is: '=', than }),
    ),
  ),
]

describe('the conditions of a catalogue', () => {
  test('say in memory what those of personas say in SQL', async ({ db }) => {
    const user_id = await plainPerson(db)
    await signals.compute(db, { as_of })
    const mood = { level: '7.50', flag: true, word: 'fine', deep: { level: 7.5 } }
    const put = (signal_type: string, signal_value: Signals[string]) =>
      computedFeatures.put(db, { user_id, time_window: '30d', signal_type, signal_value })
    await put('mood', mood)
    for (const [i, utilization] of [0.1, 0.5, null].entries()) {
      const account_id = `00000000-0000-0000-0000-00000000000${i}`
      await put(`credit_utilization_${account_id}`, {
        as_of,
        account_id,
        currency: 'USD',
        owed: '10.0000',
        credit_limit: utilization === null ? null : '100.0000',
        utilization,
        at_30_percent: false,
        at_50_percent: false,
        at_80_percent: false,
        minimum_payment_only: true,
        interest_charged: false,
        overdue: i === 1,
        payments: 0,
      })
    }
    const all = { all: leaves.slice() }
    await personas.assign(db, {
      as_of,
      windows: ['30d'],
      rules: [{ rule: 'all of them', persona: 'savings_builder', when: all }],
    })

    const rows = (await computedFeatures.list(db, user_id, { time_window: '30d' })).rows
    const read = Object.fromEntries(rows.map((row) => [row.signal_type, row.signal_value])) as Signals
    const reasons = (await personaAssignments.current(db, user_id))?.reasons?.rules
    expect(reasons?.[0]?.conditions).toHaveLength(leaves.length)
    expect(answers(all, read)).toEqual(reasons?.[0]?.conditions)
    expect(holds(all, read)).toBe(reasons?.[0]?.matched)
    expect(new Set(reasons?.[0]?.conditions.map(({ matched }) => matched))).toEqual(new Set([true, false]))
  })
})
