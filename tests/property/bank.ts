import type { Kysely } from 'kysely'
import {
  type Account,
  accounts as accountsOf,
  type Database,
  type Db,
  FinanceDbError,
  type P2pTransfer,
  p2pTransfers,
  type Transaction,
  type Transfer,
  transaction,
  transactions,
  transfers,
  users,
} from '../../src/index.js'
import { createAccount, createUser } from '../people.js'

/** What a client asks for. Numbers pick one of what is there, wherever they point. */
export interface Wish {
  readonly verb: (typeof verbs)[number]
  readonly account: number
  readonly other: number
  readonly earlier: number
  /** In hundredths. */
  readonly cents: number
  readonly key: number
}

export const verbs = [
  'post',
  'hold',
  'settle',
  'release',
  'reverse',
  'transfer',
  'two transfers',
  'reverse transfer',
  'send',
  'accept',
  'decline',
  'cancel',
  'freeze',
  'thaw',
  'rename',
  'erase',
  'categorize',
  'two in one transaction',
] as const

/** Answers that a caller expects. Anything else, such as a deadlock, must not reach one. */
const refusals = new Set(['INSUFFICIENT_FUNDS', 'ACCOUNT_INACTIVE', 'CONFLICT', 'RULE_VIOLATION', 'NOT_FOUND'])

/** A few people with accounts that allow different things, and the books of an observer who only hears the answers. */
export class Bank {
  /** By account, what was moved for sure, in ten-thousandths: each row that an answer told of, once. */
  readonly moved = new Map<string, bigint>()
  readonly refused = new Map<string, number>()
  readonly #accounts: Account[] = []
  readonly #counted = new Set<string>()
  readonly #seen = { transactions: [] as Transaction[], transfers: [] as Transfer[], p2p: [] as P2pTransfer[] }

  get accounts(): readonly Account[] {
    return this.#accounts
  }

  static async open(db: Kysely<Database>): Promise<Bank> {
    const bank = new Bank()
    for (let person = 0; person < 4; person++) {
      const { id: user_id } = await createUser(db)
      bank.#accounts.push(
        await createAccount(db, { user_id, opening_balance: '120', credit_limit: '30' }),
        await createAccount(db, { user_id, opening_balance: '60', minimum_balance: '5' }),
        await createAccount(db, { user_id, opening_balance: '40', currency: 'EUR' }),
      )
    }
    return bank
  }

  /** What a wish comes to by now, to be sent as often as it takes. It writes down the answer, and throws what no caller should see. */
  plan(wish: Wish): (db: Db) => Promise<void> {
    const request = this.#request(wish)
    return (db) => this.#answered(request(db))
  }

  async #answered(answer: Promise<void>): Promise<void> {
    try {
      await answer
    } catch (error) {
      if (!(error instanceof FinanceDbError) || !refusals.has(error.code)) throw error
      this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1)
    }
  }

  #request({ verb, account: a, other: o, earlier, cents, key }: Wish): (db: Db) => Promise<void> {
    const account = pick(this.#accounts, a) as Account
    const other = pick(this.#accounts, o) as Account
    const { user_id } = account
    const amount = (cents / 100).toFixed(2)
    const idempotency_key = `${verb} ${key}`
    const movement = { user_id, account_id: account.id, date: '2026-03-01', merchant: 'Shop' }
    const known = pick(this.#seen.transactions, earlier)
    const held = pick(
      this.#seen.transactions.filter(({ status }) => status === 'pending'),
      earlier,
    )
    const transferred = pick(this.#seen.transfers, earlier)
    const sent = pick(this.#seen.p2p, earlier)
    const ownedBy = (owner: string) => this.#accounts.filter((own) => own.user_id === owner && own.id !== account.id)
    const exchange = (from: string, to: string) => (from === to ? {} : { rate: '0.9173', rate_source: 'test' })
    const moved = (from: Account, idempotency_key: string) => {
      const own = this.#accounts.filter((to) => to.user_id === from.user_id && to.id !== from.id)
      const to = pick(own, o) as Account
      return {
        user_id: from.user_id,
        from_account_id: from.id,
        to_account_id: to.id,
        amount,
        idempotency_key,
        ...exchange(from.currency, to.currency),
      }
    }
    const nothing = async () => {}

    switch (verb) {
      case 'post': {
        const signed = key % 3 === 0 ? amount : `-${amount}`
        return async (db) => this.#note(await transactions.post(db, { ...movement, amount: signed, idempotency_key }))
      }
      case 'hold':
        return async (db) =>
          this.#note(await transactions.hold(db, { ...movement, amount: `-${amount}`, idempotency_key }))
      case 'settle': {
        if (held === undefined) return nothing
        const how = key % 2 === 0 ? {} : { amount: `-${amount}` }
        return async (db) => this.#note(await transactions.settle(db, held.user_id, held.id, how))
      }
      case 'release':
        if (held === undefined) return nothing
        return async (db) => this.#note(await transactions.release(db, held.user_id, held.id))
      case 'reverse':
        if (known === undefined) return nothing
        return async (db) => this.#note(await transactions.reverse(db, known.user_id, known.id, { idempotency_key }))
      case 'transfer': {
        const transfer = moved(account, idempotency_key)
        return async (db) => this.#noteTransfer(await transfers.create(db, transfer))
      }
      case 'two transfers': {
        const list = [moved(account, `${idempotency_key} first`), moved(other, `${idempotency_key} second`)]
        return async (db) => {
          for (const made of await transfers.createMany(db, list)) this.#noteTransfer(made)
        }
      }
      case 'reverse transfer':
        if (transferred === undefined) return nothing
        return async (db) => this.#noteTransfer(await transfers.reverse(db, transferred.user_id, transferred.id))
      case 'send': {
        if (other.user_id === user_id) return nothing
        const transfer = { user_id, from_account_id: account.id, recipient_id: other.user_id, amount, idempotency_key }
        return async (db) => this.#noteP2p(await p2pTransfers.send(db, transfer))
      }
      case 'accept': {
        if (sent === undefined) return nothing
        const to = pick(ownedBy(sent.recipient_id), o) as Account
        const acceptance = { to_account_id: to.id, ...exchange(sent.currency, to.currency) }
        return async (db) => this.#noteP2p(await p2pTransfers.accept(db, sent.recipient_id, sent.id, acceptance))
      }
      case 'decline':
        if (sent === undefined) return nothing
        return async (db) => this.#noteP2p(await p2pTransfers.decline(db, sent.recipient_id, sent.id))
      case 'cancel':
        if (sent === undefined) return nothing
        return async (db) => this.#noteP2p(await p2pTransfers.cancel(db, sent.user_id, sent.id))
      case 'freeze':
      case 'thaw': {
        if (verb === 'freeze' && key % 4 !== 0) return nothing
        const status = verb === 'freeze' ? 'frozen' : 'active'
        return async (db) => {
          await accountsOf.update(db, user_id, account.id, { status })
        }
      }
      case 'rename':
        return async (db) => {
          await accountsOf.update(db, user_id, account.id, { name: `a${key}` })
        }
      case 'erase':
        // Only the last person: the others go on.
        if (user_id !== this.#accounts.at(-1)?.user_id) return nothing
        return async (db) => {
          await users.erase(db, user_id)
        }
      case 'categorize':
        if (known === undefined) return nothing
        return async (db) => {
          await transactions.categorize(db, known.user_id, known.id, `c${key}`)
        }
      case 'two in one transaction': {
        const [out, back] = [
          { ...movement, amount: `-${amount}`, idempotency_key: `${idempotency_key} out` },
          {
            ...movement,
            user_id: other.user_id,
            account_id: other.id,
            amount,
            idempotency_key: `${idempotency_key} in`,
          },
        ]
        const both = async (trx: Db) => [await transactions.post(trx, out), await transactions.post(trx, back)]
        return async (db) => {
          for (const made of await transaction(db, both, { retries: 20 })) this.#note(made)
        }
      }
    }
  }

  #note(row: Transaction): void {
    this.#seen.transactions.push(row)
    if (row.status === 'posted') this.#count(`transaction ${row.id}`, row.account_id, row.amount)
  }

  #noteP2p(made: P2pTransfer): void {
    this.#seen.p2p.push(made)
    if (made.to_account_id === null || made.to_amount === null) return
    this.#count(`p2p from ${made.id}`, made.from_account_id, `-${made.amount}`)
    this.#count(`p2p to ${made.id}`, made.to_account_id, made.to_amount)
  }

  #noteTransfer(made: Transfer): void {
    this.#seen.transfers.push(made)
    this.#count(`from ${made.id}`, made.from_account_id, `-${made.from_amount}`)
    this.#count(`to ${made.id}`, made.to_account_id, made.to_amount)
  }

  #count(what: string, accountId: string, amount: string): void {
    if (this.#counted.has(what)) return
    this.#counted.add(what)
    this.moved.set(accountId, (this.moved.get(accountId) ?? 0n) + BigInt(amount.replace('.', '')))
  }
}

function pick<Item>(items: readonly Item[], n: number): Item | undefined {
  return items[n % Math.max(1, items.length)]
}
