import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createReadOnlyDb, type ReadOnlyDb } from '../../src/readonly/index.js'
import type { ScopeKey } from '../../src/roles/index.js'
import { createUser } from '../people.js'
import { directly } from '../server.js'
import { muteableProxy } from './proxy.js'
import { connectAs, type DoorDatabase, doorDatabase } from './support.js'

let place: DoorDatabase
let userId: string
beforeAll(async () => {
  place = await doorDatabase()
  userId = (await createUser(place.database.db)).id
})
afterAll(() => place[Symbol.asyncDispose]())

const open = (options: Parameters<DoorDatabase['agent']>[0] = {}) =>
  place.agent({ guard: 'off', concurrency: 1, ...options }).asUser(userId)
const pidOf = async (door: ReadOnlyDb) => (await door.query('select pg_backend_pid() as pid')).rows[0]?.pid

describe('the transaction of a query', () => {
  test('cannot be made to write', async () => {
    await expect(open().query(`select set_config('transaction_read_only', 'off', true)`)).rejects.toThrow()
  })

  test('is rolled back: what it announces is never heard', async () => {
    await using owner = await connectAs(place.database.url)
    const heard: unknown[] = []
    owner.client.on('notification', ({ payload }) => heard.push(payload))
    await owner.client.query('listen jobs')

    expect((await open().query(`select pg_notify('jobs', 'pay')`)).rowCount).toBe(1)
    await owner.client.query(`notify jobs, 'own'`)

    expect(heard).toEqual(['own'])
  })

  test('reads and prints alike, within limits, whatever the role has set', async () => {
    const name = new URL(place.database.url).pathname.slice(1)
    const odd = {
      DateStyle: 'German',
      IntervalStyle: 'sql_standard',
      bytea_output: 'escape',
      extra_float_digits: '-5',
      TimeZone: 'Asia/Tokyo',
      standard_conforming_strings: 'off',
      array_nulls: 'off',
      transform_null_equals: 'on',
      row_security: 'off',
      quote_all_identifiers: 'on',
      jit: 'on',
      statement_timeout: '0',
      lock_timeout: '0',
      idle_in_transaction_session_timeout: '0',
      search_path: 'public',
      default_transaction_read_only: 'off',
      default_transaction_isolation: 'read committed',
    }
    const each = (what: (setting: string, value: string) => string) => Object.entries(odd).map(([n, v]) => what(n, v))
    await place.asOwner(...each((n, v) => `alter role ${place.agentRole} in database ${name} set ${n} = '${v}'`))
    try {
      const { rows } = await open({ limits: { timeoutMs: 7000 } }).query(`select date '2026-03-01'::text as day,
        interval '1 day 2 hours'::text as span, decode('00ff', 'hex')::text as bytes, (0.1::float8 + 0.2::float8)::text as sum,
        timestamptz '2026-03-01 12:00Z'::text as instant, length('\\n') as letters,
        array_position('{NULL}'::text[], null) as missing, format_type('text'::regtype, null) as kind, (1 = null) is null as unknown,
        (select count(*)::int from transactions) as held, current_setting('search_path') as path,
        current_setting('transaction_read_only') as read_only, current_setting('transaction_isolation') as isolation,
        current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock,
        current_setting('idle_in_transaction_session_timeout') as idle, current_setting('jit') as jit,
        current_setting('transaction_timeout', current_setting('server_version_num')::int < 170000) as whole`)

      expect(rows[0]).toMatchObject({
        ...{
          day: '2026-03-01',
          span: '1 day 02:00:00',
          bytes: '\\x00ff',
          sum: '0.30000000000000004',
          missing: 1,
          kind: 'text',
        },
        ...{ unknown: true, held: 0 },
        ...{ instant: '2026-03-01 12:00:00+00', letters: 2, path: 'pg_catalog, "finance", pg_temp' },
        ...{ statement: '7s', lock: '1s', idle: '12s', jit: 'off', read_only: 'on', isolation: 'repeatable read' },
      })
      expect(rows[0]?.whole ?? '17s').toBe('17s')
    } finally {
      await place.asOwner(...each((n) => `alter role ${place.agentRole} in database ${name} reset ${n}`))
    }
  })
})

test('the scope of a query ends soon after it could', async () => {
  const { rows } = await open({ limits: { timeoutMs: 5000 } }).query(
    `select split_part(current_setting('finance_db.scope'), '.', 5)::int - extract(epoch from now()) as seconds`,
  )
  expect(Number(rows[0]?.seconds)).toBeGreaterThan(5)
  expect(Number(rows[0]?.seconds)).toBeLessThan(70)
})

describe('a connection', () => {
  test('is used again, but never after a cancel, which may still be on its way', async () => {
    const mine = open()
    const first = await pidOf(mine)
    expect(await pidOf(mine)).toBe(first)

    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(mine.query('select pg_sleep(10)', { signal: stop.signal })).rejects.toThrow('enough')
    expect(await pidOf(mine)).not.toBe(first)
    // Nothing that was for the old one comes late.
    await sleep(1200)
    expect((await mine.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('that falls silent holds nobody up', async () => {
    await using proxy = await muteableProxy(place.agentUrl)
    await using door = createReadOnlyDb(
      { connectionString: proxy.url, scopeKey: place.scopeKey, guard: 'off', concurrency: 1, sslMode: 'disable' },
      {},
    )
    const mine = door.asUser(userId)
    await pidOf(mine)
    proxy.mute(true)
    const started = performance.now()
    await expect(mine.query('select 1', { limits: { timeoutMs: 200 } })).rejects.toMatchObject({ limit: 'time' })
    expect(performance.now() - started).toBeLessThan(6000)
    proxy.mute(false)
    expect(await pidOf(mine)).toBeTypeOf('number')
  })

  test('has a limit of its own while it is looked at, which is over when it is lent', async () => {
    const later = globalThis.setTimeout
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms: number) =>
      later(run, ms === 15_250 ? 2000 : ms)) as never)
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now')
    onTestFinished(() => void vi.restoreAllMocks())
    await using proxy = await muteableProxy(place.agentUrl)
    await using door = createReadOnlyDb(
      { connectionString: proxy.url, scopeKey: place.scopeKey, guard: 'off', concurrency: 1, sslMode: 'disable' },
      {},
    )
    const mine = door.asUser(userId)

    expect((await mine.query('select 1 as one from pg_sleep(3)')).rows).toEqual([{ one: 1 }])

    clock.mockImplementation(() => now() + 61_000)
    proxy.mute(true)
    await expect(mine.query('select 1')).rejects.toThrow()
    proxy.mute(false)
    expect(await pidOf(mine)).toBeTypeOf('number')
  })

  test('is looked at when it is new, and every connection again after a minute', async () => {
    const two = open({ concurrency: 2 })
    await pidOf(two)
    const holds = two.query('select pg_sleep(1)')
    await place.asOwner(`grant insert on finance.insights to ${place.agentRole}`)
    try {
      await expect(two.query('select 1')).rejects.toThrow('may insert insights')
      await holds
    } finally {
      await place.asOwner(`revoke insert on finance.insights from ${place.agentRole}`)
    }

    // PgBouncer would keep the session of a connection that is closed.
    // What is lent for small answers may still be looked at.
    const one = open({ connectionString: directly(place.agentUrl), limits: { maxBytes: 2000 } })
    const pid = await pidOf(one)
    await place.asOwner(`grant insert on finance.insights to ${place.agentRole}`)
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now')
    try {
      expect(await pidOf(one)).toBe(pid)
      clock.mockImplementation(() => now() + 61_000)
      await expect(one.query('select 1')).rejects.toThrow('may insert insights')
    } finally {
      clock.mockRestore()
      await place.asOwner(`revoke insert on finance.insights from ${place.agentRole}`)
    }
    expect(await pidOf(one)).not.toBe(pid)
  })

  test('is looked at again for a table or a column that is not known, which opens nothing else', async () => {
    const mine = open({ guard: 'on' })
    await mine.query('select 1')
    const now = performance.now.bind(performance)
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now() + 2000)
    try {
      await expect(mine.query('select rolname from pg_roles')).rejects.toMatchObject({ reason: 'relation' })
      await place.asOwner('alter table finance.insights add column extra text')
      const later = now() + 70_000
      clock.mockImplementation(() => later)
      const all = 'select * from finance.insights'
      await expect(mine.query(all)).rejects.toMatchObject({ reason: 'column' })
      await place.asOwner(`grant select (extra) on finance.insights to ${place.agentRole}`)
      // Not twice within a second, however often it is asked.
      await expect(mine.query(all)).rejects.toMatchObject({ reason: 'column' })
      clock.mockImplementation(() => now() + 75_000)
      expect((await mine.query(all)).columns.map(({ name }) => name)).toContain('extra')
    } finally {
      clock.mockRestore()
      await place.asOwner('alter table finance.insights drop column extra')
    }
  })
})

test('asUser signs with the first key of the variable, which has the old one too while keys are changed', async () => {
  const text = ({ id, secret }: ScopeKey) => `${id}:${Buffer.from(secret).toString('base64')}`
  const old: ScopeKey = { id: 'old', secret: randomBytes(32) }
  const env = { READONLY_DATABASE_URL: place.agentUrl, FINANCE_SCOPE_KEY: [place.scopeKey, old].map(text).join(',') }
  await using door = createReadOnlyDb({}, env)

  expect((await door.asUser(userId).query('select id from users')).rows).toEqual([{ id: userId }])
})

test('asUser needs a key to sign with', async () => {
  await using door = createReadOnlyDb({ connectionString: place.agentUrl }, {})
  await expect(door.asUser(userId).query('select 1')).rejects.toMatchObject({
    code: 'SCOPE_REFUSED',
    message: expect.stringContaining('scopeKey'),
  })
})
