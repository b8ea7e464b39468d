import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { ConnectionError } from '../../src/errors.js'
import { checkHealth, readiness } from '../../src/health/index.js'
import * as transactions from '../../src/repositories/transactions.js'
import { transaction } from '../../src/transaction.js'
import { expectNothingLostOrDoubled, payers, startLoad, tell } from './load.js'
import { type Server, startServer } from './servers.js'

let server: Server
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.[Symbol.asyncDispose]())

async function database(name: string) {
  await server.execute(`create database ${name}`)
  const db = createFinanceDb({ connectionString: server.url, database: name, poolSize: 8, maxOverflow: 0 }, {})
  return { db, everyone: await payers(db, 8), [Symbol.asyncDispose]: () => db.destroy() }
}

describe('a server under load', () => {
  test.each([
    ['killed with all its processes', () => server.kill()],
    ['shut down', () => server.shutDown('SIGINT')],
  ])('that is %s comes back, and nothing is lost or done twice', async (what, end) => {
    await using run = await database(`restart_${what.replaceAll(' ', '_').slice(0, 10)}`)
    const load = startLoad(run.db, run.everyone)
    await load.more(200)

    await end()
    expect(await readiness(run.db, { timeoutMs: 500 })).toMatchObject({ ready: false })
    const health = await checkHealth(run.db, { timeoutMs: 500 })
    await server.start()
    await load.more(200)
    const figures = await load.stop()

    expect(health).toMatchObject({ status: 'unhealthy', database: { reachable: false } })
    expect(health.durationMs).toBeLessThan(1000)
    expect(figures.retries).toBeGreaterThan(0)
    await expectNothingLostOrDoubled(run.db, figures)
    expect(await checkHealth(run.db)).toMatchObject({ database: { reachable: true }, migrations: { state: 'current' } })
    tell(`server ${what}`, figures)
  })

  test('that is killed loses no work that was said to be done, and did none of what was said not to be', async () => {
    await using run = await database('restart_honest')
    const { db, everyone } = run
    const outcomes = { acknowledged: [] as string[], no: [] as string[], unknown: [] as string[] }
    let running = true
    const workers = everyone.map(async (payer, worker) => {
      for (let i = 0; running; i++) {
        const merchant = `${worker}-${i}`
        const row = { ...payer, date: '2026-03-01', merchant, amount: '1.00' }
        const work =
          i % 2 === 0
            ? transactions.create(db, row)
            : transaction(db, async (trx) => {
                await transactions.create(trx, row)
                await sleep(2)
                await sql`select 1`.execute(trx)
              })
        await work.then(
          () => outcomes.acknowledged.push(merchant),
          (error: unknown) => {
            expect(error).toBeInstanceOf(ConnectionError)
            outcomes[(error as ConnectionError).applied].push(merchant)
            return sleep(5)
          },
        )
      }
    })

    // Whether a statement is under way when all ends is chance.
    for (let times = 0; times < 3 || (outcomes.unknown.length === 0 && times < 15); times++) {
      await sleep(400)
      await server.kill()
      await server.start()
    }
    await sleep(300)
    running = false
    await Promise.all(workers)

    const rows = await db.selectFrom('finance.transactions').select('merchant').execute()
    const there = new Map<string, number>()
    for (const { merchant } of rows) there.set(merchant, (there.get(merchant) ?? 0) + 1)
    expect(outcomes.acknowledged.filter((merchant) => there.get(merchant) !== 1)).toEqual([])
    expect(outcomes.no.filter((merchant) => there.has(merchant))).toEqual([])
    expect(outcomes.unknown.filter((merchant) => (there.get(merchant) ?? 0) > 1)).toEqual([])
    expect(outcomes.no.length).toBeGreaterThan(0)
    expect(outcomes.unknown.length).toBeGreaterThan(0)
  })

  test('that waits for its last session to end tells whoever comes that it is shutting down', async () => {
    const last = new pg.Client({ connectionString: server.url })
    await last.connect()
    const db = createFinanceDb({ connectionString: server.url }, {})
    const ended = server.shutDown('SIGTERM')
    const reasons = async () => (await checkHealth(db, { migrations: false })).reasons

    await expect.poll(reasons, { timeout: 10_000 }).toEqual(['refused'])
    const asked = sql`select 1`.execute(db)
    await expect(asked).rejects.toThrow('is starting up or shutting down.')
    await expect(asked).rejects.toMatchObject({ code: 'CONNECTION_FAILED', applied: 'no', transient: true })

    await last.end()
    await ended
    await server.start()
    expect(await reasons()).toEqual([])
    await db.destroy()
  })
})
