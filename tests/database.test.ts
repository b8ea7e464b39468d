import { PGlite } from '@electric-sql/pglite'
import { Kysely, PGliteDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, expectTypeOf, inject, onTestFinished, test, vi } from 'vitest'
import { schemaOf } from '../src/connection/schema-plugin.js'
import { createFinanceDb, type LoggedStatement } from '../src/database.js'
import { InvalidConfigError } from '../src/errors.js'
import type { Database } from '../src/schema/database.js'
import { emptyPGlite } from './empty-pglite.js'

const url = inject('databaseUrl')

const one = async (db: Pick<Kysely<Database>, 'getExecutor'>) =>
  (await sql<{ one: number }>`select ${1}::int4 as one`.execute(db)).rows

describe('createFinanceDb', () => {
  test('connects to what the environment says', async () => {
    const db = createFinanceDb(undefined, { DATABASE_URL: url })
    onTestFinished(() => db.destroy())

    expect(await one(db)).toEqual([{ one: 1 }])
  })

  test('connects to nothing until it is used', async () => {
    const db = createFinanceDb({ connectionString: 'postgresql://ada@127.0.0.1:1/nowhere' }, {})

    await db.destroy()
  })

  test('reads of the environment only what the source needs', () => {
    const env = { DATABASE_URL: 'nonsense', DATABASE_POOL_SIZE: 'many', FINANCE_DB_SCHEMA: 'money' }
    const pool = new pg.Pool()

    expect(schemaOf(createFinanceDb({ pool }, env))).toBe('money')
    expect(schemaOf(createFinanceDb({ pglite: () => new PGlite() }, env))).toBe('money')
  })

  test('takes one source', () => {
    const options = { connectionString: url, pool: new pg.Pool() } as unknown as { pool: pg.Pool }

    expect(() => createFinanceDb(options, {})).toThrow(InvalidConfigError)
  })

  test('refuses an option that the source cannot use', () => {
    const options = { pool: new pg.Pool(), poolSize: 5 } as { pool: pg.Pool }

    expect(() => createFinanceDb(options, {})).toThrow(/poolSize: is not an option here/)
  })

  test('refuses a source of the wrong kind', () => {
    const options = { pool: url } as unknown as { pool: pg.Pool }

    expect(() => createFinanceDb(options, {})).toThrow(/pool: is not what the option takes/)
  })

  test('closes its own pool', async () => {
    const application = `closing ${process.pid}`
    const db = createFinanceDb({ connectionString: url, applicationName: application }, {})
    await one(db)
    const admin = createFinanceDb({ connectionString: url }, {})
    onTestFinished(() => admin.destroy())
    const open = async () =>
      (await sql`select from pg_stat_activity where application_name = ${application}`.execute(admin)).rows.length
    expect(await open()).toBe(1)

    await db.destroy()

    await expect.poll(open).toBe(0)
  })
})

describe('a host’s own Kysely', () => {
  type Host = { orders: { id: number } }

  test('stays open, and takes the host’s tables along', async () => {
    const pglite = await emptyPGlite()
    onTestFinished(() => pglite.close())
    const kysely = new Kysely<Host>({ dialect: new PGliteDialect({ pglite }) })
    const db = createFinanceDb({ kysely, schema: 'money' }, {})
    expectTypeOf(db).toEqualTypeOf<Kysely<Host & Database>>()
    expectTypeOf(() => createFinanceDb<Host>()).returns.toEqualTypeOf<Kysely<Host & Database>>()
    expectTypeOf(() => createFinanceDb()).returns.toEqualTypeOf<Kysely<Database>>()
    expect(await one(db)).toEqual([{ one: 1 }])

    await db.destroy()

    expect(pglite.closed).toBe(false)
    expect(await one(kysely as unknown as Kysely<Database>)).toEqual([{ one: 1 }])
    expect(db.selectFrom('finance.users').selectAll().compile().sql).toContain('"money"."users"')
  })

  test('keeps its own destroy', async () => {
    const pglite = await emptyPGlite()
    const kysely = new Kysely<Host>({ dialect: new PGliteDialect({ pglite }) })
    await one(createFinanceDb({ kysely }, {}))

    await kysely.destroy()

    expect(pglite.closed).toBe(true)
  })
})

describe('echo', () => {
  test('gives each statement with its time and without its parameters', async () => {
    const log: LoggedStatement[] = []
    const db = createFinanceDb({ connectionString: url, log: (statement) => log.push(statement) }, {})
    onTestFinished(() => db.destroy())

    await sql`select ${'hunter2'}::text`.execute(db)
    await expect(sql`select ${'hunter2'}::int4`.execute(db)).rejects.toThrow()

    expect(log).toMatchObject([
      { sql: 'select $1::text', failed: false },
      { sql: 'select $1::int4', failed: true },
    ])
    expect(log[0]?.durationMs).toBeGreaterThan(0)
    expect(JSON.stringify(log)).not.toContain('hunter2')
  })

  test('goes to standard error by default', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => print.mockRestore())
    const db = createFinanceDb({ connectionString: url }, { DB_ECHO: 'true' })
    onTestFinished(() => db.destroy())

    await one(db)

    expect(print).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^\d+\.\d ms: select \$1::int4 as one$/))
  })
})
