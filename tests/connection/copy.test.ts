import { PGlite } from '@electric-sql/pglite'
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { beforeEach, describe, expect, inject, onTestFinished, test } from 'vitest'
import { CopySource } from '../../src/connection/copy.js'
import { supportsCopy } from '../../src/connection/postgres.js'
import { createFinanceDb } from '../../src/database.js'
import { UnsupportedError } from '../../src/errors.js'
import { transaction } from '../../src/transaction.js'

const url = inject('databaseUrl')
let db: ReturnType<typeof createFinanceDb>

beforeEach(async () => {
  db = createFinanceDb({ connectionString: url, poolSize: 1, maxOverflow: 0 }, {})
  onTestFinished(() => db.destroy())
  await sql`create temp table lines (n int8 not null, t text)`.execute(db)
})

const copy = (handle: Pick<typeof db, 'executeQuery'>, source: CopySource, text = 'copy pg_temp.lines from stdin') =>
  handle.executeQuery(CompiledQuery.raw(text, [source]))

const stored = async () =>
  (await sql<{ count: number; sum: number }>`select count(*), sum(n)::int8 as sum from pg_temp.lines`.execute(db))
    .rows[0]

async function* rows(count: number, onPull: (n: number) => void = () => {}) {
  for (let n = 1; n <= count; n++) {
    onPull(n)
    yield `${n}\tline ${n}\n`
  }
}

describe('COPY from a source', () => {
  test('stores every row and counts them', async () => {
    const source = new CopySource(rows(100_000))

    await copy(db, source)

    expect(source.rowCount).toBe(100_000)
    expect(await stored()).toEqual({ count: 100_000, sum: 5_000_050_000 })
  })

  test('takes strings and bytes, cut anywhere, in order', async () => {
    async function* chunks() {
      yield '1\tä'
      yield Buffer.from('b\n2')
      yield new TextEncoder().encode('\tc\n')
      yield ''
      yield '3\td\n'
    }

    await copy(db, new CopySource(chunks()))

    const { rows } = await sql`select * from pg_temp.lines order by n`.execute(db)
    expect(rows).toEqual([
      { n: 1, t: 'äb' },
      { n: 2, t: 'c' },
      { n: 3, t: 'd' },
    ])
  })

  test('stores nothing from an empty source', async () => {
    const source = new CopySource(rows(0))

    await copy(db, source)

    expect(source.rowCount).toBe(0)
  })

  test('is part of the transaction', async () => {
    const failed = transaction(db, async (trx) => {
      await copy(trx, new CopySource(rows(10)))
      throw new Error('changed my mind')
    })

    await expect(failed).rejects.toThrow('changed my mind')
    expect(await stored()).toEqual({ count: 0, sum: null })
  })

  test('is aborted by an error of the source, which is thrown as it is', async () => {
    const mistake = new Error('row 50001 has secrets')
    const source = new CopySource(
      rows(100_000, (n) => {
        if (n > 50_000) throw mistake
      }),
    )

    await expect(copy(db, source)).rejects.toBe(mistake)

    expect(source.rowCount).toBeUndefined()
    expect(await stored()).toEqual({ count: 0, sum: null })
  })

  test('stops pulling when the server refuses a row, closes the source, and leaves the connection usable', async () => {
    let pulled = 0
    let closed = false
    async function* broken() {
      try {
        yield 'not a number\tx\n'.repeat(10_000)
        for (; pulled < 1_000_000; pulled++) yield `${pulled}\tx\n`
      } finally {
        closed = true
      }
    }

    await expect(copy(db, new CopySource(broken()))).rejects.toMatchObject({ code: '22P02' })

    expect(pulled).toBeLessThan(1_000_000)
    await expect.poll(() => closed).toBe(true)
    expect(await stored()).toEqual({ count: 0, sum: null })
  })

  test('tells the server’s error at once, even while the source is waiting', async () => {
    async function* stuck() {
      yield 'not a number\tx\n'.repeat(10_000)
      await new Promise(() => {})
    }

    await expect(copy(db, new CopySource(stuck()))).rejects.toMatchObject({ code: '22P02' })
  })

  test('fails when the connection breaks', async () => {
    const { rows: session } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
    const admin = new pg.Client({ connectionString: url })
    await admin.connect()
    onTestFinished(() => admin.end())
    async function* interrupted() {
      yield '1\tx\n'.repeat(100_000)
      await admin.query('select pg_terminate_backend($1)', [session[0]?.pid])
      for (;;) yield '1\tx\n'.repeat(10_000)
    }

    await expect(copy(db, new CopySource(interrupted()))).rejects.toThrow()
  })

  test('pulls no faster than the server stores', async () => {
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query('create table if not exists public.copy_lock (n int8, t text)')
    onTestFinished(async () => {
      const admin = new pg.Client({ connectionString: url })
      await admin.connect()
      await admin.query('drop table if exists public.copy_lock')
      await admin.end()
    })
    await holder.query('begin')
    await holder.query('lock table public.copy_lock')
    let pulled = 0
    const source = new CopySource(
      rows(1_000_000, (n) => {
        pulled = n
      }),
    )

    const running = copy(db, source, 'copy public.copy_lock from stdin')
    await new Promise((resolve) => setTimeout(resolve, 300))

    expect(pulled).toBeLessThan(100_000)
    await holder.query('rollback')
    await running
    expect(source.rowCount).toBe(1_000_000)
  })

  test('refuses any other statement', async () => {
    for (const text of ['select 1', 'copy pg_temp.lines to stdout', 'copy pg_temp.lines from program $$true$$']) {
      await expect(copy(db, new CopySource(rows(1)), text)).rejects.toThrow(UnsupportedError)
    }
    expect(await stored()).toEqual({ count: 0, sum: null })
  })
})

describe('supportsCopy', () => {
  test('is true for our handles on pg and their transactions', async () => {
    const pool = new pg.Pool({ connectionString: url })
    onTestFinished(() => pool.end())

    expect(supportsCopy(db)).toBe(true)
    expect(supportsCopy(createFinanceDb({ pool, schema: 'money' }, {}))).toBe(true)
    expect(await db.transaction().execute(async (trx) => supportsCopy(trx))).toBe(true)
  })

  test('is false for PGlite and for a host’s own Kysely', () => {
    const kysely = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool: new pg.Pool() }) })

    expect(supportsCopy(createFinanceDb({ pglite: () => new PGlite() }, {}))).toBe(false)
    expect(supportsCopy(createFinanceDb({ kysely }, {}))).toBe(false)
  })
})
