import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AuditFailedError, accounts, agentQueries, users } from '../../src/index.js'
import type { AuditEntry } from '../../src/readonly/index.js'
import { createAccount, createUser } from '../people.js'
import { type DoorDatabase, doorDatabase } from './support.js'

let place: DoorDatabase
let userId: string

beforeAll(async () => {
  place = await doorDatabase()
  userId = (await createUser(place.database.db)).id
  await createAccount(place.database.db, { user_id: userId })
})
afterAll(() => place[Symbol.asyncDispose]())

describe('the record of queries', () => {
  test('has each query with what came of it, and never a parameter', async () => {
    const { db } = place.database
    const mine = place.agent({ audit: db, guard: 'on' }).asUser(userId)
    await mine.query('select $1::text as secret', { params: ['not recorded'] })
    await mine.query('select generate_series(1, 9)', { limits: { maxRows: 2 } })
    await mine.query('commit').catch(() => {})
    await mine.query('select pg_sleep(1)').catch(() => {})
    await mine.query('select 1/0').catch(() => {})
    await mine
      .query(`select count(*) from generate_series(1, 1000000000)`, { limits: { timeoutMs: 100 } })
      .catch(() => {})
    await mine.query('select 4111111111111111').catch(() => {})
    await accounts.list(mine.db, userId)
    await mine.query('select 2', { signal: AbortSignal.abort(new Error('enough')) }).catch(() => {})
    const withoutKey = place.agent({ audit: db, scopeKey: undefined }).asUser(userId)
    await withoutKey.query('select 3').catch(() => {})

    const { rows } = await agentQueries.list(db, { user_id: userId })
    expect(rows.map(({ outcome, code, rows: n }) => [outcome, code, n]).reverse()).toEqual([
      ['answered', null, 1],
      ['cut', 'rows', 2],
      ['refused', 'QUERY_REFUSED statement', 0],
      ['refused', 'QUERY_REFUSED function', 0],
      ['failed', 'QUERY_FAILED 22012', 0],
      ['limited', 'QUERY_LIMIT time', 0],
      ['answered', null, 1],
      ['answered', null, 1],
      ['aborted', null, 0],
      ['refused', 'SCOPE_REFUSED missing', 0],
    ])
    expect(rows.map(({ rows: n, bytes }) => n > 0 === bytes > 0)).not.toContain(false)
    expect(rows.find(({ outcome }) => outcome === 'limited')?.duration_below_ms).toBeGreaterThan(100)
    expect(
      rows.every(({ role, outcome }) => role === place.agentRole || ['refused', 'aborted'].includes(outcome)),
    ).toBe(true)
    expect(rows.every(({ duration_below_ms: ms }) => Number.isInteger(Math.log10(ms)))).toBe(true)
    expect(JSON.stringify(rows)).not.toMatch(/not recorded|4111111111111111/)
  })

  test('goes to a function too, and withholds the answer when it fails', async () => {
    const seen: AuditEntry[] = []
    const told = place.analyst({ audit: (entry) => void seen.push(entry) })
    await told.query('select 1')
    expect(seen).toEqual([
      expect.objectContaining({
        userId: undefined,
        role: place.analystRole,
        outcome: 'answered',
        rows: 1,
        sql: 'select 1',
      }),
    ])

    const broken = () => Promise.reject(new Error('disk full'))
    await expect(place.analyst({ audit: broken }).query('select 1')).rejects.toThrow(AuditFailedError)
    const open = place.analyst({ audit: broken, onAuditFailure: 'answer' })
    expect((await open.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('about everybody has no user', async () => {
    const { db } = place.database
    await place.analyst({ audit: db }).query('select 1')

    expect((await agentQueries.list(db, { user_id: null })).rows).toMatchObject([{ user_id: null, sql: 'select 1' }])
  })

  test('is in the export of a person and goes with an erasure', async () => {
    const { db } = place.database
    const { id } = await createUser(db)
    await place.agent({ audit: db }).asUser(id).query('select 42 as n')
    let text = ''
    for await (const line of users.export(db, id)) text += line
    expect(text).toContain('select 42 as n')

    await users.erase(db, id)
    expect((await agentQueries.list(db, { user_id: id })).rows).toEqual([])
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from finance.agent_queries`.execute(db)
    expect(rows[0]?.n).toBeGreaterThan(0)
  })
})
