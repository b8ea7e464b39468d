import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import {
  type Account,
  accounts,
  type Db,
  ImportConflictError,
  TransactionConflictError,
  transaction,
  transactions,
} from '../../src/index.js'
import { createAccount, createTransaction, createUser, newTransaction } from '../people.js'
import { deadlocksIn, execute, waitingIn } from '../server.js'
import { type FreshDatabase, freshDatabase } from '../support.js'

describe('imports at the same time', () => {
  test('two of one file, in opposite orders, end with each row once', async () => {
    await using server = await freshDatabase()
    const { db } = server
    const owner = await createUser(db)
    const owned = await Promise.all(Array.from({ length: 20 }, () => createAccount(db, { user_id: owner.id })))
    const rows = Array.from({ length: 8000 }, (_, i) => ({
      user_id: owner.id,
      account_id: owned[i % owned.length]?.id as string,
      date: '2026-03-01',
      merchant: 'Shop',
      amount: '1',
      external_id: String(i),
    }))

    const results = await Promise.all([
      transactions.import(db, rows, { batchRows: 1000 }),
      transactions.import(db, rows.toReversed(), { batchRows: 1000 }),
      transactions.import(db, rows, { batchRows: 1700 }),
    ])

    expect(results.map(({ inserted }) => inserted).sort((a, b) => a - b)).toEqual([0, 0, 8000])
    expect(results.map(({ inserted, skipped }) => inserted + skipped)).toEqual([8000, 8000, 8000])
    const { rows: balances } = await accounts.list(db, owner.id)
    expect(new Set(balances.map(({ balance }) => balance))).toEqual(new Set(['400.0000']))
  })

  test.each([
    ['goes through', 1, false],
    ['in a transaction of the host is repeated with it', 2, true],
  ])('one that meets a writer with the accounts in the other order %s', async (_, times, nested) => {
    await using server = await freshDatabase()
    const { db } = server
    const owner = await createUser(db)
    const made = [await createAccount(db, { user_id: owner.id }), await createAccount(db, { user_id: owner.id })]
    const [first, second] = made.sort((a, b) => a.id.localeCompare(b.id)) as [Account, Account]
    const rows = [first, second].map(({ user_id, id }) => ({
      user_id,
      account_id: id,
      date: '2026-03-01',
      merchant: 'Shop',
      amount: '10',
      external_id: 'a',
    }))
    let started = 0
    const importRows = (handle: Db) => {
      started++
      return transactions.import(handle, rows)
    }

    // The writer holds the second account until the import holds the first and waits; then it asks for the first too.
    let importing: Promise<unknown> | undefined
    await transaction(
      db,
      async (trx) => {
        // The writer checks for a deadlock late, so that the import is the one to be told.
        await sql`set local deadlock_timeout = '20s'`.execute(trx)
        await createTransaction(trx, second, { amount: '1' })
        importing = nested ? transaction(db, importRows) : importRows(db)
        await waitUntilBlocked(db)
        await createTransaction(trx, first, { amount: '1' })
      },
      { retries: 0 },
    )

    expect(await importing).toMatchObject({ inserted: 2 })
    expect(started).toBe(times)
    const { rows: balances } = await accounts.list(db, owner.id)
    expect(balances.map(({ balance }) => balance)).toEqual(['11.0000', '11.0000'])
  })

  test.each(['posted', 'pending'] as const)('one writes a %s row that somebody removed on the way', async (status) => {
    await using server = await freshDatabase()
    const { db } = server
    const account = await createAccount(db)
    // Money that comes in is not held, so that its removal leaves the account alone.
    const pending = newTransaction(account, { amount: '5', external_id: 'a', status: 'pending' })
    await createTransaction(db, account, pending)

    const { importing } = await transaction(db, async (trx) => {
      await trx.deleteFrom('finance.transactions').where('user_id', '=', account.user_id).execute()
      const importing = transactions.import(db, [{ ...pending, amount: '6', status }])
      await waitUntilBlocked(db)
      return { importing }
    })

    expect(await importing).toEqual({ inserted: 1, skipped: 0, updated: 0 })
    expect((await transactions.list(db, account.user_id)).rows).toMatchObject([{ amount: '6.0000', status }])
  })

  test('one refuses to settle what somebody released on the way', async () => {
    await using server = await freshDatabase()
    const { db } = server
    const account = await createAccount(db)
    const row = newTransaction(account, { amount: '5', external_id: 'a' })
    await createTransaction(db, account, { ...row, status: 'pending' })

    const { importing } = await transaction(db, async (trx) => {
      await trx.updateTable('finance.transactions').set({ status: 'released' }).execute()
      const importing = transactions.import(db, [row]).catch((error: unknown) => error)
      await waitUntilBlocked(db)
      return { importing }
    })

    expect(await importing).toBeInstanceOf(ImportConflictError)
  })

  test('one that always meets others gives up after six times, with longer and longer pauses', async () => {
    await using server = await freshDatabase()
    const { db, url } = server
    const account = await createAccount(db)
    // What a sequence has counted is not rolled back.
    await execute(
      url,
      'create sequence public.tries',
      `create function public.break_deadlock() returns trigger language plpgsql as $$
        begin perform nextval('public.tries'); raise exception using errcode = 'deadlock_detected'; end $$`,
      'create trigger t before insert on finance.transactions for each statement execute function public.break_deadlock()',
    )

    const start = performance.now()
    await expect(transactions.import(db, [newTransaction(account)])).rejects.toThrow(TransactionConflictError)

    // About 40, 80, … 640 ms, each half as long at least.
    expect(performance.now() - start).toBeGreaterThan(600)
    const { rows } = await sql<{ tries: number }>`select last_value::int as tries from public.tries`.execute(db)
    expect(rows).toEqual([{ tries: 6 }])
  })

  test('one that reads longer than a statement may last goes on', async () => {
    await using server = await freshDatabase()
    const account = await createAccount(server.db)
    async function* slowly() {
      yield newTransaction(account)
      await sleep(1200)
      yield newTransaction(account)
    }

    const result = await transaction(server.db, async (trx) => {
      await sql`set local statement_timeout = '1s'`.execute(trx)
      return transactions.import(trx, slowly())
    })

    expect(result).toMatchObject({ inserted: 2 })
  })

  test('one waits for the accounts before it writes a row that others would wait for', async () => {
    await using server = await freshDatabase()
    const { db, url } = server
    const account = await createAccount(db)
    const row = newTransaction(account, { external_id: 'a' })

    const { importing } = await transaction(db, async (trx) => {
      await accounts.lock(trx, account.user_id, account.id)
      const importing = transactions.import(db, [row])
      await waitUntilBlocked(db)
      await transactions.create(trx, row)
      return { importing }
    })

    expect(await importing).toEqual({ inserted: 0, skipped: 1, updated: 0 })
    await db.destroy()
    expect(await deadlocksIn(url)).toBe(0)
  })
})

async function waitUntilBlocked(db: FreshDatabase['db']): Promise<void> {
  await expect.poll(() => waitingIn(db), { timeout: 10_000, interval: 20 }).toBeGreaterThan(0)
}
