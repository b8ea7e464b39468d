import type { AccountStatus, AccountType } from '../schema/enums.js'
import type { Calendar, DayNumber } from './calendar.js'
import { reference, uuidAt } from './ids.js'
import type { Prng } from './prng.js'

/** An account while its years are made up. */
export interface Book {
  readonly id: string
  readonly type: AccountType
  readonly name: string
  readonly institution: string
  readonly last4: string
  readonly currency: string
  readonly opening: number
  /** Zero where there is none. */
  readonly limit: number
  /** Set once everything is on it: an account that is not active takes no rows. */
  status: AccountStatus
  /** In cents, with pending rows: what the person believes to have. */
  balance: number
}

/** What a row is to whoever made it up; the database does not know. */
export type Kind = 'spending' | 'income' | 'own' | 'interest' | 'late_fee'

export interface Entry {
  readonly merchant: string
  readonly category: string
  /** In cents; out of the account is negative. */
  readonly cents: number
  readonly kind?: Kind
  /** The text of the bank, without the reference that is added to it. */
  readonly text?: string
  readonly is_subscription?: boolean
  readonly status?: 'pending' | 'released'
  /** Where the shop is: a city and the number of the shop. */
  readonly at?: string
}

export interface Row {
  readonly id: string
  readonly book: Book
  readonly day: DayNumber
  /** Of the day. */
  readonly second: number
  readonly merchant: string
  readonly category: string
  readonly description: string
  readonly cents: number
  readonly kind: Kind
  readonly status: 'posted' | 'pending' | 'released'
  readonly is_subscription: boolean
  readonly external_id: string | null
  readonly transfer_id: string | null
  readonly reverses_id: string | null
}

/** Money between two own accounts, as the row of `finance.transfers`. */
export interface Transfer {
  readonly id: string
  readonly from: Book
  readonly to: Book
  readonly day: DayNumber
  readonly cents: number
  readonly toCents: number
  /** In ten-thousandths, where the currencies differ. */
  readonly rate: number | undefined
  readonly memo: string
}

export interface Move {
  readonly merchant: string
  readonly category: 'transfer' | 'credit_card_payment' | 'investment_transfer'
  readonly cents: number
  readonly text: string
  /** What arrives, where it is another currency, and the rate in ten-thousandths. */
  readonly converted?: { readonly cents: number; readonly rate: number }
  /** The other account is at a bank that does not tell: two rows that nothing links, the second so many days later. */
  readonly unlinked?: number
}

/** Collects the rows of one person. */
export interface Ledger {
  readonly books: Book[]
  readonly rows: Row[]
  readonly transfers: Transfer[]
  /** Every move between own accounts: those that are linked, and those that only the label knows. */
  readonly moves: Array<{ readonly from: Row; readonly to: Row; readonly linked: boolean }>
  open(account: Omit<Book, 'id' | 'balance' | 'status' | 'last4'>): Book
  enter(book: Book, day: DayNumber, entry: Entry): Row
  /** Takes a row back by one of the opposite amount, linked to it. */
  reverse(row: Row, day: DayNumber): Row
  move(from: Book, to: Book, day: DayNumber, move: Move): void
}

export interface LedgerOptions {
  readonly calendar: Calendar
  /** `raw`: the bank gives names as it prints them, in capitals with numbers. `clean`: an aggregator tidied them up. */
  readonly feed: 'clean' | 'raw'
  /** Ids of accounts are asked for by the other people they get money from, so they do not depend on the rest. */
  readonly accountId: (place: number) => string
}

/** @param prng For ids, times and references, none of which changes what happens. */
export function createLedger(prng: Prng, { calendar, feed, accountId }: LedgerOptions): Ledger {
  const books: Book[] = []
  const rows: Row[] = []
  const transfers: Transfer[] = []
  const moves: Array<{ from: Row; to: Row; linked: boolean }> = []

  function open(account: Parameters<Ledger['open']>[0]): Book {
    const last4 = String(prng.int(0, 9999)).padStart(4, '0')
    const book = { ...account, id: accountId(books.length), last4, status: 'active' as const, balance: account.opening }
    books.push(book)
    return book
  }

  function enter(book: Book, day: DayNumber, entry: Entry, transferId: string | null = null, reverses?: Row): Row {
    const { merchant, category, cents, kind = cents < 0 ? 'spending' : 'income' } = entry
    const second = prng.int(8 * 3600, 21 * 3600)
    // What is bought by card on the last two days is still pending.
    const late = day >= calendar.last - 1 && book.type === 'credit_card' && cents < 0 && kind === 'spending'
    const status = entry.status ?? (late ? 'pending' : 'posted')
    const place = entry.at === undefined ? '' : ` ${entry.at}`
    const upper = merchant.toUpperCase()
    const row: Row = {
      id: uuidAt(prng, day, second),
      book,
      day,
      second,
      merchant: reverses?.merchant ?? (feed === 'clean' ? merchant : rawName(upper, entry, prng)),
      category,
      description: `${entry.text ?? `POS PURCHASE ${upper}`}${place} REF ${reference(prng)}`,
      cents,
      kind,
      status,
      is_subscription: entry.is_subscription ?? false,
      external_id: `seed-${rows.length + 1}`,
      transfer_id: transferId,
      reverses_id: reverses?.id ?? null,
    }
    if (status !== 'released') book.balance += cents
    rows.push(row)
    return row
  }

  function reverse(row: Row, day: DayNumber): Row {
    const { book, merchant, category, cents, is_subscription } = row
    const text = `REVERSAL ${row.merchant.toUpperCase()}`
    const entry = { merchant, category, cents: -cents, kind: row.kind, text, is_subscription }
    return enter(book, day, entry, null, row)
  }

  function move(from: Book, to: Book, day: DayNumber, given: Move): void {
    const { merchant, category, cents, text, converted, unlinked } = given
    const toCents = converted?.cents ?? cents
    const side = { merchant, category, kind: 'own' as const, text }
    const id = unlinked === undefined ? uuidAt(prng, day) : null
    const arrives = Math.min(day + (unlinked ?? 0), calendar.last)
    const out = enter(from, day, { ...side, cents: -cents, text: `${text} TO ${ending(to)}` }, id)
    const into = enter(to, arrives, { ...side, cents: toCents, text: `${text} FROM ${ending(from)}` }, id)
    moves.push({ from: out, to: into, linked: id !== null })
    if (id === null) return
    transfers.push({ id, from, to, day, cents, toCents, rate: converted?.rate, memo: text.toLowerCase() })
  }

  return { books, rows, transfers, moves, open, enter: (book, day, entry) => enter(book, day, entry), reverse, move }
}

const ending = ({ name, last4 }: Book) => `${name.toUpperCase()} ${last4}`

/** As it stands in the file of a bank: capitals, the number of the shop or a code that changes each time. */
function rawName(upper: string, { at, is_subscription }: Entry, prng: Prng): string {
  if (is_subscription === true) return `${upper}*${reference(prng)}`
  const shop = at?.match(/#\d+/)?.[0]
  return shop === undefined ? upper : `${upper} ${shop}`
}
