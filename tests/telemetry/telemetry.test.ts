import {
  type Attributes,
  type BatchObservableCallback,
  type Context,
  context,
  metrics,
  type ObservableResult,
  type Span,
  type SpanOptions,
  trace,
} from '@opentelemetry/api'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import * as users from '../../src/repositories/users.js'
import { meterPool, statementTelemetry } from '../../src/telemetry/index.js'
import { summarize } from '../../src/telemetry/summary.js'
import { freshDatabase, pgliteDb } from '../support.js'

interface Seen {
  readonly name: string
  readonly options: SpanOptions
  status: number
  ms: number
}
const spans: Seen[] = []
const durations: Array<{ value: number; attributes: Attributes | undefined }> = []
const callbacks = new Set<BatchObservableCallback>()

/** What an SDK does, as far as it concerns us. */
beforeAll(() => {
  trace.setGlobalTracerProvider({
    getTracer: (scope) => {
      expect(scope).toBe('@org/finance-db')
      const real = trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 })
      const startSpan = (name: string, options: SpanOptions = {}, _?: Context): Span => {
        const seen: Seen = { name, options, status: 0, ms: 0 }
        spans.push(seen)
        return Object.assign(Object.create(real) as Span, {
          setStatus: ({ code }: { code: number }) => void Object.assign(seen, { status: code }),
          end: (at: number) => void Object.assign(seen, { ms: at - Number(options.startTime) }),
        })
      }
      return { startSpan, startActiveSpan: () => undefined as never }
    },
  })
  const instrument = (name: string) => ({ name })
  metrics.setGlobalMeterProvider({
    getMeter: () =>
      ({
        createHistogram: () => ({
          record: (value: number, attributes?: Attributes) => void durations.push({ value, attributes }),
        }),
        createObservableUpDownCounter: instrument,
        addBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.add(callback),
        removeBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.delete(callback),
      }) as never,
  })
})
afterAll(() => {
  trace.disable()
  metrics.disable()
  context.disable()
})

function collect(): Record<string, number> {
  const read: Record<string, number> = {}
  const observe = (instrument: { name: string }, value: number, attributes: Attributes = {}) => {
    expect(attributes['db.client.connection.pool.name']).toBe('main')
    read[[instrument.name, attributes['db.client.connection.state']].filter(Boolean).join(':')] = value
  }
  for (const callback of callbacks) void callback({ observe } as unknown as ObservableResult & { observe: never })
  return read
}

describe('statements', () => {
  test('are spans and durations by the conventions, without any value', async () => {
    await using fresh = await freshDatabase()
    const db = createFinanceDb(
      { connectionString: fresh.url, log: await statementTelemetry({ namespace: 'money' }) },
      {},
    )
    spans.length = 0
    durations.length = 0

    const { id } = await users.create(db, { email: 'secret@example.org', first_name: 'Hunter2' })
    await users.get(db, id)
    await sql`select 1 / length(pg_sleep(0.05)::text)`.execute(db).catch(() => {})
    await users.create(db, { email: 'secret@example.org' }).catch(() => {})
    await db.destroy()

    expect(spans.map(({ name }) => name)).toEqual([
      'INSERT finance.users',
      'SELECT finance.users',
      'SELECT',
      'INSERT finance.users',
    ])
    expect(spans[0]?.options).toMatchObject({
      kind: 2,
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': 'money',
        'db.operation.name': 'INSERT',
        'db.collection.name': 'finance.users',
        'db.query.summary': 'INSERT finance.users',
        'db.query.text': expect.stringMatching(/insert into "finance"."users".*\$1/),
      },
    })
    expect(spans.map(({ status }) => status)).toEqual([0, 0, 2, 2])
    expect(spans.map(({ options }) => options.attributes?.['db.response.status_code'])).toEqual([
      undefined,
      undefined,
      '22012',
      '23505',
    ])
    expect(spans[2]?.ms).toBeGreaterThanOrEqual(50)
    expect(durations.map(({ attributes }) => attributes?.['error.type'])).toEqual([
      undefined,
      undefined,
      '22012',
      '23505',
    ])
    expect(durations[2]?.value).toBeGreaterThanOrEqual(0.05)
    expect(durations[2]?.value).toBeLessThan(20)
    expect(JSON.stringify([spans, durations])).not.toMatch(/secret@|Hunter2/)
    expect(durations.every(({ attributes }) => !('db.query.text' in (attributes ?? {})))).toBe(true)
  })

  test('keep their text to themselves when asked to', async () => {
    const db = createFinanceDb(
      { connectionString: inject('databaseUrl'), log: await statementTelemetry({ queryText: false }) },
      {},
    )
    spans.length = 0
    await sql`select 'hunter2'`.execute(db)
    await db.destroy()

    expect(JSON.stringify(spans)).not.toContain('hunter2')
  })

  test.each([
    ['select "id" from "finance"."users" as "u" where x = $1', 'SELECT', 'finance.users'],
    ['  (select 1)', 'SELECT', undefined],
    ['with a as (select 1 from b) insert into "finance"."accounts" values ($1)', 'INSERT', 'finance.accounts'],
    ['with a as (select 1) select * from "finance"."post"($1)', 'SELECT', 'finance.post'],
    ['update "finance"."users" set x = $1', 'UPDATE', 'finance.users'],
    ['delete from only t', 'DELETE', 't'],
    ['copy "finance"."transactions" (a) from stdin', 'COPY', 'finance.transactions'],
    ['begin', 'BEGIN', undefined],
    ['', 'QUERY', undefined],
  ])('%s is told as %s of %s', (text, operation, target) => {
    expect(summarize(text)).toEqual({ operation, target })
  })
})

describe('pools', () => {
  test('are measured while they are metered', async () => {
    const db = createFinanceDb({ connectionString: inject('databaseUrl'), poolSize: 3, maxOverflow: 1 }, {})
    const stop = await meterPool(db, { name: 'main' })
    await Promise.all([1, 2].map(() => sql`select pg_sleep(0.05)`.execute(db)))
    const busy = db.connection().execute(async () => collect())

    expect(await busy).toEqual({
      'db.client.connection.count:used': 1,
      'db.client.connection.count:idle': 1,
      'db.client.connection.max': 4,
      'db.client.connection.idle.min': 3,
      'db.client.connection.pending_requests': 0,
    })
    stop()
    expect(collect()).toEqual({})
    await db.destroy()
  })

  test('are not had by PGlite', async () => {
    await using embedded = await pgliteDb()

    await expect(meterPool(embedded.db)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})
