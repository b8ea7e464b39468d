import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ReadOnlyDb } from '../../../src/readonly/index.js'
import { seed } from '../../../src/seed/index.js'
import { type DoorDatabase, doorDatabase } from '../support.js'
import { analystQueries } from './queries.js'

let place: DoorDatabase
let user: ReadOnlyDb
let analyst: ReadOnlyDb

beforeAll(async () => {
  place = await doorDatabase()
  await seed(place.database.db, { users: 4, seed: 1, until: '2025-12-31', days: 400 })
  const { id } = await place.database.db
    .selectFrom('finance.transactions')
    .select(({ fn }) => ['user_id as id', fn.countAll<number>().as('n')])
    .groupBy('user_id')
    .orderBy('n', 'desc')
    .executeTakeFirstOrThrow()
  user = place.agent().asUser(id)
  analyst = place.analyst()
})
afterAll(() => place[Symbol.asyncDispose]())

test('there are questions enough', () => {
  expect(Object.keys(analystQueries).length).toBeGreaterThanOrEqual(60)
})

test.each(Object.entries(analystQueries))('%s', async (_, query) => {
  const mine = await user.query(query)
  const everybodys = await analyst.query(query)

  expect(mine.columns.length).toBeGreaterThan(0)
  expect(everybodys.columns).toEqual(mine.columns)
})

test('the answers are not empty where there is something', async () => {
  const counts: number[] = []
  for (const query of Object.values(analystQueries)) counts.push((await user.query(query)).rowCount)
  expect(counts.filter((n) => n > 0).length).toBeGreaterThan(counts.length / 2)
})
