import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { CompiledQuery, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest'
import { poolStats } from '../../src/connection/postgres.js'
import { createFinanceDb, type ServerOptions } from '../../src/database.js'
import { ConnectionError, TimeoutError } from '../../src/errors.js'
import { type EmbeddedServer, startEmbeddedServer } from '../../src/testing/embedded-server.js'
import { execute } from '../server.js'
import { startProxy } from './proxy.js'

const url = inject('databaseUrl')

function connect(options: ServerOptions = {}) {
  const db = createFinanceDb({ connectionString: url, ...options }, {})
  onTestFinished(() => db.destroy())
  return db
}

/** The server at TEST_DATABASE_URL may trust everybody: this one asks for passwords. */
let strict: EmbeddedServer
beforeAll(async () => {
  strict = await startEmbeddedServer()
})
afterAll(() => strict?.stop())

function partsOf(server: string) {
  const { username, password, hostname, port } = new URL(server)
  return { host: hostname, port: Number(port), user: username, password, database: 'postgres' }
}

const pid = async (db: ReturnType<typeof connect>) =>
  (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid

/** Opens `count` connections at once, so that the pool keeps them. */
const warm = (db: ReturnType<typeof connect>, count: number) =>
  Promise.all(Array.from({ length: count }, () => sql`select pg_sleep(0.05), pg_backend_pid() as pid`.execute(db)))

describe('a connection that died while idle', () => {
  test('is replaced before anyone sees it, when the server ended all of them', async () => {
    const db = connect({ poolSize: 6, applicationName: 'doomed' })
    await warm(db, 6)
    await sleep(60)
    await execute(url, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'doomed'`)

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => sql<{ i: number }>`select ${i}::int4 as i`.execute(db)),
    )

    expect(answers.map(({ rows }) => rows[0]?.i)).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('is replaced when it hangs, and so are those that have been idle as long', async () => {
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const { username, password } = new URL(url)
    const connectionString = `postgresql://${username}:${password}@127.0.0.1:${proxy.port}/postgres`
    const db = connect({ connectionString, poolSize: 4, sslMode: 'disable' })
    await warm(db, 4)
    await sleep(60)
    proxy.swallow()

    const start = performance.now()
    for (let i = 0; i < 4; i++) await sql`select 1`.execute(db)

    // One ping that times out after 2 s, not four.
    expect(performance.now() - start).toBeLessThan(3500)
    expect(proxy.opened()).toBeGreaterThan(4)
  })

  test('shows when pre-ping is off', async () => {
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const { username, password } = new URL(url)
    const connectionString = `postgresql://${username}:${password}@127.0.0.1:${proxy.port}/postgres`
    const db = connect({ connectionString, poolSize: 1, sslMode: 'disable', prePing: false })
    await warm(db, 1)
    await sleep(60)
    proxy.swallow()

    const query = sql`select 1`.execute(db).then(
      () => 'answered',
      () => 'broken',
    )

    expect(await Promise.race([query, sleep(500, 'stuck')])).toBe('stuck')
    await proxy.close()
    expect(await query).toBe('broken')
  })

  test('does not end the process when it was ours at that moment', async () => {
    const db = connect()

    const broken = db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
      await execute(url, `select pg_terminate_backend(${rows[0]?.pid})`)
      await sleep(50)
      await sql`select 1`.execute(trx)
    })

    await expect(broken).rejects.toThrow()
    expect((await sql<{ one: number }>`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })
})

describe('the limits of a pool', () => {
  test('are size and overflow together, and idle connections above the size are closed', async () => {
    // Long enough that none is closed before it is looked at, on a busy machine too.
    const db = connect({ poolSize: 2, maxOverflow: 2, idleTimeoutMs: 2_000 })

    await warm(db, 8)

    expect(poolStats(db)).toEqual({ size: 2, max: 4, total: 4, inUse: 0, idle: 4, overflow: 2, waiting: 0 })
    await expect.poll(() => poolStats(db)?.total, { timeout: 20_000 }).toBe(2)
  })

  test('a full pool gives a TimeoutError that names what to raise', async () => {
    const db = connect({ poolSize: 1, maxOverflow: 0, acquireTimeoutMs: 500 })
    await sql`select 1`.execute(db)
    const holder = sql`select pg_sleep(1)`.execute(db)

    const waiting = sql`select 1`.execute(db)

    await expect(waiting).rejects.toThrow(TimeoutError)
    await expect(waiting).rejects.toThrow(/poolSize \(DATABASE_POOL_SIZE\)/)
    await expect(waiting).rejects.toMatchObject({ waitedFor: 'connection' })
    await holder
  })

  test('connecting has a limit of its own, below that of waiting', async () => {
    const mute = createServer(() => {})
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    onTestFinished(() => void mute.close())
    const port = (mute.address() as { port: number }).port
    const db = connect({ connectionString: `postgresql://ada:hunter2@127.0.0.1:${port}/x`, connectTimeoutMs: 100 })

    const start = performance.now()
    const attempt = sql`select 1`.execute(db)

    await expect(attempt).rejects.toThrow(TimeoutError)
    await expect(attempt).rejects.toThrow(/DATABASE_CONNECT_TIMEOUT/)
    expect(performance.now() - start).toBeLessThan(2000)
  })

  test('a connection is replaced at its age', async () => {
    const db = connect({ poolSize: 1, maxOverflow: 0, maxLifetimeMs: 100 })
    const before = await pid(db)

    await sleep(200)

    expect(await pid(db)).not.toBe(before)
  })

  test('a statement that runs too long is ended by the server', async () => {
    const db = connect({ statementTimeoutMs: 50 })

    await expect(sql`select pg_sleep(2)`.execute(db)).rejects.toMatchObject({ code: '57014' })
  })
})

describe('a connection that cannot be made', () => {
  test('is a ConnectionError with host and port, and without credentials', async () => {
    const db = connect({ connectionString: 'postgresql://ada:hunter2@127.0.0.1:1/money' })

    const error = await sql`select 1`.execute(db).catch((e: unknown) => e)

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toHaveProperty('message', expect.stringContaining('127.0.0.1:1 refuses connections'))
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/hunter2/)
  })

  test.each([
    ['a wrong password', { password: 'hunter2' }, /refuses the user or the password/],
    ['a missing database', { database: 'nowhere' }, /has no such database/],
    ['an unknown host', { host: 'nowhere.invalid' }, /has no address/],
  ])('%s is told', async (_, options, message) => {
    const db = connect({ connectionString: strict.url, ...options })

    const attempt = sql`select 1`.execute(db)

    await expect(attempt).rejects.toThrow(ConnectionError)
    await expect(attempt).rejects.toThrow(message)
  })
})

test('a password that is asked for and not given is told', async () => {
  const { password: _, ...parts } = partsOf(strict.url)
  const db = createFinanceDb(parts, {})
  onTestFinished(() => db.destroy())

  const error = await sql`select 1`.execute(db).catch((e: unknown) => e)

  expect(error).toMatchObject({
    code: 'CONNECTION_FAILED',
    transient: false,
    message: expect.stringContaining('asks for a password, and none was given'),
  })
})

describe('secrets that a function gives', () => {
  test('a password is asked for again for each connection', async () => {
    let asked = 0
    const parts = partsOf(strict.url)
    const db = createFinanceDb({ ...parts, password: async () => (++asked > 0 ? parts.password : '') }, {})
    onTestFinished(() => db.destroy())

    await warm(db, 3)
    await sql`select 1`.execute(db)

    expect(asked).toBe(3)
  })

  test('a connection string is asked for again for each connection', async () => {
    let asked = 0
    const db = createFinanceDb({ sslMode: 'disable', connectionString: async () => (++asked > 0 ? url : '') }, {})
    onTestFinished(() => db.destroy())

    await warm(db, 3)
    await sql`select 1`.execute(db)

    expect(asked).toBe(3)
  })

  test.each([
    ['password', 'password'],
    ['connection string', 'connectionString'],
  ])('a %s function that fails is a ConnectionError that tells its kind and not its message', async (what, option) => {
    const fails = () => Promise.reject(new TypeError('the secret is hunter2'))
    const db = createFinanceDb(
      option === 'password' ? { ...partsOf(strict.url), password: fails } : { connectionString: fails },
      {},
    )
    onTestFinished(() => db.destroy())

    const error = await sql`select 1`.execute(db).catch((e: unknown) => e)

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toHaveProperty('message', `The function that gives the ${what} failed (TypeError).`)
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/hunter2/)
  })

  test('a connection string function that hangs is cut off', async () => {
    const db = createFinanceDb({ connectionString: () => new Promise<string>(() => {}), connectTimeoutMs: 50 }, {})
    onTestFinished(() => db.destroy())

    await expect(sql`select 1`.execute(db)).rejects.toThrow(TimeoutError)
  })

  test('a malformed string from a function is not shown', async () => {
    const db = createFinanceDb({ connectionString: () => 'mysql://ada:hunter2@h/x' }, {})
    onTestFinished(() => db.destroy())

    const error = await sql`select 1`.execute(db).catch((e: unknown) => e)

    expect(error).toHaveProperty('code', 'INVALID_CONFIG')
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/hunter2/)
  })

  test('a refused connection does not stay open', async () => {
    const db = createFinanceDb(
      { ...partsOf(strict.url), applicationName: 'left behind', password: () => Promise.reject(new Error('no')) },
      {},
    )
    onTestFinished(() => db.destroy())
    const admin = new pg.Client({ connectionString: strict.url })
    await admin.connect()
    onTestFinished(() => admin.end())

    await expect(sql`select 1`.execute(db)).rejects.toThrow(ConnectionError)

    // PostgreSQL shows a backend that waits for the password as one that is starting.
    const waiting = async () => {
      const { rows } = await admin.query(`select from pg_stat_activity where state = 'starting'`)
      return rows.length
    }
    await expect.poll(waiting).toBe(0)
  })
})

test('a query that is aborted is cancelled on the server, over a connection of its own', async () => {
  const db = connect({ poolSize: 1, maxOverflow: 0 })
  const abort = new AbortController()
  const query = db.executeQuery(CompiledQuery.raw('select pg_sleep(5)'), {
    signal: abort.signal,
    inflightQueryAbortStrategy: 'cancel query',
  })
  setTimeout(() => abort.abort(), 100)

  await expect(query).rejects.toThrow()
  const start = performance.now()
  await sql`select 1`.execute(db)

  expect(performance.now() - start).toBeLessThan(2000)
})
