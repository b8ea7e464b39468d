import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signals, transferMatches } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { type FreshDatabase, freshDatabase } from '../support.js'
import { type FeedPerson, load } from './feeds/index.js'
import { places } from './feeds/places.js'
import { placesApart } from './feeds/places-apart.js'
import { precisionOf, recallOf, type Scored, scoreMoves, scorePayOf, scoreStreams, table } from './feeds/score.js'

const until = '2026-06-30'

interface Bounds {
  readonly streams: readonly [recall: number, precision: number]
  readonly moves: readonly [recall: number, precision: number]
  readonly pay: number
}

/** docs/signals.md has what they score: the bounds leave room for what a change of the generator does. */
const feeds: ReadonlyArray<readonly [name: string, countries: string[], perCountry: number, bounds: Bounds]> = [
  ['banks whose words are known', Object.keys(places), 3, { streams: [0.97, 0.98], moves: [0.93, 0.95], pay: 0.98 }],
  [
    'banks that nothing was fitted to',
    Object.keys(placesApart),
    4,
    { streams: [0.93, 0.97], moves: [0.8, 0.95], pay: 0.95 },
  ],
]

describe.each(feeds)('on feeds of %s', (_, countries, perCountry, bounds) => {
  let opened: FreshDatabase
  let db: Kysely<Database>
  let people: FeedPerson[]

  beforeAll(async () => {
    opened = await freshDatabase()
    db = opened.db
    people = await load(db, { seed: 'not looked at', perCountry, until, countries })
    for (const { user_id, rates } of people) {
      await transferMatches.find(db, { users: [user_id], from: '2024-01-01', to: until, rates: [...rates] })
    }
    await signals.compute(db, { as_of: until })
  }, 300_000)
  afterAll(() => opened?.[Symbol.asyncDispose]())

  test('recurring charges are found, and little else', { timeout: 120_000 }, async () => {
    const scored = await scoreStreams(db, people, until)
    report('Recurring charges', scored)

    expect(scored.found).toBeGreaterThan(150)
    expect(recallOf(scored)).toBeGreaterThanOrEqual(bounds.streams[0])
    expect(precisionOf(scored)).toBeGreaterThanOrEqual(bounds.streams[1])
    expect([...scored.kinds.keys()].length).toBeGreaterThan(20)
  })

  test('moves between own accounts are found, and little else', async () => {
    const scored = await scoreMoves(db, people)
    report('Moves', scored)

    expect(scored.found).toBeGreaterThan(500)
    expect(recallOf(scored)).toBeGreaterThanOrEqual(bounds.moves[0])
    expect(precisionOf(scored)).toBeGreaterThanOrEqual(bounds.moves[1])
  })

  test('pay is found to the day and the cent in most windows', async () => {
    const scored = await scorePayOf(db, people, until)
    report('Pay', scored)

    expect(recallOf(scored)).toBeGreaterThanOrEqual(bounds.pay)
  })
})

const report = (name: string, scored: Scored) => console.log(table(name, scored))
