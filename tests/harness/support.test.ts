import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { freshDatabase, pgliteDb, test } from '../support.js'

const countUsers = sql<{ n: number }>`select count(*)::int4 as n from ${sql.table('finance.users')}`
const addUser = (email: string) =>
  sql`insert into ${sql.table('finance.users')} (email, first_name, last_name) values (${email}, 'A', 'B')`

describe('db', () => {
  test('takes a write', async ({ db }) => {
    await addUser('first@example.org').execute(db)

    expect((await countUsers.execute(db)).rows).toEqual([{ n: 1 }])
  })

  test('does not see what the test before it wrote', async ({ db }) => {
    expect((await countUsers.execute(db)).rows).toEqual([{ n: 0 }])
  })

  test('goes on after a statement that was refused', async ({ db }) => {
    await addUser('same@example.org').execute(db)

    await expect(addUser('same@example.org').execute(db)).rejects.toThrow(/duplicate key/)

    expect((await countUsers.execute(db)).rows).toEqual([{ n: 1 }])
  })

  test('undoes a transaction that fails, and only that', async ({ db }) => {
    await addUser('kept@example.org').execute(db)

    const failing = db.transaction().execute(async (trx) => {
      await addUser('lost@example.org').execute(trx)
      throw new Error('stop')
    })

    await expect(failing).rejects.toThrow('stop')
    expect((await countUsers.execute(db)).rows).toEqual([{ n: 1 }])
  })

  test('keeps what a transaction committed, with savepoints inside it', async ({ db }) => {
    const trx = await db.startTransaction().setIsolationLevel('serializable').execute()
    await addUser('a@example.org').execute(trx)
    const inner = await trx.savepoint('inner').execute()
    await addUser('b@example.org').execute(inner)
    await (await inner.rollbackToSavepoint('inner').execute()).commit().execute()

    expect((await countUsers.execute(db)).rows).toEqual([{ n: 1 }])
  })

  test('refuses to commit a transaction in which a statement failed', async ({ db }) => {
    const trx = await db.startTransaction().execute()
    await addUser('a@example.org').execute(trx)
    await expect(addUser('a@example.org').execute(trx)).rejects.toThrow(/duplicate key/)

    await expect(trx.commit().execute()).rejects.toThrow()

    expect((await countUsers.execute(db)).rows).toEqual([{ n: 0 }])
  })

  test('lets transactions that are started together take turns', async ({ db }) => {
    const add = (email: string) => db.transaction().execute((trx) => addUser(email).execute(trx))

    await Promise.all([add('a@example.org'), add('b@example.org'), add('c@example.org')])

    expect((await countUsers.execute(db)).rows).toEqual([{ n: 3 }])
  })
})

describe('freshDatabase', () => {
  test('has the tables, nothing in them, and commits', async () => {
    await using mine = await freshDatabase()
    await using other = await freshDatabase()

    await addUser('a@example.org').execute(mine.db)

    expect((await countUsers.execute(mine.db)).rows).toEqual([{ n: 1 }])
    expect((await countUsers.execute(other.db)).rows).toEqual([{ n: 0 }])
  })
})

describe('pgliteDb', () => {
  test('has the tables, those with pgvector too', async () => {
    await using embedded = await pgliteDb()

    await addUser('a@example.org').execute(embedded.db)

    expect((await countUsers.execute(embedded.db)).rows).toEqual([{ n: 1 }])
    expect(await embedded.db.selectFrom('finance.documents').select('id').execute()).toEqual([])
  })
})

describe('the server', () => {
  test('gives days and amounts as text, whatever the process has told pg', async ({ db }) => {
    const { rows } = await sql`select date '2026-03-01' as day, 0.10::numeric(19,4) as amount, 7::int8 as n`.execute(db)

    expect(rows).toEqual([{ day: '2026-03-01', amount: '0.1000', n: 7 }])
  })
})
