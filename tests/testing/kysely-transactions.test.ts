/** What Kysely promises of transactions, in the words of its own suite's titles, holds inside of a sandbox. */
import { type Kysely, PostgresDriver, sql, type Transaction } from 'kysely'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Sandbox } from '../../src/testing/index.js'
import { sources } from './sources.js'

interface Tables {
  person: { id: number; first_name: string }
  pet: { owner_id: number; name: string }
}

const isolationLevels = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const

describe.each(sources)('transactions of Kysely in a sandbox on %s', (_, open) => {
  let sandbox: Sandbox
  let db: Kysely<Tables>

  beforeEach(async ({ task }) => {
    sandbox = await (await open()).open({ name: task.name })
    db = sandbox.kysely<Tables>()
    await sandbox.pool.query(`
      create table person (id int primary key, first_name text not null);
      create table pet (owner_id int not null references person deferrable initially deferred, name text unique)`)
  })
  afterEach(() => sandbox.close())

  const addPerson = (to: Kysely<Tables>, id: number) =>
    to
      .insertInto('person')
      .values({ id, first_name: `Person ${id}` })
      .execute()
  const people = async () => (await db.selectFrom('person').select('id').orderBy('id').execute()).map(({ id }) => id)

  test.each(isolationLevels)('take the isolation level %s', async (level) => {
    await db
      .transaction()
      .setIsolationLevel(level)
      .execute((trx) => addPerson(trx, 1))

    expect(await people()).toEqual([1])
  })

  test('take the access mode read only, and hold to it until they end', async () => {
    const writing = db
      .transaction()
      .setAccessMode('read only')
      .execute((trx) => addPerson(trx, 1))

    await expect(writing).rejects.toMatchObject({ code: '25006' })
    await addPerson(db, 2)
    expect(await people()).toEqual([2])
  })

  test('start on a single connection', async () => {
    const found = await db.connection().execute((conn) =>
      conn.transaction().execute(async (trx) => {
        await addPerson(trx, 1)
        return trx.selectFrom('person').select('first_name').executeTakeFirstOrThrow()
      }),
    )

    expect(found.first_name).toBe('Person 1')
  })

  test('run a hundred at once, each whole or not at all', async () => {
    const threads = Array.from({ length: 100 }, (_, i) => ({ id: i + 1, fails: (i * 7) % 3 === 0 }))

    const results = await Promise.allSettled(
      threads.map(({ id, fails }) =>
        db.transaction().execute(async (trx) => {
          await addPerson(trx, id)
          await trx
            .insertInto('pet')
            .values({ owner_id: id, name: `Pet of ${id}` })
            .execute()
          if (fails) throw new Error('stop')
        }),
      ),
    )

    const kept = threads.filter(({ fails }) => !fails).map(({ id }) => id)
    expect(results.map(({ status }) => status === 'rejected')).toEqual(threads.map(({ fails }) => fails))
    expect(await people()).toEqual(kept)
    expect(await db.selectFrom('pet').select('owner_id').orderBy('owner_id').execute()).toEqual(
      kept.map((owner_id) => ({ owner_id })),
    )
  })

  test('keep the stack trace of who sent the statement', async () => {
    const error: unknown = await db
      .transaction()
      .execute((trx) => trx.selectFrom('person').where('id', '=', sql<number>`x`).execute())
      .catch((error: unknown) => error)

    expect(error).toBeInstanceOf(pg.DatabaseError)
    expect(error).toHaveProperty('stack', expect.stringContaining('kysely-transactions.test.ts'))
  })

  test('are not rolled back when they could not begin', async () => {
    const begin = vi.spyOn(PostgresDriver.prototype, 'beginTransaction').mockRejectedValue(new Error('no'))
    const rollback = vi.spyOn(PostgresDriver.prototype, 'rollbackTransaction')
    const callback = vi.fn()

    await expect(db.transaction().execute(callback)).rejects.toThrow('no')

    expect(callback).not.toHaveBeenCalled()
    expect(rollback).not.toHaveBeenCalled()
    begin.mockRestore()
    rollback.mockRestore()
  })

  test.each(['committed', 'rolled back'])('that are %s take no more statements', async (how) => {
    let escaped: Transaction<Tables> | undefined
    await db
      .transaction()
      .execute(async (trx) => {
        escaped = trx
        await addPerson(trx, 1)
        if (how === 'rolled back') throw new Error('stop')
      })
      .catch(() => undefined)

    await expect(escaped?.selectFrom('person').execute()).rejects.toThrow(`Transaction is already ${how}`)
  })

  test('are controlled: committed, or rolled back', async () => {
    const kept = await db.startTransaction().execute()
    await addPerson(kept, 1)
    await kept.commit().execute()
    const lost = await db.startTransaction().execute()
    await addPerson(lost, 2)
    await lost.rollback().execute()

    expect(await people()).toEqual([1])
    expect(lost.isRolledBack).toBe(true)
  })

  test('are controlled on a single connection, with statements between them', async () => {
    await db.connection().execute(async (conn) => {
      const first = await conn.startTransaction().execute()
      await addPerson(first, 1)
      await first.commit().execute()
      await addPerson(conn, 2)
      const second = await conn.startTransaction().execute()
      await addPerson(second, 3)
      await second.rollback().execute()
      await addPerson(conn, 4)
    })

    expect(await people()).toEqual([1, 2, 4])
  })

  test('roll back to a savepoint, and commit what was before it', async () => {
    const trx = await db.startTransaction().execute()
    await addPerson(trx, 1)
    const after = await trx.savepoint('foo').execute()
    await addPerson(after, 2)
    await (await after.rollbackToSavepoint('foo').execute()).commit().execute()

    expect(await people()).toEqual([1])
  })

  test('roll back to the first of two savepoints', async () => {
    const trx = await db.startTransaction().execute()
    await addPerson(trx, 1)
    const foo = await trx.savepoint('foo').execute()
    await addPerson(foo, 2)
    const bar = await foo.savepoint('bar').execute()
    await addPerson(bar, 3)
    await (await bar.rollbackToSavepoint('foo').execute()).commit().execute()

    expect(await people()).toEqual([1])
  })

  test('go on after a failure inside of a savepoint', async () => {
    const trx = await db.startTransaction().execute()
    await addPerson(trx, 1)
    const foo = await trx.savepoint('foo').execute()
    await expect(addPerson(foo, 1)).rejects.toMatchObject({ code: '23505' })
    await (await foo.rollbackToSavepoint('foo').execute()).commit().execute()

    expect(await people()).toEqual([1])
  })

  test('release savepoints, and refuse one that is not there', async () => {
    const trx = await db.startTransaction().execute()
    const foo = await trx.savepoint('foo').execute()
    await addPerson(foo, 1)
    const released = await foo.releaseSavepoint('foo').execute()
    const bad: (name: never) => { execute(): Promise<unknown> } = released.rollbackToSavepoint.bind(released)
    await expect(bad('foo' as never).execute()).rejects.toMatchObject({ code: '3B001' })
    await expect(released.commit().execute()).rejects.toThrow()

    expect(await people()).toEqual([])
  })

  test('refuse to commit when a statement in them has failed', async () => {
    const trx = await db.startTransaction().execute()
    await addPerson(trx, 1)
    await expect(addPerson(trx, 1)).rejects.toMatchObject({ code: '23505' })
    await expect(addPerson(trx, 2)).rejects.toMatchObject({ code: '25P02' })

    await expect(trx.commit().execute()).rejects.toThrow()

    expect(await people()).toEqual([])
  })

  test('are nested: a lone statement may be refused between them and spoils nothing', async () => {
    await addPerson(db, 1)
    await expect(addPerson(db, 1)).rejects.toMatchObject({ code: '23505' })
    await db.transaction().execute((trx) => addPerson(trx, 2))

    expect(await people()).toEqual([1, 2])
  })
})
