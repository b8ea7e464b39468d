import type { NewAccount } from '../schema/accounts.js'
import type { NewTransaction } from '../schema/transactions.js'
import { type DayNumber, dayText, instantOf } from './calendar.js'
import { uuidAt } from './ids.js'
import type { Prng } from './prng.js'

/** An account while its year is made up. */
export interface Book {
  readonly id: string
  readonly currency: string
  /** In cents, with pending rows: what the person believes to have. */
  balance: number
}

export interface Entry {
  readonly merchant: string
  readonly category: string
  /** In cents; out of the account is negative. */
  readonly cents: number
  readonly description?: string
  readonly is_subscription?: boolean
}

/** Collects the rows of one person, in the order of the days. */
export interface Ledger {
  readonly accounts: NewAccount[]
  readonly transactions: NewTransaction[]
  open(account: Omit<NewAccount, 'id' | 'user_id' | 'opening_balance'>, openingCents: number): Book
  enter(book: Book, day: DayNumber, entry: Entry): void
  /** Both sides of money between own accounts of one currency. */
  move(from: Book, to: Book, day: DayNumber, entry: Entry): void
}

/** @param pendingFrom Purchases by card from this day on are still pending. */
export function createLedger(prng: Prng, userId: string, since: DayNumber, pendingFrom: DayNumber): Ledger {
  const accounts: NewAccount[] = []
  const transactions: NewTransaction[] = []
  const cards = new Set<string>()

  function open(account: Parameters<Ledger['open']>[0], openingCents: number): Book {
    // A second apart, so that accounts list in this order.
    const id = uuidAt(prng, since, 3600 + accounts.length)
    accounts.push({ ...account, id, user_id: userId, opening_balance: money(openingCents) })
    if (account.account_type === 'credit_card') cards.add(id)
    return { id, currency: account.currency ?? 'USD', balance: openingCents }
  }

  function enter(book: Book, day: DayNumber, entry: Entry): void {
    const second = prng.int(8 * 3600, 21 * 3600)
    const pending = day >= pendingFrom && cards.has(book.id) && entry.cents < 0
    const { cents, ...rest } = entry
    book.balance += cents
    transactions.push({
      ...rest,
      user_id: userId,
      id: uuidAt(prng, day, second),
      account_id: book.id,
      date: dayText(day),
      amount: money(cents),
      currency: book.currency,
      source: 'seed',
      external_id: `seed-${transactions.length + 1}`,
      ...(pending ? { status: 'pending' } : { status: 'posted', posted_at: instantOf(day, second) }),
    })
  }

  function move(from: Book, to: Book, day: DayNumber, entry: Entry): void {
    enter(from, day, { ...entry, cents: -entry.cents })
    enter(to, day, entry)
  }

  return { accounts, transactions, open, enter, move }
}

/** Whole cents as an exact decimal string: -1205 is '-12.05'. */
export function money(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0')
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** So many percent of an amount, in whole cents. */
export function percent(cents: number, rate: number): number {
  return Math.round((cents * rate) / 100)
}
