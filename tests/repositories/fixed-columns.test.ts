import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import { type Db, p2pTransfers, transactions } from '../../src/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { test } from '../support.js'

/** Of each type, what no row here has. */
const others: Readonly<Record<string, string>> = {
  uuid: '01890000-0000-7000-8000-00000000ffff',
  numeric: '99',
  date: '2020-01-01',
  timestamptz: '2020-01-01',
  text: 'failed',
  bpchar: 'EUR',
  bool: 'true',
}

/** The columns of a row that may still be changed by hand, as far as the rule of the table goes. */
async function changeable(db: Db, table: string, rule: string, id: string): Promise<string[]> {
  const { rows } = await sql<{ name: string; type: string }>`
    select a.attname as name, y.typname as type from pg_attribute a join pg_type y on y.oid = a.atttypid
    where a.attrelid = ${`finance.${table}`}::text::regclass and a.attnum > 0 and a.attgenerated = '' and not a.attisdropped`.execute(
    db,
  )
  const free: string[] = []
  for (const { name, type } of rows) {
    const update = sql`
      update ${sql.table(`finance.${table}`)} set ${sql.ref(name)} = ${others[type]}::text::${sql.raw(type)} where id = ${id}`
    const refusal = await update.execute(db).then(
      () => undefined,
      (error: { constraint?: string }) => error.constraint,
    )
    if (refusal !== rule) free.push(name)
  }
  return free.sort()
}

describe('once it is there, nothing can be changed by hand of', () => {
  const texts = ['category', 'description', 'is_subscription', 'merchant', 'source', 'updated_at']

  test('a transaction that is posted or released but its texts, and the bank’s id once', async ({ db }) => {
    const account = await createAccount(db, { opening_balance: '100' })
    const plain = await createTransaction(db, account)
    const known = await createTransaction(db, account, { external_id: 'bank-1' })
    const { id } = await transactions.hold(db, newTransaction(account))
    const released = await transactions.release(db, account.user_id, id)
    const free = (row: { id: string }) => changeable(db, 'transactions', 'transactions_posted_immutable', row.id)

    expect(await free(plain)).toEqual([...texts, 'external_id'].sort())
    expect(await free(known)).toEqual(texts)
    expect(await free(released)).toEqual([...texts, 'external_id'].sort())
  })

  test.for([
    ['pending', ['memo', 'status', 'updated_at']],
    ['completed', ['memo', 'updated_at']],
    ['failed', ['memo', 'updated_at']],
    ['cancelled', ['memo', 'updated_at']],
  ] as const)('a transfer that is %s but %s', async ([status, free], { db }) => {
    const { user_id, id: from_account_id } = await createAccount(db)
    const { id: to_account_id } = await createAccount(db, { user_id })
    const sides = {
      from_account_id,
      from_amount: '1',
      from_currency: 'USD',
      to_account_id,
      to_amount: '1',
      to_currency: 'USD',
    }
    const { id } = await db
      .insertInto('finance.transfers')
      .values({ user_id, ...sides, date: '2026-03-01', status, idempotency_key: 'k' })
      .returning('id')
      .executeTakeFirstOrThrow()

    // `failed` is not another status of the one that failed.
    const expected = status === 'failed' ? [...free, 'status'].sort() : free
    expect(await changeable(db, 'transfers', 'transfers_final', id)).toEqual(expected)
  })

  test('a transfer between people but who got what while it waits, and its memo', async ({ db }) => {
    const { user_id, id: from_account_id } = await createAccount(db, { opening_balance: '100' })
    const { user_id: recipient_id, id: to_account_id } = await createAccount(db)
    const send = (idempotency_key: string) =>
      p2pTransfers.send(db, { user_id, from_account_id, recipient_id, amount: '1', idempotency_key })
    const free = ({ id }: { id: string }) => changeable(db, 'p2p_transfers', 'p2p_transfers_final', id)
    const decided = ['memo', 'updated_at']

    const [waiting, taken, declined, cancelled] = [await send('1'), await send('2'), await send('3'), await send('4')]
    await p2pTransfers.accept(db, recipient_id, taken.id, { to_account_id })
    await p2pTransfers.decline(db, recipient_id, declined.id)
    await p2pTransfers.cancel(db, user_id, cancelled.id)

    const arrival = ['rate', 'rate_source', 'status', 'to_account_id', 'to_amount', 'to_currency']
    expect(await free(waiting)).toEqual([...arrival, ...decided].sort())
    for (const row of [taken, declined, cancelled]) expect(await free(row)).toEqual(decided)
  })
})
