import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { expect, test } from 'vitest'
import { sweep } from '../../src/auth/index.js'
import {
  type Account,
  accounts,
  cards,
  consents,
  type Db,
  investments,
  recommendations,
  transactions,
} from '../../src/index.js'
import { createAccount, createTransaction, newTransaction } from '../people.js'
import { directDatabase, type FreshDatabase } from '../support.js'

type Table = 'accounts' | 'transactions' | 'users' | 'cards' | 'investments' | 'auth_sessions'
type Call = (db: Db, account: Account, pendingId: string) => Promise<unknown>

const keys = { current: 'k1', get: () => Buffer.alloc(32, 7) }
const card = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2019, token: 'tok_77' }
const holding = {
  symbol: 'VTI',
  name: 'Shares',
  asset_class: 'etf',
  quantity: '2',
  cost_basis: '10',
  price: '5',
  price_date: '2026-03-01',
  currency: 'USD',
} as const
const advice = { type: 'education', title: 'Savings', rationale: 'You saved 12 %.' } as const

/** Each waits for the row of the account, of its pending transaction, its card, its holding or its session, or of its owner. */
const calls: readonly (readonly [name: string, table: Table, call: Call])[] = [
  ['accounts.update', 'accounts', (db, { user_id, id }) => accounts.update(db, user_id, id, { name: 'new' })],
  ['accounts.remove', 'accounts', (db, { user_id, id }) => accounts.remove(db, user_id, id)],
  ['transactions.create', 'accounts', (db, account) => transactions.create(db, newTransaction(account))],
  [
    'transactions.create with a key',
    'accounts',
    (db, account) => transactions.create(db, newTransaction(account, { idempotency_key: 'k' })),
  ],
  ['transactions.createMany', 'accounts', (db, account) => transactions.createMany(db, [newTransaction(account)])],
  ['transactions.remove', 'accounts', (db, { user_id }, pending) => transactions.remove(db, user_id, pending)],
  [
    'transactions.update',
    'transactions',
    (db, { user_id }, pending) => transactions.update(db, user_id, pending, { category: 'food' }),
  ],
  ['consents.grant', 'users', (db, { user_id }) => consents.grant(db, { user_id, version: '2.0' })],
  [
    'recommendations.create',
    'users',
    (db, { user_id }) => recommendations.create(db, { user_id, ...advice }, { requireConsent: true }),
  ],
  ['cards.expire', 'cards', (db) => cards.expire(db, { before: '2020-01-01' })],
  ['cards.rotateTokens', 'cards', (db) => cards.rotateTokens(db, { current: 'k2', get: keys.get })],
  [
    'investments.setPrices',
    'investments',
    (db) => investments.setPrices(db, [{ symbol: 'VTI', currency: 'USD', price: '9', price_date: '2026-03-02' }]),
  ],
  [
    'investments.createMany',
    'accounts',
    (db, { user_id, id }) => investments.createMany(db, [{ ...holding, symbol: 'BND', user_id, account_id: id }]),
  ],
  ['sweep', 'auth_sessions', (db) => sweep(db)],
]

/**
 * Two transactions of a host lock two rows, each in its own order. A lone statement that stands in the queue between them
 * is part of the circle, and is the one that the server ends if it has waited longest, though it holds nothing.
 */
test('a lone statement that falls victim to a deadlock of others is repeated', async () => {
  // Past any PgBouncer: the hosts need a session each, and settings of it.
  await using fresh = await directDatabase()
  // Two calls are about everybody's cards: in one database each would wait for the card of the other.
  await using apart = await directDatabase()

  const outcomes = await Promise.all(
    calls.map((call) => amongOthers(call[0] === 'cards.rotateTokens' ? apart : fresh, ...call)),
  )

  expect(outcomes).toEqual(calls.map(([name]) => `${name}: done`))
})

async function amongOthers({ db, url }: FreshDatabase, name: string, table: Table, call: Call): Promise<string> {
  const [account, other] = [await createAccount(db), await createAccount(db)]
  // What has transactions is not removed.
  const pending = name === 'accounts.remove' ? account : await createTransaction(db, account, { status: 'pending' })
  const owned = { user_id: account.user_id, account_id: account.id }
  const contended = await {
    accounts: async () => account.id,
    transactions: async () => pending.id,
    users: async () => account.user_id,
    cards: async () => (await cards.create(db, keys, { ...card, ...owned })).id,
    investments: async () => (await investments.create(db, { ...holding, ...owned })).id,
    auth_sessions: () => endedSession(db, account.user_id),
  }[table]()
  await consents.grant(db, { user_id: account.user_id })
  const [one, two] = [await host(url), await host(url)]
  const blocked = (by: Host) => sql<{ yes: boolean }>`select exists (
    select from pg_stat_activity where ${by.pid} = any(pg_blocking_pids(pid))) as yes`

  await one.lock(table, contended)
  await two.lock('accounts', other.id)
  const called = call(db, account, pending.id)
  await until(async () => (await blocked(one).execute(db)).rows[0]?.yes === true)
  const hosts = Promise.all([two.lock(table, contended).then(two.end), one.lock('accounts', other.id).then(one.end)])
  const ended = hosts.catch(() => Promise.all([one.end(), two.end()]))

  return called.then(
    () => ended.then(() => `${name}: done`),
    (error: unknown) => ended.then(() => `${name}: ${String(error)}`),
  )
}

async function endedSession(db: Db, userId: string): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into finance.auth_sessions (user_id, id, refresh_token_hash, expires_at, family_id, started_at, ends_at)
    select ${userId}::uuid, u, 'hash', '2020-01-01', u, '2020-01-01', '2020-01-01' from gen_random_uuid() u
    returning id`.execute(db)
  return rows[0]?.id ?? ''
}

interface Host {
  readonly pid: number
  lock(table: string, id: string): Promise<unknown>
  end(): Promise<unknown>
}

/** A transaction that looks for a deadlock later than the statement does, which has failed by then if it is to. */
async function host(connectionString: string): Promise<Host> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(`set deadlock_timeout = '4s'`)
  await client.query('begin')
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return {
    pid: rows[0]?.pid ?? 0,
    lock: (table, id) => client.query(`select from finance.${table} where id = $1 for update`, [id]),
    end: () => client.end(),
  }
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (await reached()) return
    await sleep(10)
  }
  throw new Error('It did not come to that.')
}
