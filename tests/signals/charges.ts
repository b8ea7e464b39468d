import type { Kysely } from 'kysely'
import type { Account, NewAccount, NewTransaction } from '../../src/index.js'
import { transactions } from '../../src/index.js'
import type { Database } from '../../src/schema/index.js'
import { createAccount } from '../people.js'

/** A row as `[day, merchant, amount]`: money out is negative. */
export type Row = readonly [date: string, merchant: string, amount: string, more?: Partial<NewTransaction>]

export async function book(db: Kysely<Database>, account: Account, rows: readonly Row[]) {
  return transactions.createMany(
    db,
    rows.map(([date, merchant, amount, more]) => ({
      user_id: account.user_id,
      account_id: account.id,
      date,
      merchant,
      amount,
      ...more,
    })),
  )
}

/** An account of a person of its own, with rows on it. */
export async function accountWith(db: Kysely<Database>, rows: readonly Row[], overrides: Partial<NewAccount> = {}) {
  const account = await createAccount(db, overrides)
  await book(db, account, rows)
  return account
}

/** The same charge on each of the days. */
export function charged(merchant: string, amount: string, ...days: string[]): Row[] {
  return days.map((day) => [day, merchant, amount])
}

/** `count` days from the first one, a number of days apart. */
export function everyDays(first: string, days: number, count: number): string[] {
  return Array.from({ length: count }, (_, i) => addDays(first, i * days))
}

/** The same day of `count` months in a row, or the last of the month where it has no such day. */
export function everyMonth(first: string, count: number, step = 1): string[] {
  const [year, month, day] = first.split('-').map(Number) as [number, number, number]
  return Array.from({ length: count }, (_, i) => {
    const last = new Date(Date.UTC(year, month + i * step, 0)).getUTCDate()
    return new Date(Date.UTC(year, month - 1 + i * step, Math.min(day, last))).toISOString().slice(0, 10)
  })
}

export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10)
}
