import type { Calendar, Day, DayNumber } from './calendar.js'
import type { Book, Ledger, Row } from './ledger.js'
import type { Market } from './market.js'
import type { Cadence } from './merchants.js'
import type { Person } from './people.js'
import type { Profile } from './profiles.js'

/** Payments that come again, as whoever made them up knows. */
export interface Recurring {
  readonly type: 'subscription' | 'bill' | 'standing_order'
  /** As people know it; the bank may print it otherwise. */
  readonly merchant: string
  readonly cadence: Cadence
  readonly rows: Row[]
  status: 'active' | 'paused' | 'cancelled'
  /** What makes it hard to find. */
  readonly hard: Set<string>
}

export interface Payroll {
  readonly payer: string
  readonly cadence: 'weekly' | 'fortnightly' | 'semimonthly' | 'monthly' | 'irregular'
  readonly rows: Row[]
  readonly hard: Set<string>
}

/** A payment to a card. */
export interface CardPayment {
  readonly book: Book
  readonly day: DayNumber
  readonly cents: number
  readonly owedBefore: number
  readonly least: boolean
}

/** What is true of the rows of a person, besides what is in them. */
export interface Truth {
  readonly recurring: Recurring[]
  readonly payrolls: Payroll[]
  readonly cardPayments: CardPayment[]
  /** Days on which a card was due and was not paid. */
  readonly missed: Array<{ readonly book: Book; readonly day: DayNumber }>
  /** Money back, and the purchase that it is for. */
  readonly refunds: Array<{ readonly row: Row; readonly of: Row }>
  /** The same amount at the same place again and again, and yet no subscription. */
  readonly decoys: Row[]
  readonly holdings: Holding[]
}

export interface Holding {
  readonly book: Book
  readonly fund: number
  /** In millionths. */
  quantity: number
  /** In cents. */
  cost: number
}

export interface Accounts {
  readonly checking: Book
  readonly savings?: Book
  readonly cards: readonly Book[]
  readonly brokerage?: Book
  readonly travel?: Book
}

/** What each part of a life works with. */
export interface Life {
  readonly person: Person
  readonly profile: Profile
  readonly calendar: Calendar
  readonly market: Market
  readonly ledger: Ledger
  readonly books: Accounts
  readonly truth: Truth
  /** What may be spent without running short of the rent or of what the cards ask for, in cents. */
  spendable(day: Day): number
}

/** Called once a day, in order. */
export type Part = (day: Day) => void
