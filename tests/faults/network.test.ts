import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createFinanceDb, type ServerOptions } from '../../src/database.js'
import { ConnectionError } from '../../src/errors.js'
import { checkHealth, readiness } from '../../src/health/index.js'
import { startProxy } from '../connection/proxy.js'
import { expectNothingLostOrDoubled, payers, startLoad, tell } from './load.js'
import { type Server, startServer } from './servers.js'

let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.[Symbol.asyncDispose]())

async function behindProxy(name: string, options: ServerOptions = {}) {
  await server.execute(`create database ${name}`)
  const proxy = await startProxy(server.url)
  const connectionString = proxy.through(server.url)
  const db = createFinanceDb(
    { connectionString, database: name, poolSize: 8, maxOverflow: 0, sslMode: 'disable', ...options },
    {},
  )
  onTestFinished(async () => {
    await proxy.close()
    await db.destroy()
  })
  return { proxy, db }
}

test('connections that are reset again and again under load lose nothing and do nothing twice', async () => {
  const { proxy, db } = await behindProxy('resets')
  const load = startLoad(db, await payers(db, 8))

  for (let times = 0; times < 5; times++) {
    await load.more(50)
    proxy.cut()
  }
  proxy.newcomers('refuse')
  proxy.cut()
  await sleep(500)
  proxy.newcomers('answer')
  await load.more(50)
  const figures = await load.stop()

  expect(figures.retries).toBeGreaterThan(5)
  await expectNothingLostOrDoubled(db, figures)
  tell('resets', figures)
})

test('a network that swallows everything is noticed after answerTimeoutMs, and the work goes on', async () => {
  const { proxy, db } = await behindProxy('swallowed', {
    answerTimeoutMs: 1_000,
    // The server still holds the locks of transactions whose client it cannot hear.
    idleTransactionTimeoutMs: 1_000,
  })
  const load = startLoad(db, await payers(db, 8))
  await load.more(100)

  proxy.swallow()
  await load.more(100)
  const figures = await load.stop()

  expect(figures.longestGapMs).toBeGreaterThan(900)
  expect(figures.longestGapMs).toBeLessThan(8_000)
  await expectNothingLostOrDoubled(db, figures)
  tell('swallowed packets', figures)
})

test('a statement without an answer is a ConnectionError that does not claim to know', async () => {
  const { proxy, db } = await behindProxy('mute', { answerTimeoutMs: 300 })
  await sql`select 1`.execute(db)

  const work = db.transaction().execute(async (trx) => {
    await sql`select 1`.execute(trx)
    proxy.swallow()
    await trx.updateTable('finance.users').set({ is_active: true }).execute()
  })

  await expect(work).rejects.toThrow(/terminated|not queryable/)
  const { translateError } = await import('../../src/postgres-errors.js')
  await expect(work.catch(translateError)).rejects.toThrow(ConnectionError)
  await expect(work.catch(translateError)).rejects.toMatchObject({ applied: 'unknown' })
})

test('a database that hangs gives a report in time, holds no connection, and one that answers again is ready', async () => {
  const { proxy, db } = await behindProxy('hangs', { poolSize: 2 })
  await payers(db, 1)
  expect(await readiness(db)).toEqual({ ready: true, reasons: [] })

  proxy.swallow()
  proxy.newcomers('hang')
  const start = performance.now()
  const reports = await Promise.all([1, 2, 3, 4].map(() => checkHealth(db, { timeoutMs: 400 })))
  for (let i = 0; i < 5; i++) reports.push(await checkHealth(db, { timeoutMs: 200 }))
  const tookMs = performance.now() - start

  expect(tookMs).toBeLessThan(2_500)
  for (const { status, reasons } of reports) {
    expect(status).toBe('unhealthy')
    expect(['timeout', 'unreachable', 'pool-exhausted']).toContain(reasons[0])
  }
  expect(JSON.stringify(reports)).not.toMatch(/127\.0\.0\.1|postgres:|hangs/)

  proxy.newcomers('answer')
  proxy.cut()
  await expect.poll(() => readiness(db, { timeoutMs: 500 }), { timeout: 12_000 }).toEqual({ ready: true, reasons: [] })
})
