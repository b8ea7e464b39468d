import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { InvalidInputError } from '../../src/errors.js'
import { checkHealth } from '../../src/health/index.js'
import { type ReplicasOptions, withReplicas } from '../../src/replicas/replicas.js'
import { createTimeline, healthOf, parsePosition } from '../../src/replicas/state.js'
import * as users from '../../src/repositories/users.js'
import type { Db } from '../../src/schema/database.js'
import { payers } from '../faults/load.js'
import { type Server, startServer } from '../faults/servers.js'
import { freshDatabase } from '../support.js'

let primary: Server
let standby: Server
beforeAll(async () => {
  primary = await startServer('', 'debian')
  const db = createFinanceDb({ connectionString: primary.url }, {})
  await payers(db, 1)
  await db.destroy()
  standby = await primary.standby()
  // It answers before it has caught up.
  await using setup = connect({ checkEveryMs: 50 })
  await vi.waitUntil(async () => (await setup.reads.read(where)) === 'replica', { timeout: 20_000 })
})
afterAll(async () => {
  await standby?.[Symbol.asyncDispose]()
  await primary?.[Symbol.asyncDispose]()
})

/** A primary and one replica, `near`; which of them a read went to is told by its port. */
function connect(options: ReplicasOptions = {}) {
  const db = createFinanceDb({ connectionString: primary.url, poolSize: 4 }, {})
  const reads = withReplicas(db, { near: createFinanceDb({ connectionString: standby.url, poolSize: 4 }, {}) }, options)
  return {
    db,
    reads,
    async [Symbol.asyncDispose]() {
      await reads.destroy()
      await db.destroy()
    },
  }
}

const where = async (db: Parameters<typeof users.get>[0] & Db) => {
  const { rows } = await sql<{ port: number }>`select current_setting('port')::int4 as port`.execute(db as never)
  return rows[0]?.port === Number(new URL(standby.url).port) ? 'replica' : 'primary'
}

const resumeReplay = () => standby.execute('select pg_wal_replay_resume()')
const pauseReplay = () => {
  onTestFinished(async () => void (await resumeReplay()))
  return standby.execute('select pg_wal_replay_pause()')
}

describe('reads', () => {
  test('go to a replica that keeps up, and writes and lone calls stay with the primary', async () => {
    await using setup = connect()
    const start = performance.now()
    const [state] = await setup.reads.health()

    expect(state?.latencyMs).toBeLessThanOrEqual(performance.now() - start)
    expect(await setup.reads.read(where)).toBe('replica')
    expect(await where(setup.reads.primary)).toBe('primary')
    expect(await setup.reads.read(where, { maxLagMs: 0 })).toBe('primary')
    // A replica in the place of the primary is not fit to serve.
    const seen = await setup.reads.read((replica) => checkHealth(replica))
    expect(seen).toMatchObject({ status: 'unhealthy', reasons: ['read-only'] })
    expect(seen.database).toMatchObject({ readOnly: true, serverVersion: expect.stringMatching(/^\d+\.\d+$/) })
  })

  test('take turns among the replicas', async () => {
    const db = createFinanceDb({ connectionString: primary.url }, {})
    const [a, b] = [0, 1].map(() => createFinanceDb({ connectionString: standby.url }, {})) as [typeof db, typeof db]
    const reads = withReplicas(db, { a, b })
    const used: unknown[] = []

    for (let i = 0; i < 4; i++) await reads.read(async (handle) => used.push(handle))

    expect(new Set(used)).toEqual(new Set([a, b]))
    expect(used[2]).toBe(used[0])
    expect(used[3]).toBe(used[1])
    await reads.destroy()
    await db.destroy()
  })

  test('reach a position at the start of a segment, where the next record would have a longer header', async () => {
    await using setup = connect({ waitMs: 5000 })
    const { reads } = setup

    await primary.execute('select pg_switch_wal()')
    const after = await reads.position()

    expect(await reads.read(where, { after })).toBe('replica')
  })

  test('see what was written before the position that they name', async () => {
    await using setup = connect({ checkEveryMs: 60_000 })
    const { db, reads } = setup
    await reads.read(where)

    for (let i = 0; i < 20; i++) {
      const { id } = await users.create(db, { email: `read-your-writes-${i}@example.org` })
      const after = await reads.position()
      expect(await reads.read((replica) => users.find(replica, id), { after })).toMatchObject({ id })
    }
  })

  test('wait a little for the replica to reach a position, and then go to the primary', async () => {
    await using setup = connect({ waitMs: 150 })
    const { db, reads } = setup
    expect(await reads.read(where)).toBe('replica')
    await pauseReplay()
    await users.create(db, { email: 'paused@example.org' })
    const after = await reads.position()

    const start = performance.now()
    expect(await reads.read(where, { after })).toBe('primary')
    expect(performance.now() - start).toBeGreaterThan(100)
    // Without a position the replica is fresh enough.
    expect(await reads.read(where)).toBe('replica')

    await resumeReplay()
    await expect.poll(() => reads.read(where, { after }), { timeout: 10_000 }).toBe('replica')
  })

  test('are done by a replica that reaches the position while they wait', async () => {
    await using setup = connect({ checkEveryMs: 60_000, waitMs: 20_000, maxLagMs: 60_000 })
    const { db, reads } = setup
    expect(await reads.read(where)).toBe('replica')
    await pauseReplay()
    await users.create(db, { email: 'resumed@example.org' })

    const reading = reads.read(where, { after: await reads.position() })
    await sleep(100)
    await resumeReplay()

    expect(await reading).toBe('replica')
  })

  test('go to the primary while the replica is further behind than `maxLagMs`', async () => {
    // Only a position is waited for.
    await using setup = connect({ maxLagMs: 1500, checkEveryMs: 50, waitMs: 600_000 })
    const { db, reads } = setup
    expect(await reads.read(where)).toBe('replica')
    await pauseReplay()
    await users.create(db, { email: 'lagging@example.org' })
    await sleep(1600)

    expect(await reads.read(where)).toBe('primary')
    expect(await reads.read(where, { maxLagMs: 60_000 })).toBe('replica')
    expect(await reads.health()).toMatchObject([{ name: 'near', status: 'lagging', lagBytes: expect.any(Number) }])
    expect((await checkHealth(db, { replicas: reads })).reasons).toEqual(['replica-lagging'])

    await resumeReplay()
    await expect.poll(() => reads.read(where), { timeout: 10_000 }).toBe('replica')
    // The server writes a little by itself.
    await expect
      .poll(() => reads.health(), { timeout: 10_000 })
      .toMatchObject([{ status: 'ok', lagBytes: 0, pool: { size: 4 } }])
    expect((await reads.health())[0]?.lagMs).toBeLessThan(1500)
  })

  test('of a replica that is cut off from the primary grow stale, which it cannot tell itself', async () => {
    await using setup = connect({ maxLagMs: 1500, checkEveryMs: 50 })
    const { db, reads } = setup
    await standby.execute(`alter system set primary_conninfo = ''`)
    await standby.execute('select pg_reload_conf()')
    await sleep(300)
    await users.create(db, { email: 'cut-off@example.org' })
    await sleep(1600)

    expect(await reads.read(where)).toBe('primary')

    await standby.execute('alter system reset primary_conninfo')
    await standby.execute('select pg_reload_conf()')
    await expect.poll(() => reads.read(where), { timeout: 10_000 }).toBe('replica')
  })

  test('are done by the primary while the replica is dead, and by the replica when it is back', async () => {
    await using setup = connect({ checkEveryMs: 50 })
    await using idle = connect()
    const { db, reads } = setup
    expect(await reads.read(where)).toBe('replica')
    await idle.reads.health()

    const running = reads.read(async (handle) => {
      await sql`select pg_sleep(0.5)`.execute(handle)
      return where(handle)
    })
    await sleep(100)
    await standby.kill()
    expect(await running).toBe('primary')
    expect(await reads.read(where)).toBe('primary')
    expect(await idle.reads.health()).toMatchObject([{ status: 'down', latencyMs: null, lagBytes: null }])
    expect(await checkHealth(db, { replicas: reads })).toMatchObject({
      status: 'degraded',
      reasons: ['replica-down'],
      replicas: [{ name: 'near', status: 'down', lagMs: null }],
    })

    await standby.start()
    await expect.poll(() => reads.read(where), { timeout: 10_000 }).toBe('replica')
  })

  test('leave a replica alone that has failed one, until the next check', async () => {
    await using setup = connect({ checkEveryMs: 60_000 })
    const { reads } = setup
    const used: unknown[] = []
    const fail = async (handle: unknown) => {
      used.push(handle === setup.db ? 'primary' : 'replica')
      if (used.length === 1) throw new Error('Connection terminated unexpectedly')
    }

    await reads.read(fail)
    await reads.read(fail)

    expect(used).toEqual(['replica', 'primary', 'primary'])
  })

  test('that were in the way of recovery are done by the primary, and the replica is as good as before', async () => {
    await using setup = connect({ checkEveryMs: 60_000 })
    const used: unknown[] = []
    const fail = (code: string) => async (handle: unknown) => {
      used.push(handle === setup.db ? 'primary' : 'replica')
      if (handle !== setup.db) throw Object.assign(new Error('canceling statement'), { code })
    }

    for (const code of ['40001', '40P01', '40001']) await setup.reads.read(fail(code))

    expect(used).toEqual(['replica', 'primary', 'replica', 'primary', 'replica', 'primary'])
  })

  test('are done by the primary while that does not say how far it is', async () => {
    const away = createFinanceDb({ connectionString: 'postgres://nobody@127.0.0.1:1/none' }, {})
    const reads = withReplicas(away, { near: createFinanceDb({ connectionString: standby.url }, {}) })

    expect(await reads.read(async (db) => db === away)).toBe(true)
    expect(await reads.health()).toMatchObject([{ name: 'near', status: 'lagging', lagMs: null, lagBytes: null }])
    await reads.destroy()
    await away.destroy()
  })

  test('that wait for a replica that hangs do not hold up its health', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const db = createFinanceDb({ connectionString: primary.url }, {})
    const hanging = createFinanceDb(
      { connectionString: `postgres://nobody@127.0.0.1:${port}/none`, connectTimeoutMs: 4000 },
      {},
    )
    const reads = withReplicas(db, { hanging }, { timeoutMs: 4000 })

    const reading = reads.read(where)
    const start = performance.now()
    expect(await reads.health({ timeoutMs: 500 })).toMatchObject([{ status: 'down' }])

    expect(performance.now() - start).toBeLessThan(3000)
    expect(await reading).toBe('primary')
    await Promise.all([reads.destroy(), db.destroy()])
  })

  test('that turn out to write fail, and are not tried on the primary', async () => {
    await using setup = connect()
    let runs = 0

    const wrong = setup.reads.read((db) => {
      runs++
      return users.create(db, { email: 'never@example.org' })
    })

    await expect(wrong).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(runs).toBe(1)
  })

  test('refuse a position that is none', async () => {
    await using setup = connect()

    for (const after of ["0/0'; drop", 'x0/0', '0/0x', '0', ''])
      await expect(setup.reads.read(where, { after })).rejects.toThrow(InvalidInputError)
  })

  test('do not go to a handle that is no standby', async () => {
    await using fresh = await freshDatabase()
    const other = createFinanceDb({ connectionString: inject('databaseUrl') }, {})
    const reads = withReplicas(fresh.db, { other }, { waitMs: 600_000 })

    expect(await reads.read(async (db) => db === fresh.db)).toBe(true)
    // It never gets to a position either, so there is nothing to wait for.
    expect(await reads.read(async (db) => db === fresh.db, { after: await reads.position() })).toBe(true)
    expect(await reads.health()).toMatchObject([{ name: 'other', status: 'promoted' }])
    expect((await checkHealth(fresh.db, { replicas: reads })).reasons).toEqual(['replica-down'])
    await reads.destroy()
    await expect(where(other)).rejects.toThrow('destroyed')
  })
})

test('the age of a replica is that of the last place of the primary that it has reached', () => {
  const timeline = createTimeline()
  timeline.add(1000, parsePosition('0/10'))
  timeline.add(2000, parsePosition('0/FFFFFFFF'))
  timeline.add(3000, parsePosition('1/0'))

  expect(timeline.ageOf(parsePosition('1/0'), 3500)).toBe(500)
  expect(timeline.ageOf(parsePosition('0/FFFFFFFF'), 3500)).toBe(1500)
  expect(timeline.ageOf(parsePosition('0/F'), 3500)).toBeUndefined()

  // So many are remembered.
  for (let i = 0; i < 998; i++) timeline.add(4000, parsePosition('2/0'))
  expect(timeline.ageOf(parsePosition('0/10'), 5000)).toBeUndefined()
  expect(timeline.ageOf(parsePosition('1/0'), 5000)).toBe(2000)
})

test('a replica that has replayed more than the primary said is not behind', () => {
  const db = createFinanceDb({ connectionString: 'postgres://nobody@127.0.0.1:1/none' }, {})
  const state = { name: 'near', db: db as never, answer: 'standby', replayed: 20n, latencyMs: null } as const

  expect(healthOf(state, 0, 10n, 5000)).toMatchObject({ status: 'ok', lagBytes: 0 })
  expect(healthOf(state, 0, 25n, 5000)).toMatchObject({ lagBytes: 5 })
})
