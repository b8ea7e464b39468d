import type { Kysely } from 'kysely'
import { describe, expect, test } from 'vitest'
import { computeInNode } from '../../bench/signals-node/compute.js'
import { byColumns, byRepository } from '../../bench/signals-node/read.js'
import { writtenSignals } from '../../bench/signals-node/written.js'
import { signals, transferMatches } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { seed } from '../../src/seed/index.js'
import { freshDatabase } from '../support.js'
import { load } from './feeds/index.js'
import { makeUp } from './made-up.js'

const until = '2026-06-30'

/** The rules are written twice, in SQL and in JavaScript. What one of them gets wrong, the other one gives away. */
describe('signals.compute gives what the same rules give in JavaScript', () => {
  test('for seeded people of all personas', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    await seed(db, { users: 6, seed: 5, until })
    await transferMatches.find(db, { from: '2025-01-01', to: until })

    expect(await compareBoth(db, [until, '2025-11-13'])).toBeGreaterThan(120)
  })

  test('for the feeds of other banks', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    const people = await load(db, { seed: 'both ways', perCountry: 1, until })
    for (const { user_id, rates } of people) {
      await transferMatches.find(db, { users: [user_id], from: '2026-01-01', to: until, rates: [...rates] })
    }

    expect(await compareBoth(db, [until])).toBeGreaterThan(100)
  })

  test('for people beside the bounds of the rules', async () => {
    await using opened = await freshDatabase()
    const { db } = opened
    await makeUp(db, { seed: 'beside', count: 150, until })

    expect(await compareBoth(db, [until, '2025-11-13'])).toBeGreaterThan(2500)
  })
})

/** How many signals there were, all days together. */
async function compareBoth(db: Kysely<Database>, days: readonly string[]): Promise<number> {
  let count = 0
  for (const as_of of days) {
    await signals.compute(db, { as_of, force: true })
    const expected = await writtenSignals(db)
    for (const read of [byColumns, byRepository]) {
      await db.deleteFrom('finance.computed_features').execute()
      await computeInNode(db, { as_of, force: true, read })
      expect(await writtenSignals(db)).toEqual(expected)
    }
    count += expected.length
  }
  return count
}
