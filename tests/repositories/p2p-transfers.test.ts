import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  type Account,
  AccountInactiveError,
  accounts,
  ConflictError,
  type Db,
  InsufficientFundsError,
  InvalidInputError,
  MissingReferenceError,
  type NewP2pTransfer,
  NotFoundError,
  type P2pAcceptance,
  type P2pTransfer,
  p2pTransfers,
  RuleViolationError,
  transactions,
  transfers,
  translateError,
} from '../../src/index.js'
import { createAccount, createUser } from '../people.js'
import { deadlocksIn, waitingIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'

const state = async (db: Db, { user_id, id }: Account) => {
  const { balance, held } = await accounts.get(db, user_id, id)
  return [balance, held]
}

async function people(db: Db, [from, to] = ['USD', 'USD']) {
  const mine = await createAccount(db, { currency: from, opening_balance: '100' })
  const theirs = await createAccount(db, { currency: to })
  const [me, them] = [mine.user_id, theirs.user_id]
  const transfer = (overrides: Partial<NewP2pTransfer> = {}): NewP2pTransfer => ({
    user_id: me,
    from_account_id: mine.id,
    recipient_id: them,
    amount: '30',
    idempotency_key: 'k',
    ...overrides,
  })
  return { mine, theirs, me, them, transfer, to: { to_account_id: theirs.id } }
}

describe('p2pTransfers.send', () => {
  test('holds the money, so that what is accepted is there', async ({ db }) => {
    const { mine, me, transfer } = await people(db)

    const sent = await p2pTransfers.send(db, transfer({ memo: 'pizza' }))

    expect(sent).toEqual(await p2pTransfers.get(db, me, sent.id))
    expect(sent).toMatchObject({
      status: 'pending',
      amount: '30.0000',
      currency: 'USD',
      memo: 'pizza',
      to_account_id: null,
    })
    expect(await state(db, mine)).toEqual(['100.0000', '30.0000'])
    const { rows } = await transactions.list(db, me)
    expect(rows).toMatchObject([{ status: 'pending', amount: '-30.0000', p2p_transfer_id: sent.id, category: 'p2p' }])
    await expect(p2pTransfers.send(db, transfer({ amount: '70.01', idempotency_key: 'l' }))).rejects.toThrow(
      InsufficientFundsError,
    )
  })

  test('with a known key gives the first transfer as it is now, and refuses other contents', async ({ db }) => {
    const { me, mine, transfer } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer())
    await p2pTransfers.cancel(db, me, id)

    expect(await p2pTransfers.send(db, transfer())).toMatchObject({ id, status: 'cancelled' })
    for (const other of [{ amount: '31' }, { recipient_id: (await createUser(db)).id }]) {
      await expect(p2pTransfers.send(db, transfer(other))).rejects.toThrow(ConflictError)
    }
    expect(await state(db, mine)).toEqual(['100.0000', '0.0000'])
  })

  test('is refused for what cannot be, and leaves nothing', async ({ db }) => {
    const { me, mine, theirs, transfer } = await people(db)

    await expect(p2pTransfers.send(db, transfer({ recipient_id: me }))).rejects.toThrow(InvalidInputError)
    await expect(p2pTransfers.send(db, transfer({ amount: '0' }))).rejects.toThrow(InvalidInputError)
    await expect(p2pTransfers.send(db, transfer({ recipient_id: theirs.id }))).rejects.toThrow(MissingReferenceError)
    await expect(p2pTransfers.send(db, transfer({ from_account_id: theirs.id }))).rejects.toThrow(MissingReferenceError)
    await expect(p2pTransfers.send(db, transfer({ currency: 'EUR' }))).rejects.toThrow(MissingReferenceError)
    await accounts.update(db, me, mine.id, { status: 'frozen' })
    await expect(p2pTransfers.send(db, transfer())).rejects.toThrow(AccountInactiveError)

    expect((await p2pTransfers.listSent(db, me)).rows).toEqual([])
    expect((await transactions.list(db, me)).rows).toEqual([])
  })

  test('takes no id under which the recipient was sent something by another', async ({ db }) => {
    const { transfer } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer())
    const { user_id, id: from_account_id } = await createAccount(db, { opening_balance: '100' })

    await expect(p2pTransfers.send(db, transfer({ user_id, from_account_id, id }))).rejects.toMatchObject({
      code: 'CONFLICT',
      constraint: 'p2p_transfers_recipient_id_key',
    })
    expect((await transactions.list(db, user_id)).rows).toEqual([])
  })
})

describe('p2pTransfers.accept', () => {
  test('moves both sides and both balances, once', async ({ db }) => {
    const { mine, theirs, me, them, transfer, to } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer({ memo: 'pizza' }))

    const accepted = await p2pTransfers.accept(db, them, id, { ...to, date: '2026-03-05' })

    expect(accepted).toMatchObject({
      status: 'accepted',
      to_account_id: theirs.id,
      to_amount: '30.0000',
      to_currency: 'USD',
    })
    expect(await state(db, mine)).toEqual(['70.0000', '0.0000'])
    expect(await state(db, theirs)).toEqual(['30.0000', '0.0000'])
    const side = { status: 'posted', date: '2026-03-05', p2p_transfer_id: id, description: 'pizza' }
    expect((await transactions.list(db, me)).rows).toMatchObject([{ ...side, amount: '-30.0000' }])
    expect((await transactions.list(db, them)).rows).toMatchObject([{ ...side, amount: '30.0000' }])
    expect(await p2pTransfers.accept(db, them, id, to)).toEqual(accepted)
    const another = await createAccount(db, { user_id: them })
    await expect(p2pTransfers.accept(db, them, id, { to_account_id: another.id })).rejects.toThrow(ConflictError)
    expect(await state(db, theirs)).toEqual(['30.0000', '0.0000'])
  })

  test('converts at a rate that says where it comes from, and accounts for the rest', async ({ db }) => {
    const { theirs, me, them, transfer, to } = await people(db, ['USD', 'JPY'])
    const { id } = await p2pTransfers.send(db, transfer({ amount: '1' }))

    await expect(p2pTransfers.accept(db, them, id, to)).rejects.toMatchObject({
      constraint: 'p2p_transfers_rate_check',
    })
    await expect(p2pTransfers.accept(db, them, id, { ...to, rate: '151.5' })).rejects.toThrow(InvalidInputError)
    const accepted = await p2pTransfers.accept(db, them, id, { ...to, rate: '150.5', rate_source: 'ECB' })

    expect(accepted).toMatchObject({ to_amount: '150.0000', to_currency: 'JPY', residue: '0.50000000000000' })
    expect(await state(db, theirs)).toEqual(['150.0000', '0.0000'])
    expect(await transfers.residues(db, me)).toEqual([{ currency: 'JPY', residue: '0.50000000000000', transfers: 1 }])
    expect(await p2pTransfers.accept(db, them, id, { ...to, rate: '150.50', rate_source: 'ECB' })).toEqual(accepted)
    await expect(p2pTransfers.accept(db, them, id, { ...to, rate: '1', rate_source: 'ECB' })).rejects.toThrow(
      ConflictError,
    )
    await expect(p2pTransfers.accept(db, them, id, to)).rejects.toThrow(ConflictError)
  })

  test('is for the recipient alone, on an account of theirs that is active', async ({ db }) => {
    const { mine, theirs, me, them, transfer, to } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer())

    await expect(p2pTransfers.accept(db, me, id, { to_account_id: mine.id })).rejects.toThrow(NotFoundError)
    await expect(p2pTransfers.accept(db, them, id, { to_account_id: mine.id })).rejects.toThrow(MissingReferenceError)
    await accounts.update(db, them, theirs.id, { status: 'closed' })
    await expect(p2pTransfers.accept(db, them, id, to)).rejects.toThrow(AccountInactiveError)
    await accounts.update(db, them, theirs.id, { status: 'active' })
    await accounts.update(db, me, mine.id, { status: 'frozen' })
    await expect(p2pTransfers.accept(db, them, id, to)).rejects.toThrow(AccountInactiveError)

    expect(await p2pTransfers.get(db, me, id)).toMatchObject({ status: 'pending' })
    expect(await state(db, mine)).toEqual(['100.0000', '30.0000'])
  })
})

describe('what was not accepted', () => {
  test('is ended by each side in its own words, also in SQL', async ({ db }) => {
    const [from, to] = [await createAccount(db, { opening_balance: '100' }), await createAccount(db)]
    const { id } = await p2pTransfers.send(db, {
      user_id: from.user_id,
      from_account_id: from.id,
      recipient_id: to.user_id,
      amount: '5',
      idempotency_key: 'words',
    })
    const end = (sender: string | null, recipient: string | null, status: string | null) =>
      sql`select * from ${sql.table('finance.end_p2p')}(${sender}, ${recipient}, ${id}, ${status})`
        .execute(db)
        .catch(translateError)

    for (const status of ['cancelled', 'failed', 'accepted', 'pending', null]) {
      await expect(end(null, to.user_id, status), `${status}`).rejects.toMatchObject({
        constraint: 'p2p_transfers_ended_by',
      })
    }
    for (const status of ['declined', 'accepted', 'pending', null]) {
      await expect(end(from.user_id, null, status), `${status}`).rejects.toMatchObject({
        constraint: 'p2p_transfers_ended_by',
      })
    }
    expect(await accounts.get(db, from.user_id, from.id)).toMatchObject({ held: '5.0000' })
  })

  test.for([
    ['declined', 'decline'],
    ['cancelled', 'cancel'],
    ['failed', 'fail'],
  ] as const)('can be %s, which frees the money and is final', async ([status, verb], { db }) => {
    const { mine, me, them, transfer, to } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer())
    const [by, other] = verb === 'decline' ? [them, me] : [me, them]

    await expect(p2pTransfers[verb](db, other, id)).rejects.toThrow(NotFoundError)
    const ended = await p2pTransfers[verb](db, by, id)

    expect(ended).toMatchObject({ status })
    expect(await state(db, mine)).toEqual(['100.0000', '0.0000'])
    expect((await transactions.list(db, me)).rows).toMatchObject([{ status: 'released' }])
    expect(await p2pTransfers[verb](db, by, id)).toEqual(ended)
    await expect(p2pTransfers.accept(db, them, id, to)).rejects.toThrow(RuleViolationError)
  })

  test('cannot be taken back once it is accepted', async ({ db }) => {
    const { me, them, transfer, to } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer())
    await p2pTransfers.accept(db, them, id, to)

    await expect(p2pTransfers.cancel(db, me, id)).rejects.toThrow(RuleViolationError)
    await expect(p2pTransfers.decline(db, them, id)).rejects.toThrow(RuleViolationError)
  })
})

test('the hold of a transfer between people is not settled, released or removed by itself', async ({ db }) => {
  const { me, them, transfer, to } = await people(db)
  const { id } = await p2pTransfers.send(db, transfer())
  const [hold] = (await transactions.list(db, me)).rows
  const rule = { code: 'RULE_VIOLATION', constraint: 'transactions_p2p_held' }

  await expect(transactions.settle(db, me, hold?.id as string)).rejects.toMatchObject(rule)
  await expect(transactions.release(db, me, hold?.id as string)).rejects.toMatchObject(rule)
  await expect(transactions.remove(db, me, hold?.id as string)).rejects.toThrow(RuleViolationError)
  await p2pTransfers.accept(db, them, id, to)
  await expect(transactions.reverse(db, me, hold?.id as string)).rejects.toMatchObject({
    constraint: 'transactions_reverses_opposite',
  })
})

test('what was sent and what was decided cannot be changed by hand', async ({ db }) => {
  const { them, transfer, to } = await people(db)
  const { id } = await p2pTransfers.send(db, transfer())
  const update = (values: object) => db.updateTable('finance.p2p_transfers').set(values).execute()

  await expect(update({ amount: '1' })).rejects.toMatchObject({ constraint: 'p2p_transfers_final' })
  await expect(update({ status: 'accepted' })).rejects.toMatchObject({ constraint: 'p2p_transfers_accepted_check' })
  await p2pTransfers.accept(db, them, id, to)
  await expect(update({ status: 'pending' })).rejects.toMatchObject({ constraint: 'p2p_transfers_final' })
  await expect(update({ to_amount: '1' })).rejects.toMatchObject({ constraint: 'p2p_transfers_final' })
  await expect(db.deleteFrom('finance.p2p_transfers').execute()).rejects.toMatchObject({
    constraint: 'p2p_transfers_kept',
  })
  await update({ memo: '' })
})

test('each side has one movement, whoever writes', async ({ db }) => {
  const { mine, theirs, them, transfer, to } = await people(db)
  const { id } = await p2pTransfers.send(db, transfer())
  await p2pTransfers.accept(db, them, id, to)

  for (const { user_id, id: account_id } of [mine, theirs]) {
    const again = { user_id, account_id, currency: 'USD', date: '2026-03-01', merchant: 'x', amount: '1' }
    await expect(
      db
        .insertInto('finance.transactions')
        .values({ ...again, p2p_transfer_id: id })
        .execute(),
    ).rejects.toMatchObject({ constraint: 'transactions_p2p_transfer_id_key' })
  }
})

test('what is held is taken as it was sent, or not at all', async ({ db }) => {
  const { mine, theirs, me, them, transfer, to } = await people(db)
  const { id } = await p2pTransfers.send(db, transfer())
  await db.updateTable('finance.transactions').set({ amount: '-1' }).where('p2p_transfer_id', '=', id).execute()

  await expect(p2pTransfers.accept(db, them, id, to)).rejects.toMatchObject({ constraint: 'p2p_transfers_held' })

  expect(await state(db, mine)).toEqual(['100.0000', '1.0000'])
  expect(await state(db, theirs)).toEqual(['0.0000', '0.0000'])
  expect(await p2pTransfers.cancel(db, me, id)).toMatchObject({ status: 'cancelled' })
})

test('each person lists what they sent and what they were sent, newest first', async ({ db }) => {
  const { me, them, transfer, to } = await people(db)
  const sent = []
  for (const key of ['a', 'b', 'c'])
    sent.unshift(await p2pTransfers.send(db, transfer({ amount: '1', idempotency_key: key })))
  const accepted = await p2pTransfers.accept(db, them, sent[1]?.id as string, to)

  const first = await p2pTransfers.listReceived(db, them, {}, { limit: 2 })
  const rest = await p2pTransfers.listReceived(db, them, {}, { limit: 2, after: first.next as string })

  expect([...first.rows, ...rest.rows]).toEqual([sent[0], accepted, sent[2]])
  expect((await p2pTransfers.listSent(db, me, { status: 'accepted' })).rows).toEqual([accepted])
  expect((await p2pTransfers.listSent(db, them)).rows).toEqual([])
  expect((await p2pTransfers.listReceived(db, me)).rows).toEqual([])
})

test('each person reads one that they sent or were sent, by the side they are on', async ({ db }) => {
  const { me, them, transfer } = await people(db)
  const sent = await p2pTransfers.send(db, transfer())

  expect(await p2pTransfers.get(db, me, sent.id)).toEqual(sent)
  expect(await p2pTransfers.getReceived(db, them, sent.id)).toEqual(sent)
  const stranger = await createUser(db)
  for (const other of [me, stranger.id]) {
    await expect(p2pTransfers.getReceived(db, other, sent.id)).rejects.toThrow(NotFoundError)
  }
  await expect(p2pTransfers.get(db, them, sent.id)).rejects.toThrow(NotFoundError)
})

test('of accepting, declining and cancelling at once, one wins and the money agrees', async () => {
  await using fresh = await freshDatabase()
  const { mine, theirs, me, them, transfer, to } = await people(fresh.db)
  for (let round = 0; round < 10; round++) {
    const { id } = await p2pTransfers.send(fresh.db, transfer({ amount: '1', idempotency_key: `${round}` }))

    const ends = await Promise.allSettled([
      p2pTransfers.accept(fresh.db, them, id, to),
      p2pTransfers.decline(fresh.db, them, id),
      p2pTransfers.cancel(fresh.db, me, id),
    ])

    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  }
  const accepted = (await p2pTransfers.listSent(fresh.db, me, { status: 'accepted' })).rows.length
  expect(await state(fresh.db, mine)).toEqual([`${100 - accepted}.0000`, '0.0000'])
  expect(await state(fresh.db, theirs)).toEqual([`${accepted}.0000`, '0.0000'])
})

describe.for<[string, (db: Db, me: string, them: string, id: string, to: P2pAcceptance) => Promise<P2pTransfer>]>([
  ['accepts', (db, _, them, id, to) => p2pTransfers.accept(db, them, id, to)],
  ['declines', (db, _, them, id) => p2pTransfers.decline(db, them, id)],
  ['cancels', (db, me, _, id) => p2pTransfers.cancel(db, me, id)],
])('who %s', ([, decide]) => {
  test.for([
    ['the transfer', 'p2p_transfers', ['accounts', 'transactions']],
    ['the account', 'accounts', ['transactions']],
  ] as const)('waits for %s before any other lock', async ([, first, later]) => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const { me, them, transfer, to } = await people(db)
    const { id } = await p2pTransfers.send(db, transfer())

    const { deciding } = await db.transaction().execute(async (trx) => {
      const lock = (table: string) => sql`select from ${sql.table(`finance.${table}`)} for update nowait`.execute(trx)
      await lock(first)
      const deciding = decide(db, me, them, id, to)
      await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
      for (const table of later) await lock(table)
      return { deciding }
    })

    const decided = await deciding
    expect(decided.status).not.toBe('pending')
    expect(await decide(db, me, them, id, to)).toEqual(decided)
  })
})

test('who accepts while the same is being accepted waits, and is given what came of it', async () => {
  await using fresh = await freshDatabase()
  const { db } = fresh
  const { theirs, them, transfer, to } = await people(db)
  const { id } = await p2pTransfers.send(db, transfer())

  const { first, again } = await db.transaction().execute(async (trx) => {
    const first = await p2pTransfers.accept(trx, them, id, to)
    const again = p2pTransfers.accept(db, them, id, to)
    await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
    return { first, again }
  })

  expect(await again).toEqual(first)
  expect(await state(db, theirs)).toEqual(['30.0000', '0.0000'])
})

test('two people who send to each other at once never deadlock', async () => {
  await using fresh = await freshDatabase()
  const { mine, theirs, me, them, transfer, to } = await people(fresh.db)
  await p2pTransfers.accept(fresh.db, them, (await p2pTransfers.send(fresh.db, transfer({ amount: '50' }))).id, to)
  const back = { user_id: them, from_account_id: theirs.id, recipient_id: me }

  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const there = i % 2 === 0
      const request = transfer({ amount: '1', idempotency_key: `x${i}`, ...(there ? {} : back) })
      const { id } = await p2pTransfers.send(fresh.db, request)
      await p2pTransfers.accept(fresh.db, there ? them : me, id, there ? to : { to_account_id: mine.id })
    }),
  )

  expect(await state(fresh.db, mine)).toEqual(['50.0000', '0.0000'])
  expect(await state(fresh.db, theirs)).toEqual(['50.0000', '0.0000'])
  await fresh.db.destroy()
  expect(await deadlocksIn(fresh.url)).toBe(0)
})

test('transfers between people work on PGlite', async () => {
  await using embedded = await pgliteDb()
  const { mine, theirs, them, transfer, to } = await people(embedded.db)

  const { id } = await p2pTransfers.send(embedded.db, transfer())
  await p2pTransfers.accept(embedded.db, them, id, to)

  expect([await state(embedded.db, mine), await state(embedded.db, theirs)]).toEqual([
    ['70.0000', '0.0000'],
    ['30.0000', '0.0000'],
  ])
})
