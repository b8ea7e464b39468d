import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createFinanceDb } from '../src/database.js'
import {
  RuleViolationError,
  TransactionAbortedError,
  TransactionConflictError,
  UnsupportedError,
} from '../src/errors.js'
import { translateError } from '../src/postgres-errors.js'
import type { Database, Db, Trx } from '../src/schema/database.js'
import { repeatStatement, transaction } from '../src/transaction.js'
import { execute, withDatabase } from './server.js'

type Host = {
  counters: { id: number; n: number }
}

const name = `${inject('templateName')}_transaction`
const url = withDatabase(inject('databaseUrl'), name)
let db: Kysely<Database & Host>

beforeAll(async () => {
  await execute(inject('databaseUrl'), `create database ${name}`)
  await execute(url, 'create table counters (id int4 primary key, n int4 not null check (n < 1000))')
  db = createFinanceDb({ connectionString: url }, {}).$extendTables<Host>()
})
afterAll(async () => {
  await db.destroy()
  await execute(inject('databaseUrl'), `drop database ${name} with (force)`)
})
beforeEach(async () => {
  await db.deleteFrom('counters').execute()
  await db
    .insertInto('counters')
    .values([
      { id: 1, n: 0 },
      { id: 2, n: 0 },
    ])
    .execute()
})

const values = async () => (await db.selectFrom('counters').select('n').orderBy('id').execute()).map(({ n }) => n)
const add = (handle: Pick<typeof db, 'updateTable'>, id: number, by = 1) =>
  handle
    .updateTable('counters')
    .set((eb) => ({ n: eb('n', '+', by) }))
    .where('id', '=', id)
    .execute()

/** Everyone waits until all have come; who comes later passes. */
function barrier(parties: number) {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return () => {
    if (--parties <= 0) open()
    return opened
  }
}

describe('a transaction', () => {
  test('commits what the function did and gives its result', async () => {
    const result = await transaction(db, async (trx) => {
      await add(trx, 1)
      return 'done'
    })

    expect(result).toBe('done')
    expect(await values()).toEqual([1, 0])
  })

  test('is rolled back by a throw, which comes through unchanged', async () => {
    const mistake = new RuleViolationError('no')
    const failed = transaction(db, async (trx) => {
      await add(trx, 1)
      throw mistake
    })

    await expect(failed).rejects.toBe(mistake)
    expect(await values()).toEqual([0, 0])
  })

  test('says so when a statement had failed in it and it could not be committed', async () => {
    const ignoring = (nested: boolean) =>
      transaction(db, async (trx) => {
        await add(trx, 1)
        const fail = async (handle: typeof trx) => {
          await add(handle, 2, 5000).catch(() => undefined)
        }
        await (nested ? transaction(trx, fail) : fail(trx))
      })

    await expect(ignoring(false)).rejects.toThrow(TransactionAbortedError)
    await expect(ignoring(true)).rejects.toThrow(TransactionAbortedError)
    expect(await values()).toEqual([0, 0])
  })

  test('that the server ends for taking too long is a TimeoutError', async ({ skip }) => {
    const { rows } = await sql<{
      known: boolean
    }>`select current_setting('transaction_timeout', true) is not null as known`.execute(db)
    if (rows[0]?.known !== true) skip('before PostgreSQL 17')

    const late = transaction(db, async (trx) => {
      await sql`set local transaction_timeout = 50`.execute(trx)
      await sql`select pg_sleep(5)`.execute(trx).catch(translateError)
    })

    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', waitedFor: 'transaction' })
  })

  test('that was idle for too long is a TimeoutError too, also where only the commit was left', async () => {
    const idle = createFinanceDb({ connectionString: url, idleTransactionTimeoutMs: 50 }, {}).$extendTables<Host>()
    const pausing = (more: (trx: typeof db) => Promise<unknown>) =>
      transaction(idle, async (trx) => {
        await add(trx, 1)
        await sleep(300)
        await more(trx)
      })

    const late = { code: 'TIMEOUT', waitedFor: 'transaction' }
    await expect(pausing(async () => {})).rejects.toMatchObject(late)
    await expect(pausing((trx) => add(trx, 2).catch(translateError))).rejects.toMatchObject(late)
    expect(await values()).toEqual([0, 0])
    await idle.destroy()
  })

  test('is read-only when asked', async () => {
    await expect(transaction(db, (trx) => add(trx, 1), { accessMode: 'read only' })).rejects.toMatchObject({
      code: '25006',
    })
  })

  test('tells the first error when the connection breaks', async () => {
    const failed = transaction(db, async (trx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(trx)
      await execute(url, `select pg_terminate_backend(${rows[0]?.pid})`)
      throw new Error('the first error')
    })

    await expect(failed).rejects.toThrow('the first error')
  })

  test('lets the error of another connection through as it is', async () => {
    const elsewhere = new Error('Connection terminated unexpectedly')

    const failed = transaction(db, async (trx) => {
      await add(trx, 1)
      throw elsewhere
    })

    await expect(failed).rejects.toBe(elsewhere)
    expect(await values()).toEqual([0, 0])
  })
})

describe('a conflict', () => {
  /** Reads both counters, waits for the other, then writes one: of two such, serializable refuses one. */
  function skew(id: number, meet: () => Promise<void>, seen: { runs: number }, retries?: number) {
    return transaction(
      db,
      async (trx) => {
        seen.runs++
        const rows = await trx.selectFrom('counters').select('n').execute()
        await meet()
        await add(trx, id, 1 + rows.reduce((sum, { n }) => sum + n, 0))
      },
      { isolationLevel: 'serializable', ...(retries !== undefined && { retries }) },
    )
  }

  test('between serializable transactions is run again until both are in', async () => {
    const meet = barrier(2)
    const seen = { runs: 0 }

    await Promise.all([skew(1, meet, seen), skew(2, meet, seen)])

    expect(seen.runs).toBe(3)
    // The second saw the first: 1 and 1 + 1, never 1 and 1.
    expect((await values()).sort()).toEqual([1, 2])
  })

  test('that deadlocks is run again', async () => {
    const meet = barrier(2)
    let runs = 0
    const cross = (first: number, second: number) =>
      transaction(db, async (trx) => {
        runs++
        await add(trx, first)
        await meet()
        await add(trx, second)
      })

    await Promise.all([cross(1, 2), cross(2, 1)])

    expect(runs).toBe(3)
    expect(await values()).toEqual([2, 2])
  })

  test('that does not end is a TransactionConflictError with the cause, and writes nothing', async () => {
    const meet = barrier(2)
    const seen = { runs: 0 }

    const outcomes = await Promise.allSettled([skew(1, meet, seen, 0), skew(2, meet, seen, 0)])

    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    expect(errors).toHaveLength(1)
    expect(errors[0]).toBeInstanceOf(TransactionConflictError)
    expect(errors[0]).toMatchObject({ cause: { code: '40001' } })
    expect((await values()).sort()).toEqual([0, 1])
  })

  test('is found in the cause of an error of our own', async () => {
    let runs = 0

    await transaction(db, async (trx) => {
      if (++runs < 3) throw new TransactionConflictError('again')
      await add(trx, 1)
    })

    expect(runs).toBe(3)
    expect(await values()).toEqual([1, 0])
  })

  test('is not what another error is: it is not run again', async () => {
    let runs = 0

    const failed = transaction(db, async (trx) => {
      runs++
      await add(trx, 1, 5000)
    })

    await expect(failed).rejects.toMatchObject({ code: '23514' })
    expect(runs).toBe(1)
  })
})

describe('a nested call', () => {
  test('undoes only its own part, after an error of Postgres too', async () => {
    await transaction(db, async (trx) => {
      await add(trx, 1)
      const inner = transaction(trx, async (nested) => {
        await add(nested, 2)
        await add(nested, 1, 5000)
      })
      await expect(inner).rejects.toMatchObject({ code: '23514' })
      await add(trx, 1)
    })

    expect(await values()).toEqual([2, 0])
  })

  test('is kept when it succeeds, and lost with the outer one', async () => {
    await transaction(db, (trx) => transaction(trx, (nested) => transaction(nested, (deep) => add(deep, 1))))
    const lost = transaction(db, async (trx) => {
      await transaction(trx, (nested) => add(nested, 1))
      throw new Error('undo all')
    })

    await expect(lost).rejects.toThrow('undo all')
    expect(await values()).toEqual([1, 0])
  })

  test('in a transaction that Kysely began works too', async () => {
    await db.transaction().execute(async (trx) => {
      await expect(transaction(trx, (nested) => add(nested, 1, 5000))).rejects.toThrow()
      await add(trx, 2)
    })

    expect(await values()).toEqual([0, 1])
  })

  test('waits for its sibling, so that the undoing of one does not undo the other', async () => {
    await transaction(db, async (trx) => {
      const outcomes = await Promise.allSettled([
        transaction(trx, async (a) => {
          await add(a, 1)
          await new Promise((resolve) => setTimeout(resolve, 30))
          throw new Error('a fails last')
        }),
        transaction(trx, async (b) => {
          await add(b, 2)
          // From inside, through the outer handle: this must not wait for itself.
          await transaction(trx, (deeper) => add(deeper, 2))
        }),
      ])
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    })

    expect(await values()).toEqual([0, 2])
  })

  test('lets the outermost call repeat a conflict', async () => {
    let runs = 0

    await transaction(db, async (trx) => {
      runs++
      await transaction(trx, async () => {
        if (runs === 1) throw Object.assign(new Error('serialization'), { code: '40001' })
      })
    })

    expect(runs).toBe(2)
  })

  test.each([{ isolationLevel: 'serializable' }, { accessMode: 'read only' }, { idempotent: true }] as const)(
    'cannot change %o',
    async (options) => {
      const nested = transaction(db, (trx) => transaction(trx, async () => {}, options))

      await expect(nested).rejects.toThrow(UnsupportedError)
    },
  )

  test('brings the actor of the outer one back', async () => {
    const actor = async (trx: Trx) =>
      (await sql<{ actor: string }>`select current_setting('finance_db.actor') as actor`.execute(trx)).rows[0]?.actor

    const seen = await transaction(
      db as Db,
      async (trx) => [await transaction(trx, actor, { actor: 'inner' }), await actor(trx)],
      { actor: 'outer' },
    )

    expect(seen).toEqual(['inner', 'outer'])
  })
})

describe('a lone statement', () => {
  const conflict = Object.assign(new Error('serialization'), { code: '40001' })

  test('is run again after a conflict, as often as it may be', async () => {
    let runs = 0
    const second = async () => (++runs < 2 ? Promise.reject(conflict) : runs)

    expect(await repeatStatement(db as Db, second)).toBe(2)
    await expect(repeatStatement(db as Db, () => Promise.reject(conflict), 1)).rejects.toBe(conflict)
  })

  test('is not inside a transaction, which has to be repeated whole', async () => {
    let runs = 0

    await transaction(db as Db, async (trx) => {
      const refused = repeatStatement(trx, async () => {
        runs++
        throw conflict
      })
      await expect(refused).rejects.toBe(conflict)
    })

    expect(runs).toBe(1)
  })
})
