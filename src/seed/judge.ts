import type { Persona, TimeWindow } from '../schema/enums.js'
import type { Household } from './household.js'
import type { Book, Row } from './ledger.js'
import type { Truth } from './life.js'
import type { P2p } from './p2p.js'

export const windowDays: Record<TimeWindow, number> = { '30d': 30, '90d': 90, '180d': 180 }

/** How a rule is read: `lenient` where anything near enough counts, `strict` where only what is beyond doubt does. */
export type Reading = 'lenient' | 'strict'

/** The numbers that the rules ask for, from what is known of the rows rather than from their texts. */
export interface Facts {
  /** Of each card, owed by its limit. */
  readonly utilizations: readonly number[]
  readonly interest: boolean
  readonly leastOnly: boolean
  readonly overdue: boolean
  /** Days between payments, the middle value. Null with fewer than two. */
  readonly payGap: number | null
  /** Months of expenses that are at hand. */
  readonly buffer: number
  readonly recurring: number
  /** In cents a month. */
  readonly recurringMonthly: number
  readonly recurringShare: number
  /** In cents a month. */
  readonly savedMonthly: number
  readonly savedGrowth: number
}

const monthDays = 30
const longest = 181

/** What every reading of every window begins with. */
export interface Recap {
  readonly household: Household
  readonly last: number
  /** The rows that any window looks at. */
  readonly recent: readonly Row[]
  /** In cents, at the end of the last day. */
  readonly posted: ReadonlyMap<Book, number>
  /** Purchases that are not meant to recur, by shop and in the order of the days. */
  readonly shops: ReadonlyArray<readonly Row[]>
}

export function recapOf(household: Household, last: number): Recap {
  const { books, rows } = household.ledger
  const posted = new Map(books.map((book) => [book, book.opening]))
  for (const { book, cents, status } of rows) {
    if (status === 'posted') posted.set(book, (posted.get(book) ?? 0) + cents)
  }
  const recent = rows.filter(({ day }) => day > last - longest)
  return { household, last, posted, recent, shops: shopsOf(household, recent) }
}

function shopsOf({ truth }: Household, recent: readonly Row[]): Row[][] {
  const recurring = new Set(truth.recurring.flatMap(({ rows }) => rows))
  const shops = new Map<string, Row[]>()
  for (const row of recent) {
    if (row.kind !== 'spending' || row.cents >= 0 || row.status !== 'posted' || recurring.has(row)) continue
    const name = row.merchant.replace(/\s*[*#].*$/, '')
    const known = shops.get(name)
    if (known === undefined) shops.set(name, [row])
    else known.push(row)
  }
  return [...shops.values()]
}

/** By chance: always about a week, a fortnight or a month apart, and never half as much again. */
function looksRegular(rows: readonly Row[]): boolean {
  if (rows.length < 3) return false
  const paid = rows.map(({ cents }) => -cents)
  if (Math.max(...paid) > 1.5 * Math.min(...paid)) return false
  const gaps = rows.slice(1).map(({ day }, i) => day - (rows[i]?.day ?? day))
  const [least, most] = [Math.min(...gaps), Math.max(...gaps)]
  return (least >= 5 && most <= 9) || (least >= 12 && most <= 16) || (least >= 26 && most <= 36)
}

/**
 * @param days Looked back from the last day, which counts.
 * @param p2p What the person sent and got.
 */
export function factsOf(
  { household, last, recent, posted, shops }: Recap,
  days: number,
  reading: Reading,
  p2p: readonly P2p[],
): Facts {
  const { ledger, truth, person } = household
  const lenient = reading === 'lenient'
  const within = (day: number) => day > last - days && day <= last
  const counts = (row: Row) => row.status === 'posted' && within(row.day)

  const [cards, savings] = [ledger.books.filter(isCard), ledger.books.filter(isSavings)]
  const payments = truth.cardPayments.filter(({ day }) => within(day))
  const savedNow = savings.reduce((sum, book) => sum + (posted.get(book) ?? 0), 0)
  let [spent, saved, interest, lateFee] = [0, 0, false, false]
  for (const row of recent) {
    if (!counts(row)) continue
    if (row.kind !== 'own' && row.kind !== 'income' && row.book.currency === 'USD') spent -= row.cents
    if (isSavings(row.book)) saved += row.cents
    if (row.cents < 0 && row.kind === 'interest') interest = true
    if (row.cents < 0 && row.kind === 'late_fee') lateFee = true
  }
  let cash = lenient ? 0 : savedNow
  for (const book of ledger.books) if (isChecking(book)) cash += posted.get(book) ?? 0
  for (const { from, status, cents, day } of p2p) {
    if (status !== 'accepted') continue
    if (from.id === person.id && within(day)) spent += cents
    cash += from.id === person.id ? -cents : cents
  }

  // Strict: only subscriptions, and only with three charges in the window. Lenient: bills too, whenever they were charged,
  // and what looks like one.
  const regular = truth.recurring.filter(({ type, rows }) =>
    lenient ? rows.length >= 3 : type === 'subscription' && rows.filter(counts).length >= 3,
  )
  const lookAlikes = lenient ? shops.map((rows) => rows.filter(counts)).filter(looksRegular) : []
  let regularSpent = 0
  for (const rows of [...regular.map((one) => one.rows), ...lookAlikes]) {
    for (const row of rows) if (counts(row)) regularSpent -= row.cents
  }

  return {
    // With what is pending, where that may count.
    utilizations: cards.map((card) => Math.max(0, -(lenient ? card.balance : (posted.get(card) ?? 0))) / card.limit),
    interest,
    leastOnly: cards.some((card) => paysLeast(card, payments, lenient)),
    overdue: lateFee || (lenient && cards.some((card) => isQuiet(card, recent, truth, last))),
    payGap: middleGap(truth, lenient ? () => true : within),
    buffer: (cash * days) / monthDays / Math.max(1, spent),
    recurring: new Set(regular.map(({ merchant }) => merchant)).size + lookAlikes.length,
    recurringMonthly: (regularSpent * monthDays) / days,
    recurringShare: regularSpent / Math.max(1, spent),
    savedMonthly: (saved * monthDays) / days,
    savedGrowth: savedNow - saved > 0 ? saved / (savedNow - saved) : 0,
  }
}

const isCard = ({ type }: Book) => type === 'credit_card'
const isChecking = ({ type, currency }: Book) => type === 'checking' && currency === 'USD'
const isSavings = ({ type }: Book) => type === 'savings' || type === 'high_yield_savings' || type === 'money_market'

function paysLeast(card: Book, payments: Truth['cardPayments'], lenient: boolean): boolean {
  const own = payments.filter(({ book }) => book === card)
  const isLeast = ({ least, cents, owedBefore }: (typeof own)[number]) =>
    least || (lenient && owedBefore > cents && cents <= Math.max(40_00, owedBefore * 0.06, card.limit * 0.012))
  return own.length > 0 && own.every(isLeast)
}

/** Owed for a month and a half without a payment: somebody could take it for overdue. */
function isQuiet(card: Book, recent: readonly Row[], { cardPayments }: Truth, last: number): boolean {
  if (card.balance >= 0 || cardPayments.some(({ book, day }) => book === card && day > last - 44)) return false
  const since = recent.reduce((sum, row) => sum + (row.book === card && row.day > last - 44 ? row.cents : 0), 0)
  return card.balance - since < 0
}

function middleGap({ payrolls }: Truth, within: (day: number) => boolean): number | null {
  const paid = payrolls.flatMap(({ rows }) => rows.map(({ day }) => day))
  const seen = paid.filter(within).sort((a, b) => a - b)
  const gaps = seen.slice(1).map((day, i) => day - (seen[i] ?? day))
  gaps.sort((a, b) => a - b)
  const half = gaps.length / 2
  if (gaps.length === 0) return null
  return gaps.length % 2 === 1 ? (gaps[Math.floor(half)] ?? null) : ((gaps[half - 1] ?? 0) + (gaps[half] ?? 0)) / 2
}

/** How far from a threshold a number has to be, so that nobody who counts a little differently disagrees. */
const margin = 1.08

/** The persona by the rules of the design, the first that matches. */
export function judge(facts: Facts, reading: Reading): Persona {
  const eager = reading === 'lenient' ? 1 / margin : margin
  const highest = Math.max(0, ...facts.utilizations)
  if (highest >= 0.5 * eager || facts.interest || facts.leastOnly || facts.overdue) return 'high_utilization'
  if (facts.payGap !== null && facts.payGap > 45 * eager && facts.buffer < 1 / eager) return 'variable_income_budgeter'
  const { recurring, recurringMonthly, recurringShare } = facts
  if (recurring >= 3 && (recurringMonthly >= 50_00 * eager || recurringShare >= 0.1 * eager))
    return 'subscription_heavy'
  const saves = facts.savedGrowth >= 0.02 * eager || facts.savedMonthly >= 200_00 * eager
  return saves && highest < 0.3 / eager ? 'savings_builder' : 'general_wellness'
}
