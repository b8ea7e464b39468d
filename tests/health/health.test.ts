import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { DummyDriver, Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, inject, onTestFinished } from 'vitest'
import { createFinanceDb, type ServerOptions } from '../../src/database.js'
import { checkHealth, healthHandlers, liveness, readiness } from '../../src/health/index.js'
import { migrations } from '../../src/migrations/index.js'
import { withReplicas } from '../../src/replicas/replicas.js'
import { version } from '../../src/version.js'
import { directly, withDatabase } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

function connect(options: ServerOptions = {}) {
  const db = createFinanceDb({ connectionString: inject('databaseUrl'), ...options }, {})
  onTestFinished(() => db.destroy())
  return db
}

const get = (path: string, init?: RequestInit) => new Request(`http://localhost${path}`, init)

describe('checkHealth', () => {
  test('of a migrated database is ok, with versions, pool, migrations and latency', async () => {
    await using fresh = await freshDatabase()

    const report = await checkHealth(fresh.db)

    const { rows } = await sql`select from ${sql.table('finance.migrations')}`.execute(fresh.db)
    expect(report).toMatchObject({
      status: 'ok',
      reasons: [],
      version,
      database: { reachable: true, readOnly: false, serverVersion: expect.stringMatching(/^\d+(\.\d+)?$/) },
      pool: { size: 5, max: 35, inUse: 0, idle: 1, overflow: 0, waiting: 0 },
      migrations: { state: 'current', applied: rows.length, pending: 0, latest: migrations.at(-1)?.name },
      replicas: [],
    })
    expect(report.database.latencyMs).toBeGreaterThan(0)
    expect(report.durationMs).toBeGreaterThanOrEqual(report.database.latencyMs ?? 0)
    expect(Date.parse(report.timestamp)).toBeGreaterThan(Date.now() - 10_000)
  })

  test('tells a schema that is missing, behind, ahead, too far ahead, or edited', async () => {
    const empty = connect()
    expect(await checkHealth(empty)).toMatchObject({ status: 'unhealthy', reasons: ['schema-missing'] })
    expect(await readiness(empty)).toEqual({ ready: false, reasons: ['schema-missing'] })

    await using fresh = await freshDatabase()
    const { db } = fresh
    const host = { migrations: { migrations: [{ name: 'host_1', up: () => ['select 1'], down: () => ['select 1'] }] } }
    expect(await checkHealth(db, host)).toMatchObject({
      status: 'degraded',
      reasons: ['migrations-pending'],
      migrations: { state: 'pending', pending: 1 },
    })
    expect(await readiness(db, host)).toEqual({ ready: false, reasons: ['migrations-pending'] })

    const history = sql.table('finance.migrations')
    await sql`insert into ${history} (sequence, name, source, checksum, breaking, duration_ms, package_version, applied_at)
      select 9998, '9998_newer', source, checksum, false, duration_ms, package_version, applied_at from ${history} limit 1`.execute(
      db,
    )
    expect(await checkHealth(db)).toMatchObject({
      status: 'ok',
      migrations: { state: 'newer', latest: migrations.at(-1)?.name },
    })

    await sql`update ${history} set breaking = true where name = '9998_newer'`.execute(db)
    expect(await readiness(db)).toEqual({ ready: false, reasons: ['too-new'] })
    expect((await checkHealth(db)).status).toBe('unhealthy')

    await sql`delete from ${history} where name = '9998_newer'`.execute(db)
    await sql`update ${history} set checksum = repeat('0', 64) where name = ${migrations[0]?.name}`.execute(db)
    expect(await checkHealth(db)).toMatchObject({ status: 'degraded', reasons: ['migrations-edited'] })
    expect(await readiness(db)).toEqual({ ready: true, reasons: [] })
  })

  test('tells a full pool from a database that is away, in time, and never names what it connects to', async () => {
    const full = connect({ poolSize: 1, maxOverflow: 0 })
    await sql`select 1`.execute(full)
    const holder = sql`select pg_sleep(1)`.execute(full)
    const away = connect({ connectionString: 'postgresql://ada:hunter2@127.0.0.1:1/money' })
    const nowhere = connect({ connectionString: withDatabase(inject('databaseUrl'), 'money') })

    const [report, ready, gone, refused] = await Promise.all([
      checkHealth(full, { timeoutMs: 300, migrations: false }),
      readiness(full, { timeoutMs: 300, migrations: false }),
      checkHealth(away),
      checkHealth(nowhere),
    ])

    expect(report).toMatchObject({ status: 'unhealthy', reasons: ['pool-exhausted'] })
    expect(report.durationMs).toBeLessThan(900)
    expect(ready).toEqual({ ready: false, reasons: ['pool-exhausted'] })
    expect(gone).toMatchObject({ status: 'unhealthy', reasons: ['unreachable'], database: { reachable: false } })
    expect(refused).toMatchObject({ status: 'unhealthy', reasons: ['refused'], database: { reachable: false } })
    expect(JSON.stringify([gone, refused])).not.toMatch(/hunter2|ada|127\.0\.0\.1|money/)
    await holder
    // The check that came too late has given its connection back.
    expect(await checkHealth(full, { migrations: false })).toMatchObject({ status: 'ok', pool: { waiting: 0 } })
  })

  test('tells a server that takes no connection from a pool that is full', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const db = connect({ connectionString: `postgresql://ada@127.0.0.1:${port}/money`, connectTimeoutMs: 1000 })

    expect(await checkHealth(db, { timeoutMs: 300 })).toMatchObject({ status: 'unhealthy', reasons: ['unreachable'] })
  })

  test('takes a line before the pool for load, as long as it gets through itself', async () => {
    const busy = connect({ poolSize: 1, maxOverflow: 0 })
    await sql`select 1`.execute(busy)
    const nap = () => sql`select pg_sleep(0.3)`.execute(busy)
    const naps = [nap()]
    const seen = checkHealth(busy, { migrations: false })
    const asked = readiness(busy, { migrations: false })
    naps.push(nap(), nap(), nap())

    expect(await seen).toMatchObject({ status: 'degraded', reasons: ['pool-exhausted'] })
    expect(await asked).toEqual({ ready: true, reasons: [] })
    await Promise.all(naps)
  })

  test('finds nothing wrong with a pool that is all lent out while nobody waits', async () => {
    const busy = connect({ poolSize: 1, maxOverflow: 0 })
    let nap: Promise<unknown> | undefined
    const replicas = {
      async health() {
        await sql`select 1`.execute(busy)
        nap = sql`select pg_sleep(1)`.execute(busy)
        await sleep(300)
        return []
      },
    }

    expect(await checkHealth(busy, { migrations: false, replicas })).toMatchObject({
      status: 'ok',
      pool: { inUse: 1, waiting: 0 },
    })
    await nap
  })

  test('tells a database that is slow, which stays ready', async () => {
    await using fresh = await freshDatabase()
    const url = new URL(fresh.url)
    const { hostname, port } = url
    let delayMs = 0
    const network = createServer((near) => {
      const far = dial(Number(port), hostname)
      near.pipe(far)
      far.on('data', (bytes) => setTimeout(() => near.write(bytes), delayMs))
      near.on('close', () => far.destroy())
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void network.close())
    await once(network, 'listening')
    url.port = String((network.address() as AddressInfo).port)
    const db = connect({ connectionString: url.href })
    await sql`select 1`.execute(db)
    delayMs = 600

    const seen = await checkHealth(db, { timeoutMs: 20_000 })

    expect(seen).toMatchObject({ status: 'degraded', reasons: ['slow'], migrations: { state: 'current' } })
    expect(seen.database.latencyMs).toBeGreaterThan(500)
    expect(await readiness(db, { timeoutMs: 20_000 })).toEqual({ ready: true, reasons: [] })
  })

  test('says ready whatever the replicas, also where it is given some', async () => {
    await using fresh = await freshDatabase()
    const away = connect({ connectionString: 'postgresql://ada@127.0.0.1:1/money' })
    const options = { timeoutMs: 5000, replicas: withReplicas(fresh.db, { away }) }

    expect((await checkHealth(fresh.db, options)).reasons).toEqual(['replica-down'])
    expect(await readiness(fresh.db, options)).toEqual({ ready: true, reasons: [] })
  })

  test('does not hang a second time beside a first on the pool of a host, which cannot be broken off', async () => {
    const pool = new pg.Pool({ connectionString: inject('databaseUrl'), max: 1 })
    const host = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
    onTestFinished(() => host.destroy())
    const holder = await pool.connect()
    const look = () => checkHealth(host, { timeoutMs: 200, migrations: false })

    const reports = [await look(), await look()]
    const waiting = pool.waitingCount
    holder.release()

    expect(reports.map(({ status }) => status)).toEqual(['unhealthy', 'unhealthy'])
    expect(waiting).toBe(1)
    await expect.poll(look).toMatchObject({ status: 'ok' })
  })

  test.each([
    ['ECONNREFUSED', 'unreachable'],
    ['57P01', 'unreachable'],
    ['08006', 'unreachable'],
    ['57P03', 'refused'],
    ['28P01', 'refused'],
    ['3D000', 'refused'],
    ['53300', 'refused'],
    ['XX000', 'failed'],
    // These only end in what others begin with.
    ['42P08', 'failed'],
    ['42P28', 'failed'],
  ])("takes %s, as the driver of a host's own Kysely gives it, for %s", async (code, reason) => {
    class Failing extends DummyDriver {
      override acquireConnection(): never {
        throw Object.assign(new Error('as the driver says it'), { code, severity: 'FATAL' })
      }
    }
    const dialect = new PostgresDialect({ pool: new pg.Pool() })
    const host = new Kysely<unknown>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new Failing(),
        createIntrospector: (db) => dialect.createIntrospector(db),
        createQueryCompiler: () => dialect.createQueryCompiler(),
      },
    })

    expect(await checkHealth(host)).toMatchObject({ status: 'unhealthy', reasons: [reason] })
  })

  test('of a role that may not read the history does not guess', async () => {
    await using fresh = await freshDatabase()
    const role = `health_reader_${process.pid}`
    await sql`create role ${sql.id(role)} login password 'reads nothing'`.execute(fresh.db)
    onTestFinished(() => dropRole(role))
    const reader = connect({ connectionString: fresh.url, user: role, password: 'reads nothing' })

    const report = await checkHealth(reader)

    expect(report).toMatchObject({ status: 'ok', database: { reachable: true }, migrations: { state: 'unknown' } })
    await reader.destroy()

    await sql`alter role ${sql.id(role)} connection limit 0`.execute(fresh.db)
    // PgBouncer has a connection of that role by now, and needs no other.
    for (const password of ['reads nothing', 'wrong']) {
      const refused = connect({ connectionString: directly(fresh.url), user: role, password })
      expect(await checkHealth(refused)).toMatchObject({ status: 'unhealthy', reasons: ['refused'] })
    }
  })

  test('tells a history that is locked from one that cannot be read', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const trx = await db.startTransaction().execute()
    await sql`lock table finance.migrations in access exclusive mode`.execute(trx)

    expect(await checkHealth(db, { timeoutMs: 300 })).toMatchObject({
      status: 'unhealthy',
      reasons: ['timeout'],
      database: { reachable: true, serverVersion: expect.any(String) },
    })

    await sql`alter table finance.migrations drop column applied_at`.execute(trx)
    await trx.commit().execute()
    expect(await checkHealth(db)).toMatchObject({ status: 'unhealthy', reasons: ['failed'] })
  })

  test('of PGlite has no pool', async () => {
    await using embedded = await pgliteDb()

    expect(await checkHealth(embedded.db)).toMatchObject({ status: 'ok', pool: null, migrations: { state: 'current' } })
    expect(await readiness(embedded.db)).toEqual({ ready: true, reasons: [] })
  })

  test('of life asks no database', () => {
    const { uptimeMs, ...rest } = liveness()
    expect(rest).toEqual({ alive: true, version })
    expect(Math.abs(uptimeMs - process.uptime() * 1000)).toBeLessThan(1000)
  })
})

async function dropRole(role: string): Promise<void> {
  const db = createFinanceDb({ connectionString: inject('databaseUrl') }, {})
  await sql`drop role if exists ${sql.id(role)}`.execute(db).finally(() => db.destroy())
}

describe('the handlers', () => {
  test('answer each path with its code and body, and nothing is kept by caches', async () => {
    await using fresh = await freshDatabase()
    const { handle } = healthHandlers(fresh.db)
    const body = async (path: string) => (await handle(get(path))).json()

    expect(await body('/health/')).toEqual({ status: 'ok', timestamp: expect.any(String), version })
    expect(Object.keys((await body('/health/database')) as object)).toEqual([
      'status',
      'reasons',
      'timestamp',
      'database',
      'pool',
      'migrations',
    ])
    expect(await body('/health/detailed')).toMatchObject({ status: 'ok', replicas: [], durationMs: expect.any(Number) })
    expect(await body('/health/readiness')).toEqual({ status: 'ready', reasons: [] })
    const alive = { status: 'alive', ...liveness(), uptimeMs: expect.any(Number) }
    expect(await body('/health/liveness')).toEqual(alive)
    const head = await handle(get('/health', { method: 'HEAD' }))
    expect([head.status, await head.text(), head.headers.get('cache-control')]).toEqual([200, '', 'no-store'])
    expect((await handle(get('/health/other'))).status).toBe(404)
    expect((await handle(get('/elsewhere'))).status).toBe(404)
    expect((await handle(get('/wealth/detailed'))).status).toBe(404)
    const posted = await handle(get('/health', { method: 'POST' }))
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('are where they are told to be, and bother no replica to tell readiness', async () => {
    await using fresh = await freshDatabase()
    let asked = 0
    const replicas = {
      async health() {
        asked++
        return []
      },
    }
    const { handle } = healthHandlers(fresh.db, {
      ...{ basePath: '/status/', slowMs: 0, replicas, authorize: async () => false },
    })
    const code = async (path: string) => (await handle(get(`/status${path}`))).status

    expect([await code('/readiness'), asked]).toEqual([200, 0])
    expect(await (await handle(get('/status'))).json()).toMatchObject({ status: 'degraded' })
    expect(asked).toBe(1)
    expect([await code('/detailed'), await code('/database')]).toEqual([403, 403])
  })

  test('look again for each who asks later, and say 200 where the database serves but is behind', async () => {
    await using fresh = await freshDatabase()
    const { handle } = healthHandlers(fresh.db)
    expect(await (await handle(get('/health'))).json()).toMatchObject({ status: 'ok' })

    await sql`delete from ${sql.table('finance.migrations')} where name = ${migrations.at(-1)?.name}`.execute(fresh.db)

    const later = await handle(get('/health'))
    expect([later.status, await later.json()]).toMatchObject([200, { status: 'degraded' }])
    expect((await handle(get('/health/readiness'))).status).toBe(503)
  })

  test('say 503 where the database is away, but that the process lives', async () => {
    const { handle } = healthHandlers(connect({ connectionString: 'postgresql://ada@127.0.0.1:1/money' }))
    const codes = await Promise.all(
      ['', '/detailed', '/database', '/readiness', '/liveness'].map(
        async (p) => (await handle(get(`/health${p}`))).status,
      ),
    )

    expect(codes).toEqual([503, 503, 503, 503, 200])
  })

  test('show details only to whom `authorize` lets', async () => {
    const handlers = healthHandlers(connect(), { authorize: (request) => request.headers.get('x-probe') === 'yes' })

    expect((await handlers.detailed(get('/health/detailed'))).status).toBe(403)
    expect((await handlers.database(get('/', { headers: { 'x-probe': 'yes' } }))).status).toBe(503)
    expect((await handlers.liveness(get('/'))).status).toBe(200)
  })

  test('share one check among those who ask at once', async () => {
    await using fresh = await freshDatabase()
    const { handle } = healthHandlers(fresh.db)

    await Promise.all(Array.from({ length: 50 }, () => handle(get('/health'))))

    const { pool } = await checkHealth(fresh.db)
    expect(pool?.total).toBe(1)
  })

  test('mount in Hono, Express and Fastify', async () => {
    await using fresh = await freshDatabase()
    const health = healthHandlers(fresh.db)
    const ready = { status: 'ready', reasons: [] }

    const hono = new Hono().all('/health/*', (c) => health.handle(c.req.raw))
    expect(await (await hono.request('/health/readiness')).json()).toEqual(ready)

    const app = express().get(/^\/health/, async (request, reply) => {
      const answer = await health.handle(get(request.originalUrl))
      reply
        .status(answer.status)
        .type('json')
        .send(await answer.text())
    })
    const server = app.listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await (await fetch(`http://127.0.0.1:${port}/health/readiness`)).json()).toEqual(ready)

    const fast = fastify().get('/health/*', async (request, reply) => {
      const answer = await health.handle(get(request.url))
      return reply
        .code(answer.status)
        .type('application/json')
        .send(await answer.text())
    })
    onTestFinished(() => fast.close())
    expect((await fast.inject('/health/readiness')).json()).toEqual(ready)
  })
})
