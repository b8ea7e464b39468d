import { sql } from 'kysely'
import pg from 'pg'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { createStatementNames, isStalePlan } from '../../src/connection/statement-names.js'
import { createFinanceDb, type ServerOptions } from '../../src/database.js'
import { transaction } from '../../src/transaction.js'

const url = inject('databaseUrl')

/** One connection, so that what a test prepares is what it meets again. */
function connect(options: ServerOptions = {}) {
  const db = createFinanceDb({ connectionString: url, poolSize: 1, maxOverflow: 0, ...options }, {})
  onTestFinished(() => db.destroy())
  return db
}

type Handle = ReturnType<typeof connect>

const prepared = async (db: Handle) =>
  (await sql<{ name: string; statement: string }>`select name, statement from pg_prepared_statements`.execute(db)).rows

const read = async (db: Handle, id: number) =>
  (await sql<Record<string, unknown>>`select * from pg_temp.shape where id = ${id}`.execute(db)).rows

/** A table that is prepared for, and then changes its shape under the statement. */
async function changeUnderStatement(db: Handle) {
  await sql`create temp table shape as select 1 as id, 'a' as a`.execute(db)
  for (let i = 0; i < 3; i++) await read(db, 1)
  await sql`alter table pg_temp.shape add b text default 'b'`.execute(db)
}

describe('statements with parameters', () => {
  test('are prepared from the second time on', async () => {
    const db = connect()
    const run = () => sql`select ${1}::int4 + 41`.execute(db)

    await run()
    expect(await prepared(db)).toEqual([])
    await run()

    expect(await prepared(db)).toMatchObject([{ statement: 'select $1::int4 + 41' }])
  })

  test('are not when that is turned off', async () => {
    const db = connect({ preparedStatements: false })

    for (let i = 0; i < 3; i++) await sql`select ${1}::int4 + 41`.execute(db)

    expect(await prepared(db)).toEqual([])
  })

  test('are repeated outside a transaction when the table changed under them', async () => {
    const db = connect()
    await changeUnderStatement(db)

    expect(await read(db, 1)).toEqual([{ id: 1, a: 'a', b: 'b' }])
    await read(db, 1)
    await read(db, 1)
    expect((await prepared(db)).map(({ name }) => name.slice(0, 5)).sort()).toEqual(['fdb0_', 'fdb1_'])
  })

  test('are repeated when the server lost them', async () => {
    const db = connect()
    for (let i = 0; i < 2; i++) await sql`select ${i}::int4`.execute(db)
    await sql`deallocate all`.execute(db)

    await expect(sql`select ${7}::int4 as n`.execute(db)).resolves.toMatchObject({ rows: [{}] })
    await expect(sql`select ${7}::int4`.execute(db)).resolves.toBeDefined()
  })

  test('are repeated when a pooler gave them a connection where another statement has the name', async () => {
    const db = connect()
    const text = 'select $1::int4 as other'
    const names = createStatementNames()
    names.nameFor(text)
    await sql.raw(`prepare ${names.nameFor(text)} as select 1`).execute(db)

    const run = async () => (await sql`select ${7}::int4 as other`.execute(db)).rows

    expect([await run(), await run(), await run()]).toEqual([[{ other: 7 }], [{ other: 7 }], [{ other: 7 }]])
  })

  test('fail as stale inside a transaction, which transaction() runs again', async () => {
    const db = connect()
    await changeUnderStatement(db)

    const error = await db
      .transaction()
      .execute((trx) => read(trx, 1))
      .catch((e: unknown) => e)
    expect(isStalePlan(error)).toBe(true)

    for (let i = 0; i < 2; i++) await read(db, 1)
    await sql`alter table pg_temp.shape add c text default 'c'`.execute(db)
    let runs = 0
    const rows = await transaction(db, (trx) => {
      runs++
      return read(trx, 1)
    })

    expect(rows).toEqual([{ id: 1, a: 'a', b: 'b', c: 'c' }])
    expect(runs).toBe(2)
  })

  test('another missing feature is not a stale plan', async () => {
    const db = connect()

    const error = await sql`select count(*) from pg_class for update`.execute(db).catch((e: unknown) => e)

    expect(error).toMatchObject({ code: '0A000' })
    expect(isStalePlan(error)).toBe(false)
  })
})

describe('names', () => {
  test('are bounded, and one-off statements take none', () => {
    const names = createStatementNames()
    for (let i = 0; i < 10_000; i++) expect(names.nameFor(`once ${i}`)).toBeUndefined()

    const given = Array.from({ length: 600 }, (_, i) => [names.nameFor(`often ${i}`), names.nameFor(`often ${i}`)][1])

    expect(given.filter((name) => name !== undefined)).toHaveLength(500)
    expect(new Set(given).size).toBe(501)
    expect(Math.max(...given.map((name) => name?.length ?? 0))).toBeLessThan(64)
  })

  test('are given to what comes again soon, and not to what came long ago', () => {
    const names = createStatementNames()
    for (const text of ['early', 'late', ...Array.from({ length: 499 }, (_, i) => `once ${i}`)]) names.nameFor(text)

    expect(names.nameFor('late')).toBeDefined()
    expect(names.nameFor('early')).toBeUndefined()
  })

  test('are given however often a table changes', () => {
    const names = createStatementNames()
    for (let i = 0; i < 5; i++) {
      names.refused(Object.assign(new Error(), { code: '0A000', routine: 'RevalidateCachedQuery' }))
    }

    expect([names.nameFor('again'), names.nameFor('again')]).toEqual([undefined, expect.stringMatching(/^fdb5_/)])
  })

  test('are not given to texts too long to gain by them', () => {
    const names = createStatementNames()
    const text = `select ${'1, '.repeat(10_000)} 1`

    expect([names.nameFor(text), names.nameFor(text)]).toEqual([undefined, undefined])
  })

  test('are given up when the server keeps losing them', () => {
    const names = createStatementNames()
    const lost = Object.assign(new Error(), { code: '26000' })

    for (let i = 0; i < 3; i++) names.refused(lost)

    expect([names.nameFor('a'), names.nameFor('a'), names.nameFor('a')]).toEqual([undefined, undefined, undefined])
  })
})

describe('a host’s own pool', () => {
  test('gives our values through our handle and its own elsewhere', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    onTestFinished(() => pool.end())
    const db = createFinanceDb({ pool }, {})
    const text = `select date '2024-02-03' as day, 12::int8 as n, array[date '2024-02-03'] as days, '1.50'::numeric as amount`
    const before = (await pool.query(text)).rows[0]

    const { rows } = await sql.raw(text).execute(db)

    expect(rows).toEqual([{ day: '2024-02-03', n: 12, days: ['2024-02-03'], amount: '1.50' }])
    expect((await pool.query(text)).rows[0]).toEqual(before)
    expect(before.day).toBeInstanceOf(Date)
  })

  test('stays open when the handle is destroyed', async () => {
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    onTestFinished(() => pool.end())
    const db = createFinanceDb({ pool }, {})
    await sql`select 1`.execute(db)

    await db.destroy()

    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(pool.listenerCount('error')).toBe(0)
    await expect(sql`select 1`.execute(db)).rejects.toThrow(/destroyed/)
  })
})
