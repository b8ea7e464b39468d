import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { QueryLimitError } from '../../src/index.js'
import { createReadOnlyDb, type ReadOnlyDb } from '../../src/readonly/index.js'
import { doorLimits, tighten } from '../../src/readonly/limits.js'
import { createUser } from '../people.js'
import { connectAs, type DoorDatabase, doorDatabase } from './support.js'

let place: DoorDatabase
let userId: string
let door: ReadOnlyDb

beforeAll(async () => {
  place = await doorDatabase()
  userId = (await createUser(place.database.db)).id
  door = place.agent({ guard: 'off' }).asUser(userId)
})
afterAll(() => place[Symbol.asyncDispose]())

/** Sessions of the agent that run something, as the owner sees them. */
async function running(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
    where usename = ${place.agentRole} and state <> 'idle' and query like '%pg_sleep%'`.execute(place.database.db)
  return rows[0]?.n ?? 0
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await reached()) return
    await sleep(20)
  }
  throw new Error('It did not come to that.')
}

const works = async (mine: ReadOnlyDb) => expect((await mine.query('select 1 as one')).rows).toEqual([{ one: 1 }])

describe('limits of the door', () => {
  test('end a statement that runs too long, also when it turns the server’s limit off', async () => {
    const started = performance.now()
    await expect(door.query('select pg_sleep(20)', { limits: { timeoutMs: 300 } })).rejects.toMatchObject({
      name: 'QueryLimitError',
      limit: 'time',
    })
    await expect(
      door.query(`select set_config('statement_timeout', '0', false), pg_sleep(20)`, { limits: { timeoutMs: 300 } }),
    ).rejects.toMatchObject({ limit: 'time' })
    expect(performance.now() - started).toBeLessThan(5000)
    await works(door)
  })

  test('end a transaction of typed queries whose statement turned the limit off, by our own clock', async () => {
    const analyst = place.analyst({ limits: { timeoutMs: 500 }, concurrency: 1 })
    const error = await analyst.db
      .transaction()
      .execute(async (trx) => {
        await sql`select set_config('statement_timeout', '0', true)`.execute(trx as never)
        await sql`select pg_sleep(20)`.execute(trx as never)
      })
      .catch((e: unknown) => e)
    expect(error).toMatchObject({ name: 'QueryLimitError', limit: 'time' })
    await works(analyst)
  })

  test('cut rows off and say so; a typed query is refused instead', async () => {
    const answer = await door.query('select g from generate_series(1, 100) g order by g', { limits: { maxRows: 10 } })

    expect(answer).toMatchObject({ rowCount: 10, truncated: true, truncatedBy: 'rows' })
    expect(answer.rows.at(-1)).toEqual({ g: 10 })
    expect(await door.query('select g from generate_series(1, 10) g', { limits: { maxRows: 10 } })).toMatchObject({
      truncated: false,
    })
    const few = place.agent({ limits: { maxRows: 10 } }).asUser(userId)
    await expect(sql`select g from generate_series(1, 11) g`.execute(few.db)).rejects.toMatchObject({ limit: 'rows' })
  })

  test('stop an endless answer after a few rows, on the server too', async () => {
    const started = performance.now()
    const lazy = await door.query('select generate_series(1, 1000000000) as g', { limits: { maxRows: 5 } })
    expect(lazy).toMatchObject({ rowCount: 5, truncatedBy: 'rows' })
    const analyst = place.analyst({ limits: { maxRows: 5 } })
    const typed = sql`select generate_series(1, 1000000000) as g`
    await expect(typed.execute(analyst.db)).rejects.toMatchObject({ limit: 'rows' })
    const inTransaction = analyst.db.transaction().execute((trx) => typed.execute(trx as never))
    await expect(inTransaction).rejects.toMatchObject({ limit: 'rows' })
    expect(performance.now() - started).toBeLessThan(5000)
  })

  test('cut an answer of too many bytes at whole rows', async () => {
    const answer = await door.query(`select g, repeat('x', 1000) as x from generate_series(1, 5000) g`, {
      limits: { maxBytes: 200_000 },
    })

    expect(answer).toMatchObject({ truncated: true, truncatedBy: 'bytes' })
    expect(answer.rowCount).toBeGreaterThan(50)
    expect(answer.rowCount).toBeLessThan(350)
    expect(answer.rows.every((row) => String(row.x).length === 1000)).toBe(true)
    await works(door)
    // Other limits hold for what is cut as well.
    const rows = `select repeat('x', 1000) as x from generate_series(1, 5000)`
    await expect(door.query(rows, { limits: { maxBytes: 200_000, maxCellBytes: 999 } })).rejects.toMatchObject({
      limit: 'cell',
    })
    expect((await door.query(rows, { limits: { maxBytes: 10_800, maxRows: 10 } })).rowCount).toBe(10)
    // One row that is too large is no place to cut, and typed queries are not cut.
    const growing = `select repeat('x', case g when 50 then 600000 else 100 end) from generate_series(1, 60) g`
    await expect(door.query(growing, { limits: { maxBytes: 200_000 } })).rejects.toMatchObject({ limit: 'cell' })
    const analyst = place.analyst({ limits: { maxBytes: 200_000 } })
    const many = (n: number) => sql`select repeat('x', 1000) as x from generate_series(1, ${n}::int)`
    await expect(many(5000).execute(analyst.db)).rejects.toMatchObject({ limit: 'bytes' })
    // Each statement of a transaction has the bytes to itself.
    const inTransaction = analyst.db.transaction().execute(async (trx) => {
      for (let i = 0; i < 3; i++) expect((await many(150).execute(trx as never)).rows).toHaveLength(150)
      const error = await many(5000)
        .execute(trx as never)
        .catch((cause: unknown) => cause)
      expect(error).toMatchObject({ limit: 'bytes' })
    })
    await expect(inTransaction).resolves.toBeUndefined()
  })

  test('lie within bounds', () => {
    const day = 86_400_000
    const bounds = {
      timeoutMs: [1, day],
      maxRows: [1, 1_000_000],
      maxBytes: [1024, 256 * 1024 * 1024],
      maxCellBytes: [1, 256 * 1024 * 1024],
      maxSqlLength: [1, 1_000_000],
    } as const
    for (const [name, [least, most]] of Object.entries(bounds)) {
      for (const good of [least, most]) expect(doorLimits({ [name]: good })).toMatchObject({ [name]: good })
      for (const bad of [least - 1, most + 1, least + 0.5, Number.NaN, String(most)]) {
        expect(() => doorLimits({ [name]: bad }), `${name} ${bad}`).toThrow(name)
      }
      const [few, lots] = [doorLimits({ [name]: least }), doorLimits({ [name]: most })]
      expect(tighten(few, { [name]: most })).toEqual(few)
      expect(tighten(lots, { [name]: least })).toEqual({ ...lots, [name]: least })
      expect(tighten(lots, { [name]: undefined })).toEqual(lots)
    }
    expect(() => doorLimits({ maxCost: 0 })).toThrow('maxCost')
    expect(tighten(doorLimits({}), { maxCost: 7 })).toMatchObject({ maxCost: 7 })
  })

  test('keep the process alive and small when a value has 600 MB', async () => {
    const patient = place.agent({ guard: 'off', limits: { timeoutMs: 100_000 } }).asUser(userId)
    const before = process.memoryUsage().rss
    await expect(patient.query(`select repeat('x', 600000000)`)).rejects.toMatchObject({
      name: 'QueryLimitError',
      limit: 'cell',
    })
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
    await works(door)
    await expect(door.query(`select repeat('x', 300000)`)).rejects.toMatchObject({ limit: 'cell' })
    await expect(sql`select repeat('x', 600000000)`.execute(patient.db)).rejects.toThrow(QueryLimitError)
    await works(door)
  }, 240_000)

  test('can only be made tighter by a query', async () => {
    const tight = place.agent({ limits: { maxRows: 3, timeoutMs: 300 }, guard: 'off' }).asUser(userId)

    expect(await tight.query('select generate_series(1, 9)', { limits: { maxRows: 100 } })).toMatchObject({
      rowCount: 3,
    })
    await expect(tight.query('select pg_sleep(5)', { limits: { timeoutMs: 60_000 } })).rejects.toMatchObject({
      limit: 'time',
    })
    await expect(door.query('select 1', { limits: { maxRows: 0 } })).rejects.toThrow('maxRows')
    await expect(door.query('select 1', { limits: { rows: 1 } as object })).rejects.toThrow('rows')
    expect(() => createReadOnlyDb({ connectionString: place.agentUrl, limits: { timeoutMs: -1 } }, {})).toThrow(
      'timeoutMs',
    )
    expect(() => createReadOnlyDb({ connectionString: place.agentUrl, concurrency: 0 }, {})).toThrow('concurrency')
  })

  test('take a query of so many characters, and no more', async () => {
    const short = { limits: { maxSqlLength: 20 } }
    expect((await door.query(`select 1${' '.repeat(12)}`, short)).rowCount).toBe(1)
    await expect(door.query(`select 1${' '.repeat(13)}`, short)).rejects.toMatchObject({ limit: 'length' })
    await expect(sql.raw(`select 1${' '.repeat(50_000)}`).execute(door.db)).rejects.toMatchObject({ limit: 'length' })
  })

  test('do not wait for a table that is locked', async () => {
    await using owner = await connectAs(place.database.url)
    await owner.client.query('begin; lock table finance.insights in access exclusive mode')
    const started = performance.now()
    await expect(door.query('select count(*) from insights')).rejects.toThrow('locked just now')
    expect(performance.now() - started).toBeLessThan(5000)
    await owner.client.query('rollback')
  })

  test('hold for the cost that the planner sees, before anything runs', async () => {
    await expect(
      door.query('select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b', {
        limits: { maxCost: 10_000 },
      }),
    ).rejects.toMatchObject({ limit: 'cost' })
    expect((await door.query('select $1::int as n', { params: [7], limits: { maxCost: 10_000 } })).rows).toEqual([
      { n: 7 },
    ])
    await expect(door.query('select nope', { limits: { maxCost: 1 } })).rejects.toMatchObject({ position: 8 })
  })

  test('let so many run, so many wait, and no more', async () => {
    const narrow = place.agent({ concurrency: 1, queue: 1, guard: 'off' }).asUser(userId)
    await works(narrow)
    const first = narrow.query('select pg_sleep(0.3), 1 as n')
    const second = narrow.query('select 2 as n')
    await expect(narrow.query('select 3')).rejects.toMatchObject({ name: 'QueryLimitError', limit: 'queue' })
    expect((await first).rowCount + (await second).rowCount).toBe(2)
    const impatient = place.agent({ concurrency: 1, queueTimeoutMs: 50, guard: 'off' }).asUser(userId)
    await works(impatient)
    const slow = impatient.query('select pg_sleep(0.5)')
    await expect(impatient.query('select 1')).rejects.toMatchObject({ limit: 'queue' })
    await slow
    // A transaction that did not begin holds no place.
    const analyst = place.analyst({ concurrency: 1, queueTimeoutMs: 2000 })
    const pretence = analyst.asUser(userId).db.transaction()
    await expect(pretence.execute(async () => 'ran')).rejects.toMatchObject({ reason: 'pretence' })
    await works(analyst)
  })

  test('cancel on the server when the caller aborts, waiting or running', async () => {
    const narrow = place.agent({ concurrency: 1, guard: 'off', limits: { timeoutMs: 30_000 } }).asUser(userId)
    await works(narrow)
    const [runningStop, waitingStop] = [new AbortController(), new AbortController()]
    const runs = narrow.query('select pg_sleep(25)', { signal: runningStop.signal })
    const waits = narrow.query('select 1', { signal: waitingStop.signal })
    await until(async () => (await running()) > 0)

    waitingStop.abort(new Error('no longer needed'))
    await expect(waits).rejects.toThrow('no longer needed')
    runningStop.abort(new Error('enough'))
    await expect(runs).rejects.toThrow('enough')
    await until(async () => (await running()) === 0)
    await works(narrow)
    await expect(narrow.query('select 1', { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  })

  test('replace a connection that died while it was idle', async () => {
    const mine = place.agent({ concurrency: 1 }).asUser(userId)
    await works(mine)
    await place.asOwner(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${place.agentRole}'`)

    await works(mine)
  })

  test('survive a connection that dies in the middle', async () => {
    const mine = place.agent({ concurrency: 1, guard: 'off' }).asUser(userId)
    const dying = mine.query('select pg_sleep(5)')
    const outcome = dying.catch((error: unknown) => error)
    await until(async () => (await running()) > 0)
    await place.asOwner(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${place.agentRole}' and query like '%pg_sleep%'`,
    )
    expect(await outcome).toBeInstanceOf(Error)
    await works(mine)
  })

  test('do not let notices flood the process', async () => {
    await using owner = await connectAs(place.database.url)
    await owner.client.query(`create function finance.noisy(n int) returns int language plpgsql as $$
      begin for i in 1..n loop raise warning 'x'; end loop; return n; end $$`)
    await owner.client.query(`grant execute on function finance.noisy(int) to ${place.agentRole}`)

    expect((await door.query('select finance.noisy(100000) as n')).rows).toEqual([{ n: 100000 }])
    await expect(
      door.query(
        `select finance.noisy(100000) from (select set_config('client_min_messages', 'notice', true) offset 0) s`,
      ),
    ).rejects.toMatchObject({ name: 'QueryLimitError', limit: 'notices' })
    await works(door)
    await owner.client.query('drop function finance.noisy(int)')
  })
})
