import * as accounts from '../../repositories/accounts.js'
import * as transactions from '../../repositories/transactions.js'
import type { Db } from '../../schema/database.js'
import type { Account, NewAccount, NewTransaction, Persona, Transaction, User } from '../../schema/index.js'
import { aUser } from './factories.js'

/** A day of a month, the amount (negative is out), who, and the category. */
type Line = readonly [day: number, amount: string, merchant: string, category: string]

const checkingLines: readonly Line[] = [
  [1, '-1150.00', 'Harbour Homes', 'rent'],
  [3, '-74.20', 'City Power', 'utilities'],
  [4, '-62.35', 'Green Grocer', 'groceries'],
  [5, '-12.99', 'Streamhouse', 'subscriptions'],
  [9, '-18.40', 'Noodle Bar', 'dining'],
  [11, '-58.10', 'Green Grocer', 'groceries'],
  [14, '-49.00', 'Metro Transit', 'transport'],
  [18, '-66.75', 'Green Grocer', 'groceries'],
  [21, '-35.50', 'Book Corner', 'shopping'],
  [25, '-60.90', 'Green Grocer', 'groceries'],
  [28, '3200.00', 'Acme Payroll', 'salary'],
]
const cardLines: readonly Line[] = [
  [8, '-89.99', 'Shoe Street', 'shopping'],
  [17, '-42.00', 'Corner Cinema', 'entertainment'],
]

/** Someone's month: what {@link aMonthOfAHousehold} writes. */
export interface Household {
  readonly user: User
  /** 1000.00 at the start of the month and 2311.81 at its end. */
  readonly checking: Account
  /** 5000.00, and 300.00 are added on the 28th. */
  readonly savings: Account
  /** 131.99 of 2000.00 used in the month. */
  readonly card: Account
  /** Earliest day first. */
  readonly transactions: readonly Transaction[]
}

/**
 * A person with an everyday account, savings and a credit card, and a month on them: pay of 3200.00, rent, groceries four
 * times, a subscription, a card, 300.00 saved. The numbers are always the same.
 *
 * @param month `YYYY-MM`, default `2026-03`.
 */
export async function aMonthOfAHousehold(db: Db, { month = '2026-03' } = {}): Promise<Household> {
  const user = await aUser().create(db)
  const open = (account: Omit<NewAccount, 'user_id'>) => accounts.create(db, { user_id: user.id, ...account })
  const checking = await open({ account_type: 'checking', name: 'Everyday', opening_balance: '1000.00' })
  const savings = await open({ account_type: 'savings', name: 'Savings', opening_balance: '5000.00' })
  const card = await open({ account_type: 'credit_card', name: 'Card', credit_limit: '2000.00' })

  const saved: Line = [28, '-300.00', 'To savings', 'transfer']
  const rows = [
    ...[...checkingLines, saved].map((line) => booked(checking, month, line)),
    ...cardLines.map((line) => booked(card, month, line)),
    booked(savings, month, [28, '300.00', 'From everyday', 'transfer']),
  ].sort((a, b) => (a.date < b.date ? -1 : a.date > b.date ? 1 : 0))
  const written = await transactions.createMany(db, rows)

  const [checkingNow, savingsNow, cardNow] = await Promise.all(
    [checking, savings, card].map(({ id }) => accounts.get(db, user.id, id)),
  )
  return {
    user,
    checking: checkingNow ?? checking,
    savings: savingsNow ?? savings,
    card: cardNow ?? card,
    transactions: written,
  }
}

function booked({ user_id, id }: Account, month: string, [day, amount, merchant, category]: Line): NewTransaction {
  const date = `${month}-${String(day).padStart(2, '0')}`
  return { user_id, account_id: id, date, merchant, amount, category }
}

/**
 * A person of whom the signals make this persona, by half a year of movements that ends with June 2026. Compute and
 * assign as of `2026-06-30`: `signals.compute(db, { as_of })`, then `personas.assign(db, { as_of })`.
 */
export async function aPersona(db: Db, persona: Persona): Promise<{ readonly user: User; readonly checking: Account }> {
  const user = await aUser().create(db)
  const open = (account: Omit<NewAccount, 'user_id'>) => accounts.create(db, { user_id: user.id, ...account })
  const checking = await open({ account_type: 'checking', name: 'Everyday' })
  const uneven = persona === 'variable_income_budgeter'
  const lines = uneven ? unevenIncome : steadyIncome
  const rows = lines.map((line) => onDay(checking, line))

  if (persona === 'high_utilization') {
    await open({ account_type: 'credit_card', name: 'Card', credit_limit: '1000', opening_balance: '-800' })
  }
  if (persona === 'subscription_heavy') {
    for (const merchant of ['Streamhouse', 'Tunewave', 'Gym']) {
      rows.push(...months.map((m) => onDay(checking, [`${m}-04`, '-20.00', merchant, 'subscriptions'])))
    }
  }
  if (persona === 'savings_builder') {
    const savings = await open({ account_type: 'savings', name: 'Savings', opening_balance: '1000' })
    rows.push(...months.map((m) => onDay(savings, [`${m}-17`, '250.00', 'Monthly savings', 'transfer'])))
  }
  await transactions.createMany(db, rows)
  return { user, checking: await accounts.get(db, user.id, checking.id) }
}

type DayLine = readonly [date: string, amount: string, merchant: string, category: string]

const months = ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05', '2026-06']
const steadyIncome: readonly DayLine[] = months.flatMap((month, i): DayLine[] => [
  [`${month}-28`, '3000.00', 'Acme Payroll', 'salary'],
  [`${month}-27`, '-2500.00', `Shop ${'abcdef'[i]}`, 'shopping'],
])
const unevenIncome: readonly DayLine[] = [
  ['2026-02-01', '3000.00', 'Client A', 'salary'],
  ['2026-04-01', '3000.00', 'Client B', 'salary'],
  ['2026-06-01', '3000.00', 'Client C', 'salary'],
  ['2026-06-10', '-8500.00', 'Shop', 'shopping'],
]

function onDay({ user_id, id }: Account, [date, amount, merchant, category]: DayLine): NewTransaction {
  return { user_id, account_id: id, date, merchant, amount, category }
}
