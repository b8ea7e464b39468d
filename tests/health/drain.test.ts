import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, inject } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { ConnectionError } from '../../src/errors.js'
import { checkHealth, drain, healthHandlers, readiness } from '../../src/health/index.js'
import * as users from '../../src/repositories/users.js'
import { transaction } from '../../src/transaction.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

describe('drain', () => {
  test('lets what runs and what waits in line end, refuses the rest, and closes', async () => {
    await using fresh = await freshDatabase()
    const db = createFinanceDb({ connectionString: fresh.url, poolSize: 1, maxOverflow: 0 }, {})
    const running = transaction(db, async (trx) => {
      await sql`select pg_sleep(0.3)`.execute(trx)
      return (await sql<{ done: string }>`select 'committed' as done`.execute(trx)).rows[0]?.done
    })
    await sleep(100)
    const inLine = sql<{ n: number }>`select 1 as n`.execute(db)

    const drained = drain(db)
    const late = sql`select 1`.execute(db)

    await expect(late).rejects.toThrow(ConnectionError)
    await expect(late).rejects.toMatchObject({ applied: 'no', transient: false })
    expect(await running).toBe('committed')
    expect((await inLine).rows).toEqual([{ n: 1 }])
    expect(await drained).toEqual({ cut: 0 })
    expect(await drain(db)).toEqual({ cut: 0 })
    expect(await checkHealth(db)).toMatchObject({ status: 'unhealthy', reasons: ['draining'], pool: { total: 0 } })
    const closed = { code: 'CONNECTION_FAILED', applied: 'no', transient: false }
    await expect(users.list(db)).rejects.toMatchObject(closed)
    await expect(transaction(db, async () => 1)).rejects.toMatchObject(closed)
  })

  test('turns readiness at once, and takes work until the grace is over', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { handle } = healthHandlers(db)
    const code = async (path: string) => (await handle(new Request(`http://localhost/health/${path}`))).status
    expect(await code('readiness')).toBe(200)

    const drained = drain(db, { graceMs: 400 })

    expect(await code('readiness')).toBe(503)
    expect(await code('liveness')).toBe(200)
    expect(await readiness(db)).toEqual({ ready: false, reasons: ['draining'] })
    expect((await sql<{ n: number }>`select 1 as n`.execute(db)).rows).toEqual([{ n: 1 }])
    expect(await checkHealth(db)).toMatchObject({ status: 'degraded', reasons: ['draining'] })
    await drained
  })

  test('breaks off what takes too long, and says how much that was', async () => {
    await using fresh = await freshDatabase()
    const db = createFinanceDb({ connectionString: fresh.url }, {})
    const stuck = [sql`select pg_sleep(20)`.execute(db), sql`select pg_sleep(20)`.execute(db)].map((work) =>
      work.catch((error: unknown) => error),
    )
    await sleep(100)

    const start = performance.now()
    expect(await drain(db, { timeoutMs: 200 })).toEqual({ cut: 2 })
    expect(await drain(db)).toEqual({ cut: 2 })

    expect(performance.now() - start).toBeLessThan(2000)
    for (const error of await Promise.all(stuck)) expect(String(error)).toContain('terminated')
  })

  test("leaves a host's pool open, and closes PGlite's own", async () => {
    const pool = new pg.Pool({ connectionString: inject('databaseUrl') })
    const db = createFinanceDb({ pool }, {})
    await sql`select 1`.execute(db)

    await drain(db)

    await expect(sql`select 1`.execute(db)).rejects.toThrow()
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    await pool.end()

    await using embedded = await pgliteDb()
    expect(await drain(embedded.db)).toEqual({ cut: 0 })
    expect(await readiness(embedded.db)).toEqual({ ready: false, reasons: ['draining'] })
  })
})
