import { sql } from 'kysely'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { isTransient } from '../src/connection/transient.js'
import { createFinanceDb } from '../src/database.js'
import { ConnectionError, OutOfResourcesError, TimeoutError, TransactionConflictError } from '../src/errors.js'
import { translateError } from '../src/postgres-errors.js'
import { retryIdempotent } from '../src/retry.js'
import { transaction } from '../src/transaction.js'
import { startProxy } from './connection/proxy.js'
import { execute } from './server.js'
import { freshDatabase } from './support.js'

const postgresError = (code: string) => Object.assign(new Error('as the server says it'), { code, severity: 'FATAL' })
const caught = (error: unknown): unknown => {
  try {
    return translateError(error)
  } catch (ours) {
    return ours
  }
}

describe('errors of the server and the network', () => {
  test.each([
    ['57P01', 'unknown', true],
    ['57P02', 'unknown', true],
    ['57P03', 'no', true],
    ['57P04', 'unknown', false],
    ['53300', 'no', true],
    ['08006', 'unknown', true],
    ['08P01', 'unknown', true],
  ])('%s is a ConnectionError, applied: %s, transient: %s', (code, applied, transient) => {
    const error = caught(postgresError(code))

    expect(error).toBeInstanceOf(ConnectionError)
    expect(error).toMatchObject({ applied, transient, cause: { code } })
    expect(isTransient(error)).toBe(transient)
  })

  test.each(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])('%s is one of which nobody knows whether it was applied', (code) => {
    expect(caught(Object.assign(new Error(code), { code }))).toMatchObject({ applied: 'unknown', transient: true })
  })

  test.each([
    ['53100', 'disk'],
    ['53200', 'memory'],
    ['53400', 'other'],
  ])('%s is out of %s, and not to be tried again soon', (code, resource) => {
    const error = caught(postgresError(code))

    expect(error).toBeInstanceOf(OutOfResourcesError)
    expect(error).toMatchObject({ resource })
    expect(isTransient(error)).toBe(false)
  })

  test('are transient when the database is away, and no others are', () => {
    expect(isTransient(new TimeoutError('connection', 'full'))).toBe(true)
    for (const code of ['25006', '53300', '57P03', '57P01', '08006']) {
      for (const error of [postgresError(code), caught(postgresError(code))])
        expect(isTransient(error), code).toBe(true)
    }
    for (const code of [
      ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOENT'],
      ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT'],
    ])
      expect(isTransient(Object.assign(new Error('x'), { code })), code).toBe(true)
    expect(isTransient(new TimeoutError('statement', 'slow'))).toBe(false)
    expect(isTransient(new TransactionConflictError('again'))).toBe(false)
    expect(isTransient(new ConnectionError('closed', { transient: false }))).toBe(false)
    expect(isTransient(postgresError('23505'))).toBe(false)
    expect(isTransient(new Error('anything'))).toBe(false)
    expect(isTransient(undefined)).toBe(false)
  })
})

describe('retryIdempotent', () => {
  test('runs again until it works, pausing longer each time', async () => {
    const pauses: number[] = []

    const result = await retryIdempotent(
      async (attempt) => {
        if (attempt < 5) throw new ConnectionError('away')
        return attempt
      },
      { onRetry: ({ pauseMs }) => pauses.push(pauseMs) },
    )

    expect(result).toBe(5)
    expect(pauses).toHaveLength(4)
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(10 * 2 ** i)
      expect(pause).toBeLessThanOrEqual(20 * 2 ** i)
    }
  })

  test('gives up in time, and says unknown when any attempt may have been applied', async () => {
    const start = performance.now()
    const failed = retryIdempotent(
      async (attempt) => {
        throw new ConnectionError('away', { applied: attempt === 1 ? 'unknown' : 'no' })
      },
      { withinMs: 300 },
    )

    await expect(failed).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      applied: 'unknown',
      cause: { applied: 'no' },
    })
    expect(performance.now() - start).toBeLessThan(600)
    await expect(
      retryIdempotent(() => Promise.reject(new ConnectionError('away')), { withinMs: 50 }),
    ).rejects.toMatchObject({ message: 'away', applied: 'no' })
  })

  test.each([
    ['unknown', new Error('of the host', { cause: postgresError('57P01') })],
    ['no', new Error('of the host', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) })],
    ['no', new TimeoutError('connection', 'full')],
  ])('says %s after an error that never was a ConnectionError (%#)', async (applied, first) => {
    const failed = retryIdempotent(
      async (attempt) => {
        throw attempt === 1 ? first : new ConnectionError('away', { applied: 'no' })
      },
      { withinMs: 100 },
    )

    await expect(failed).rejects.toMatchObject({ code: 'CONNECTION_FAILED', applied })
  })

  test('ends at once for other errors, and when it is told to', async () => {
    let runs = 0
    const wrong = retryIdempotent(async () => {
      runs++
      throw new Error('a bug')
    })
    await expect(wrong).rejects.toThrow('a bug')
    expect(runs).toBe(1)

    const controller = new AbortController()
    const start = performance.now()
    const away = retryIdempotent(() => Promise.reject(new ConnectionError('away')), { signal: controller.signal })
    setTimeout(() => controller.abort(), 100)
    await expect(away).rejects.toThrow('away')
    expect(performance.now() - start).toBeLessThan(1000)

    const attempts: number[] = []
    const stopped = new AbortController()
    const once = retryIdempotent(
      (attempt) => {
        attempts.push(attempt)
        return Promise.reject(new ConnectionError('away'))
      },
      { signal: stopped.signal, onRetry: () => stopped.abort() },
    )
    await expect(once).rejects.toThrow('away')
    expect(attempts).toEqual([1])

    const onRetry = vi.fn()
    const options = { signal: AbortSignal.abort(), onRetry }
    await expect(retryIdempotent(() => Promise.reject(new ConnectionError('away')), options)).rejects.toThrow('away')
    expect(onRetry).not.toHaveBeenCalled()
  })
})

describe('a transaction whose connection is lost', () => {
  async function setUp() {
    const fresh = await freshDatabase()
    await execute(fresh.url, 'create table counters (id int primary key)')
    const proxy = await startProxy(fresh.url)
    const db = createFinanceDb({ connectionString: proxy.through(fresh.url), sslMode: 'disable', poolSize: 2 }, {})
    onTestFinished(async () => {
      await proxy.close()
      await db.destroy()
      await fresh[Symbol.asyncDispose]()
    })
    const count = async () =>
      (await sql<{ n: number }>`select count(*)::int4 as n from counters`.execute(fresh.db)).rows[0]?.n
    return { db, proxy, count, direct: fresh.db }
  }

  test('before the commit says that nothing was applied, and is not run again unasked', async () => {
    const { db, proxy, count } = await setUp()
    let runs = 0

    const lost = transaction(db, async (trx) => {
      runs++
      await sql`insert into counters values (1)`.execute(trx)
      proxy.cut()
      await sql`select 1`.execute(trx).catch(translateError)
    })

    await expect(lost).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      applied: 'no',
      cause: { applied: 'unknown' },
    })
    expect(runs).toBe(1)
    expect(await count()).toBe(0)
  })

  test('as it begins says that nothing was applied', async () => {
    const { db, proxy } = await setUp()
    await sql`select 1`.execute(db)

    setTimeout(() => proxy.cut(), 100)
    proxy.swallow()
    const lost = transaction(db, () => Promise.reject(new Error('not reached')))

    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_FAILED', applied: 'no' })
  })

  test('at the commit says that it is unknown', async () => {
    const { db, proxy, count } = await setUp()

    const lost = transaction(db, async (trx) => {
      await sql`insert into counters values (1)`.execute(trx)
      // The commit arrives, its answer does not.
      setTimeout(() => proxy.cut(), 100)
      proxy.swallowAnswers()
    })

    await expect(lost).rejects.toMatchObject({ code: 'CONNECTION_FAILED', applied: 'unknown' })
    expect(await count()).toBe(1)
  })

  test('that is idempotent is run again, also after a commit that had worked', async () => {
    const { db, proxy, count } = await setUp()
    let runs = 0

    await transaction(
      db,
      async (trx) => {
        runs++
        await sql`insert into counters values (1) on conflict do nothing`.execute(trx)
        if (runs === 1) {
          setTimeout(() => proxy.cut(), 100)
          proxy.swallowAnswers()
        }
        if (runs === 2) proxy.cut()
        await new Promise((resolve) => setTimeout(resolve, 20))
      },
      { idempotent: { withinMs: 5000 } },
    )

    expect(runs).toBe(3)
    expect(await count()).toBe(1)
  })

  test('of somebody else is not taken for its own', async () => {
    const { db, proxy, direct } = await setUp()

    const failed = transaction(direct, async (trx) => {
      await sql`select 1`.execute(trx)
      const other = sql`select pg_sleep(5)`.execute(db)
      setTimeout(() => proxy.cut(), 200)
      await other.catch(translateError)
    })

    await expect(failed).rejects.toMatchObject({ message: 'The connection to the database broke.', applied: 'unknown' })
  })
})
