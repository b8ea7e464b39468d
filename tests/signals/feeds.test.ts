import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signals, transferMatches } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { type FreshDatabase, freshDatabase } from '../support.js'
import { type FeedPerson, load } from './feeds/index.js'
import { precisionOf, recallOf, scoreMoves, scorePayOf, scoreStreams, table } from './feeds/score.js'

const until = '2026-06-30'
const options = { seed: process.env.FEED_SEED ?? 'first', perCountry: Number(process.env.FEED_PEOPLE ?? 6), until }

describe('on the feeds of thirteen countries', () => {
  let opened: FreshDatabase
  let db: Kysely<Database>
  let people: FeedPerson[]

  beforeAll(async () => {
    opened = await freshDatabase()
    db = opened.db
    people = await load(db, options)
    for (const { user_id, rates } of people) {
      await transferMatches.find(db, { users: [user_id], from: '2024-01-01', to: until, rates: [...rates] })
    }
    await signals.compute(db, { as_of: until })
  }, 300_000)
  afterAll(() => opened?.[Symbol.asyncDispose]())

  test('recurring charges', { timeout: 120_000 }, async () => {
    const scored = await scoreStreams(db, people, until)
    report('Recurring charges', scored)
    expect(recallOf(scored)).toBeGreaterThan(0.9)
    expect(precisionOf(scored)).toBeGreaterThan(0.9)
  })

  test('moves', async () => {
    const scored = await scoreMoves(db, people)
    report('Moves', scored)
    expect(recallOf(scored)).toBeGreaterThan(0.9)
  })

  test('pay', async () => {
    const scored = await scorePayOf(db, people, until)
    report('Pay', scored)
    expect(recallOf(scored)).toBeGreaterThan(0.9)
  })
})

function report(name: string, scored: Parameters<typeof table>[1]): void {
  console.log(table(name, scored))
  if (process.env.FEED_DUMP === undefined) return
  for (const [kind, { missed }] of scored.kinds) for (const what of missed) console.log(`MISS ${kind} :: ${what}`)
  for (const { why, what } of scored.wrong) console.log(`WRONG ${why} :: ${what}`)
}
