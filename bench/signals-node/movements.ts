import { timeWindows } from '../../src/schema/enums.js'
import { type Day, dayOf } from './calendar.js'
import type { AccountRow, PersonRows, Row } from './read.js'
import {
  categoryOf,
  keyOf,
  type Name,
  nameOf,
  readsAsTrade,
  saysBonus,
  saysCardPayment,
  saysDue,
  saysPay,
  saysRent,
} from './vocabulary.js'

/** Shortest first. */
export const windows = timeWindows
  .map((name) => ({ name, days: Number.parseInt(name, 10) }))
  .toSorted((a, b) => a.days - b.days)
const longest = Math.max(...windows.map(({ days }) => days))

/** A row that may recur. */
export interface Charge {
  /** Of two of a day, the later one's is less. */
  readonly rank: number
  readonly account: Account
  readonly day: Day
  /** Positive, in ten-thousandths as all money here. */
  readonly amount: number
  /** Its logarithm. */
  readonly price: number
  readonly merchant: string
  readonly name: Name
  readonly key: string
  readonly isBill: boolean
  readonly isChoice: boolean
  /** Its description says that it has to be paid, where the category leaves that open. */
  readonly isDue: () => boolean
  readonly betweenPeople: boolean
}

/** A row of pay, perhaps. */
export interface Credit {
  readonly day: Day
  readonly amount: number
  readonly key: string
  /** Called pay by its category or a text. */
  readonly said: boolean
  /** Its category says that it is income of any kind. */
  readonly isIncome: boolean
  readonly betweenPeople: boolean
}

export interface CardRow {
  readonly day: Day
  readonly amount: number
  readonly isPayment: boolean
  readonly isInterest: boolean
  readonly isLateFee: boolean
}

export interface Account extends Pick<AccountRow, 'id' | 'account_type' | 'status'> {
  /** At the end of the day. */
  balance: number
  readonly creditLimit: number | null
  readonly purse: Purse
  /** Of the longest window, of a card. */
  readonly cardRows: CardRow[]
}

/** Sums by the shortest window that a row is in. */
type Sums = number[]

/** All of a person in one currency. */
export interface Purse {
  readonly currency: string
  /** Rows in the longest window. */
  rows: number
  readonly spent: Sums
  readonly grown: Sums
  readonly inflow: Sums
  readonly charges: Charge[]
  readonly credits: Credit[]
  /** How often each key came with a code of letters behind an asterisk. */
  readonly coded: Map<string, number>
}

export interface Movements {
  readonly accounts: readonly Account[]
  readonly purses: ReadonlyMap<string, Purse>
}

export const isSavings = (type: string) =>
  type === 'savings' || type === 'high_yield_savings' || type === 'money_market'
const isSilent = (type: string) => type === 'loan' || type === 'investment'
const paysNobody = (type: string) => type === 'credit_card' || isSilent(type)

/** One pass over the rows, which says what each is. */
export function readMovements(person: PersonRows, asOf: Day): Movements {
  const purses = new Map<string, Purse>()
  const accounts = new Map(person.accounts.map((account) => [account.id, open(account, purses)]))
  for (const { account_id, amount } of person.later) (accounts.get(account_id) as Account).balance -= moneyOf(amount)
  const known = new Map<string, readonly [Name, key: string]>()
  let moved = 0
  for (const [rank, row] of person.rows.entries()) {
    let named = known.get(row.merchant)
    if (named === undefined) {
      const name = nameOf(row.merchant)
      named = [name, keyOf(name, row.merchant)]
      known.set(row.merchant, named)
    }
    const amount = moneyOf(row.amount)
    moved += Math.abs(amount)
    place(row, amount, accounts.get(row.account_id) as Account, named, rank, asOf.number)
  }
  // so that every sum, and every product with a percentage, is exact
  if (moved > Number.MAX_SAFE_INTEGER / 200) throw new RangeError('More money moved than numbers can sum up exactly.')
  return { accounts: [...accounts.values()], purses }
}

function place(
  row: Row,
  amount: number,
  account: Account,
  [name, key]: readonly [Name, string],
  rank: number,
  today: number,
) {
  const { purse } = account
  const day = dayOf(row.date)
  const category = categoryOf(row.category)
  const isReversal = row.reverses_id !== null
  const isReversed = row.mark === 'reversed'
  const paysRent = () =>
    category.is_transfer && amount < 0 !== isReversal && (name.is_rent || saysRent(row.description))
  const isInternal =
    row.transfer_id !== null ||
    name.is_card_payment ||
    row.mark === 'matched' ||
    (category.is_internal && !paysRent()) ||
    (category.is_vague && row.description !== '' && saysCardPayment(row.description)) ||
    (account.account_type === 'investment' && category.is_trade && readsAsTrade(row, amount < 0 !== isReversal))
  const ago = today - day.number
  if (ago < longest) {
    const window = windows.findIndex(({ days }) => ago < days)
    purse.rows++
    if (!isInternal && amount < 0 !== isReversal) add(purse.spent, window, -amount)
    if (isSavings(account.account_type)) {
      add(purse.grown, window, amount)
      if (!category.is_interest) add(purse.inflow, window, amount)
    }
    if (account.account_type === 'credit_card') {
      account.cardRows.push({
        day,
        amount,
        isPayment: amount > 0 && !isReversal && (isInternal || name.is_payment),
        isInterest: amount < 0 && (category.is_interest || name.is_interest),
        isLateFee: amount < 0 && (category.is_late_fee || name.is_late_fee),
      })
    }
  }
  if (name.base !== null) purse.coded.set(key, (purse.coded.get(key) ?? 0) + 1)
  if (isInternal || isReversal || isReversed) return
  if (amount < 0) {
    if (row.merchant === '' || category.of_bank || name.of_bank || isSilent(account.account_type)) return
    purse.charges.push({
      rank,
      account,
      day,
      amount: -amount,
      price: Math.log(-amount / 10_000),
      merchant: row.merchant,
      name,
      key,
      isBill: category.is_bill || name.is_bill,
      isChoice: row.is_subscription === true || category.is_choice,
      isDue: () => (category.is_vague || category.is_transfer) && saysDue(row.description),
      betweenPeople: category.between_people || name.between_people,
    })
  } else if (
    amount > 0 &&
    ago < 2 * longest &&
    !category.is_not_pay &&
    !name.is_not_pay &&
    !paysNobody(account.account_type)
  ) {
    if (saysBonus(row.description)) return
    purse.credits.push({
      day,
      amount,
      key,
      said: category.is_pay || name.is_pay || saysPay(row.description),
      isIncome: category.is_income,
      betweenPeople: category.between_people || name.between_people,
    })
  }
}

function open(account: AccountRow, purses: Map<string, Purse>): Account {
  const { id, account_type, status, currency, balance, credit_limit } = account
  let purse = purses.get(currency)
  if (purse === undefined) {
    const none = () => windows.map(() => 0)
    purse = {
      currency,
      rows: 0,
      spent: none(),
      grown: none(),
      inflow: none(),
      charges: [],
      credits: [],
      coded: new Map(),
    }
    purses.set(currency, purse)
  }
  const creditLimit = credit_limit === null ? null : moneyOf(credit_limit)
  return { id, account_type, status, balance: moneyOf(balance), creditLimit, purse, cardRows: [] }
}

/** In ten-thousandths. A double is near enough to be rounded to the right one as far as those are safe integers. */
const moneyOf = (text: string) => Math.round(Number(text) * 10_000)

function add(sums: Sums, from: number, amount: number): void {
  for (let i = from; i < sums.length; i++) sums[i] = (sums[i] as number) + amount
}
