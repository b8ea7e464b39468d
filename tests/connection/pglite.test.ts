import type { PGlite } from '@electric-sql/pglite'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import { ConnectionError, TimeoutError, TransactionAbortedError } from '../../src/errors.js'
import { transaction } from '../../src/transaction.js'
import { emptyPGlite } from '../empty-pglite.js'

let pglite: PGlite
let db: ReturnType<typeof createFinanceDb>

beforeAll(async () => {
  pglite = await emptyPGlite()
  db = createFinanceDb({ pglite, acquireTimeoutMs: 2000 }, {})
})
afterAll(() => pglite.close())
beforeEach(async () => {
  await sql`drop table if exists t`.execute(db)
  await sql`create table t (n int4 primary key)`.execute(db)
})

const count = async (handle: Pick<typeof db, 'getExecutor'>) =>
  (await sql<{ n: number }>`select count(*)::int4 as n from t`.execute(handle)).rows[0]?.n

function signal() {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { give, given }
}

describe('a commit', () => {
  test('that cannot be, because a statement failed, is an error', async () => {
    const ignoring = async (trx: Pick<typeof db, 'getExecutor'>) => {
      await sql`insert into t values (1)`.execute(trx)
      await sql`insert into t values (1)`.execute(trx).catch(() => undefined)
    }

    await expect(transaction(db, ignoring)).rejects.toThrow(TransactionAbortedError)
    await expect(db.transaction().execute(ignoring)).rejects.toMatchObject({ code: '25P02' })
    expect(await count(db)).toBe(0)
  })
})

describe('one connection for everyone', () => {
  test('a query from outside waits for an open transaction instead of joining it', async () => {
    const inserted = signal()
    const events: string[] = []
    const writer = db.transaction().execute(async (trx) => {
      await sql`insert into t values (1)`.execute(trx)
      inserted.give()
      await new Promise((resolve) => setTimeout(resolve, 50))
      events.push('rolling back')
      throw new Error('undone')
    })
    await inserted.given

    const seen = count(db).then((n) => {
      events.push('read')
      return n
    })

    await expect(writer).rejects.toThrow('undone')
    expect(await seen).toBe(0)
    expect(events).toEqual(['rolling back', 'read'])
  })

  test('transactions run one after another, in the order in which they asked', async () => {
    const events: string[] = []
    const run = (name: string) =>
      db.transaction().execute(async (trx) => {
        events.push(`${name} begins`)
        await sql`select 1`.execute(trx)
        await new Promise((resolve) => setTimeout(resolve, 10))
        events.push(`${name} ends`)
      })

    await Promise.all([run('a'), run('b'), run('c')])

    expect(events).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('another handle on the same instance waits in the same line', async () => {
    const other = createFinanceDb({ pglite, schema: 'money', acquireTimeoutMs: 100 }, {})

    await db.transaction().execute(async (trx) => {
      await sql`insert into t values (1)`.execute(trx)
      await expect(count(other)).rejects.toThrow(TimeoutError)
    })

    expect(await count(other)).toBe(1)
  })

  test('who waits for himself gets a TimeoutError that says so, and can go on', async () => {
    const impatient = createFinanceDb({ pglite, acquireTimeoutMs: 50 }, {})

    const stuck = impatient.transaction().execute(() => count(impatient))

    await expect(stuck).rejects.toThrow(/inside a transaction use its handle/)
    expect(await count(impatient)).toBe(0)
  })
})

describe('transactions', () => {
  test('have the access mode and the isolation that was asked for', async () => {
    const write = db
      .transaction()
      .setAccessMode('read only')
      .setIsolationLevel('serializable')
      .execute(async (trx) => {
        const { rows } = await sql<Record<string, string>>`show transaction_isolation`.execute(trx)
        expect(rows[0]?.transaction_isolation).toBe('serializable')
        await sql`insert into t values (1)`.execute(trx)
      })

    await expect(write).rejects.toMatchObject({ code: '25006' })
  })

  test('nest as savepoints', async () => {
    await transaction(db, async (trx) => {
      await sql`insert into t values (1)`.execute(trx)
      await expect(transaction(trx, (inner) => sql`insert into t values (1)`.execute(inner))).rejects.toMatchObject({
        code: '23505',
      })
      await sql`insert into t values (2)`.execute(trx)
    })

    expect(await count(db)).toBe(2)
  })
})

describe('ownership', () => {
  test('an instance stays open when the handle is destroyed', async () => {
    const handle = createFinanceDb({ pglite }, {})
    await count(handle)

    await handle.destroy()

    expect(pglite.closed).toBe(false)
    expect((await pglite.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('what a function made is closed, and is made at the first query', async () => {
    const made: PGlite[] = []
    const handle = createFinanceDb(
      {
        pglite: async () => {
          const instance = await emptyPGlite()
          made.push(instance)
          return instance
        },
      },
      {},
    )
    expect(made).toHaveLength(0)
    await sql`select 1`.execute(handle)
    await sql`select 1`.execute(handle)

    await handle.destroy()

    expect(made.map(({ closed }) => closed)).toEqual([true])
  })

  test('a closed instance gives a ConnectionError', async () => {
    const instance = await emptyPGlite()
    const handle = createFinanceDb({ pglite: instance }, {})
    onTestFinished(() => handle.destroy())
    await sql`select 1`.execute(handle)
    await instance.close()

    await expect(sql`select 1`.execute(handle)).rejects.toThrow(ConnectionError)
    await expect(handle.transaction().execute(async () => {})).rejects.toThrow(ConnectionError)
  })
})
