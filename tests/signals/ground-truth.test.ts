import type { Kysely } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personas, signals, transferMatches } from '../../src/index.js'
import type { Database } from '../../src/schema/database.js'
import { type Label, seed } from '../../src/seed/index.js'
import { allLabels } from '../seed/support.js'
import { type FreshDatabase, freshDatabase } from '../support.js'
import {
  type Miss,
  precision,
  recall,
  type Score,
  scorePay,
  scorePersonas,
  scoreSubscriptions,
  scoreTransfers,
  summary,
} from './scores.js'

/** What docs/signals.md names as not found, or not found whole. */
const hardCases: ReadonlyArray<readonly [what: string, is: (miss: Miss) => boolean]> = [
  ['two plans at one merchant of which both vary', ({ hard }) => has(hard, 'two plans') && has(hard, 'varying')],
  [
    'at most four charges, some of them late',
    ({ what, hard }) => / of [34] charges/.test(what) && has(hard, 'drifting'),
  ],
  ['stray payments of the same amount', ({ hard }) => has(hard, 'same name')],
]
const has = (hard: readonly string[], word: string) => hard.some((why) => why.includes(word))

const until = '2024-08-20'
const options = { users: 100, seed: 33, until }

describe('on seeded people, against what the seeder knows', () => {
  let opened: FreshDatabase
  let db: Kysely<Database>
  let labels: Label[]

  beforeAll(async () => {
    opened = await freshDatabase()
    db = opened.db
    await seed(db, options)
    labels = await allLabels(options)
    await transferMatches.find(db, { from: '2022-08-01', to: until })
    await signals.compute(db, { as_of: until })
    await personas.assign(db, { as_of: until })
  }, 180_000)
  afterAll(() => opened?.[Symbol.asyncDispose]())

  test('recurring charges are found, but for hard cases', { timeout: 60_000 }, async () => {
    const { score, pairs } = await scoreSubscriptions(db, labels, until)
    report('Recurring charges', score)

    expect(unexplained(score.missed)).toEqual([])
    expect(recall(score)).toBeGreaterThanOrEqual(0.99)
    expect(precision(score)).toBeGreaterThanOrEqual(0.99)
    expect(score.labelled).toBeGreaterThan(600)

    const latest = pairs.map(({ label, streams, pending }) => ({
      label,
      pending,
      stream: streams.toSorted((a, b) => (a.last_date < b.last_date ? 1 : -1))[0],
    }))
    const told = latest.filter(({ label }) => label.type !== 'standing_order')
    expect(told.filter(({ label, stream }) => stream?.kind !== label.type)).toEqual([])
    expect(latest.filter(({ label, stream }) => stream?.cadence !== label.cadence)).toEqual([])
    // one that was stopped less than a fortnight after it was due may still be late
    const late = latest.filter(
      ({ label, stream, pending }) => !pending && stream?.active !== (label.status === 'active'),
    )
    expect(late.filter(({ stream }) => !isLate(stream?.next_date))).toEqual([])
    expect(late.length).toBeLessThanOrEqual(0.01 * latest.length)
  })

  test('moves between own accounts are found, and no others', async () => {
    const score = await scoreTransfers(db, labels)
    report('Transfers', score)

    expect(score.labelled).toBeGreaterThan(500)
    expect(score.missed).toEqual([])
    expect(score.wrong).toEqual([])
  })

  test('pay is found to the day and the cent', async () => {
    const score = await scorePay(db, labels, until)
    report('Pay', score)

    expect(score.labelled).toBeGreaterThan(1000)
    expect(score.missed).toEqual([])
    expect(score.wrong).toEqual([])
  })

  test('everybody has the persona that they were made for, in all windows', async () => {
    const score = await scorePersonas(db, labels)
    report('Personas', score)

    expect(score.labelled).toBe(300)
    expect(score.missed).toEqual([])
  })
})

const unexplained = (misses: readonly Miss[]) => misses.filter((miss) => !hardCases.some(([, is]) => is(miss)))
const isLate = (next: string | undefined) =>
  next !== undefined && Math.abs(Date.parse(until) - Date.parse(next)) < 14 * 86_400_000
const report = (name: string, score: Score) => console.log(summary(name, score))
