import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { personas } from '../../src/schema/enums.js'
import { labels, seed } from '../../src/seed/index.js'
import { createPlan } from '../../src/seed/options.js'
import { createPerson } from '../../src/seed/people.js'
import { freshDatabase, test } from '../support.js'
import { personasBySql } from './persona-sql.js'
import { allLabels, only } from './support.js'

describe('seeded personas', () => {
  test.for([
    ['2025-12-31', 1],
    ['2026-03-01', 5],
    ['2025-07-16', 9],
  ] as const)(
    'are what the rules say of the rows, in 90 and 180 days up to %s',
    { timeout: 120_000 },
    async ([until, number]) => {
      await using server = await freshDatabase()
      const options = { users: 90, seed: number, until, days: 500 }
      await seed(server.db, options)
      const told = only(await allLabels(options), 'persona')

      for (const days of [90, 180] as const) {
        const labelled = new Map(
          told.filter(({ window }) => window === `${days}d`).map(({ user_id, persona }) => [user_id, persona]),
        )
        expect(new Set(labelled.values())).toEqual(new Set(personas))
        // Read with bills among what recurs and without: nobody is on the edge.
        for (const bills of [false, true]) {
          const judged = await personasBySql(server.db, until, days, bills)
          const wrong = judged.filter(({ user_id, persona }) => labelled.get(user_id) !== persona)
          expect(judged).toHaveLength(90)
          expect(wrong.map((row) => ({ ...row, days, bills, labelled: labelled.get(row.user_id) }))).toEqual([])
        }
      }
    },
  )

  test('begin with one of each, demo_user among them, and then come in the shares asked for', () => {
    const everybody = (options: object) => {
      const plan = createPlan({ users: 1000, until: '2025-12-31', ...options })
      return Array.from({ length: 1000 }, (_, i) => createPerson(plan, i + 1).persona)
    }
    const usual = everybody({})
    const asked = everybody({ personas: { savings_builder: 3, general_wellness: 1 } })

    expect(usual[0]).toBe('subscription_heavy')
    expect(new Set(usual.slice(0, 5))).toEqual(new Set(personas))
    const share = (list: string[], persona: string) => list.filter((other) => other === persona).length / list.length
    expect(share(usual, 'high_utilization')).toBeGreaterThan(0.22)
    expect(share(usual, 'high_utilization')).toBeLessThan(0.3)
    expect(share(usual, 'variable_income_budgeter')).toBeGreaterThan(0.05)
    expect(share(asked, 'savings_builder')).toBeGreaterThan(0.7)
    expect(share(asked, 'savings_builder') + share(asked, 'general_wellness')).toBe(1)
  })

  test('are told truthfully where the span is too short to be what was meant', async ({ db }) => {
    const options = { users: 12, until: '2025-12-31', days: 45 }
    await seed(db, options)

    const { rows } = await sql<{
      user_id: string
      high: boolean
    }>`select user_id, max(-balance / credit_limit) >= 0.55 as high
      from finance.accounts where account_type = 'credit_card' group by user_id`.execute(db)

    const told = new Map<string, string>()
    for await (const label of labels(options)) {
      if (label.type === 'persona' && label.window === '30d') told.set(label.user_id, label.persona)
    }
    expect(told.size).toBe(12)
    for (const { user_id } of rows.filter(({ high }) => high)) expect(told.get(user_id)).toBe('high_utilization')
    expect([...told.values()]).not.toContain('variable_income_budgeter')
  })
})
