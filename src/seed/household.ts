import type { Day } from './calendar.js'
import { createCardPayments } from './credit-card.js'
import { createHoliday, createPurchases } from './everyday.js'
import { createIncome } from './income.js'
import { type Book, createLedger, type Ledger } from './ledger.js'
import type { Accounts, Life, Part, Truth } from './life.js'
import type { Plan } from './options.js'
import type { Person } from './people.js'
import { drawProfile, type Profile } from './profiles.js'
import { createBills, createServices } from './recurring.js'
import { createEuros, createInvesting, createSaving } from './saving.js'

/** What one person has and did, and what is true of it. */
export interface Household {
  readonly person: Person
  readonly profile: Profile
  readonly ledger: Ledger
  readonly truth: Truth
}

const overdraftFee = 25_00

/**
 * Lives through the span, day by day. Each part draws from a stream of its own.
 *
 * @param attempt Another one gives the same person another life.
 */
export function createHousehold({ calendar, market }: Plan, person: Person, attempt: number): Household {
  const prng = person.stream(`life ${attempt}`)
  const profile = drawProfile(person, prng.fork('profile'))
  const ledger = createLedger(prng.fork('ledger'), { calendar, feed: profile.feed, accountId: person.accountId })
  const truth: Truth = {
    recurring: [],
    payrolls: [],
    cardPayments: [],
    missed: [],
    refunds: [],
    decoys: [],
    holdings: [],
  }
  const books = openAccounts(ledger, profile)
  const { checking } = books
  const payers = books.cards.filter((_, index) => profile.cards[index]?.pays === 'full')

  function spendable({ date, length }: Day): number {
    const { housing } = profile
    const untilRent = (housing.date - date + length) % length
    const owed = payers.reduce((sum, card) => sum + Math.min(0, card.balance), 0)
    return checking.balance + owed - 180_00 - (untilRent <= 9 ? housing.amount : 0)
  }

  const life: Life = { person, profile, calendar, market, ledger, books, truth, spendable }
  const parts: Part[] = [
    createIncome(life, prng.fork('income')),
    ...createBills(life, prng.fork('bills')),
    ...createServices(life, prng.fork('services')),
    ...books.cards.flatMap((card, index) => {
      const plan = profile.cards[index]
      return plan === undefined ? [] : [createCardPayments(life, card, plan, prng.fork(`card ${index}`))]
    }),
    createPurchases(life, prng.fork('purchases')),
  ]
  const { savings, brokerage, travel } = books
  if (savings !== undefined && profile.savings !== undefined) {
    parts.push(createSaving(life, savings, profile.savings, prng.fork('savings')))
  }
  if (brokerage !== undefined && profile.investing !== undefined) {
    parts.push(createInvesting(life, brokerage, profile.investing, prng.fork('investing')))
  }
  if (travel !== undefined) {
    parts.push(createEuros(life, travel, prng.fork('euros')), createHoliday(life, travel, prng.fork('holiday')))
  }
  const closing = profile.closedAccount ? openOld(ledger) : undefined

  for (const day of calendar.days) {
    const before = checking.balance
    for (const part of parts) part(day)
    if (before >= 0 && checking.balance < 0) {
      const text = 'OVERDRAFT FEE'
      ledger.enter(checking, day.day, { merchant: 'Overdraft Fee', category: 'fees', cents: -overdraftFee, text })
    }
    if (closing !== undefined && day.day === calendar.first + 20) close(ledger, closing, checking, day.day)
  }
  for (const [index, card] of books.cards.entries()) if (profile.cards[index]?.frozen === true) card.status = 'frozen'
  return { person, profile, ledger, truth }
}

function openAccounts(ledger: Ledger, profile: Profile): Accounts {
  const usd = { currency: 'USD', limit: 0 }
  const everyday = { ...usd, type: 'checking', institution: 'Harbor Bank' } as const
  const checking = ledger.open({ ...everyday, name: 'Everyday Checking', opening: profile.checking })
  const { savings, cards, investing, travel } = profile
  const names = { savings: 'Rainy Day Savings', high_yield_savings: 'High Yield Savings', money_market: 'Money Market' }
  return {
    checking,
    ...(savings !== undefined && {
      savings: ledger.open({
        ...usd,
        type: savings.type,
        name: names[savings.type],
        institution: savings.elsewhere ? 'Lighthouse Savings Bank' : 'Harbor Bank',
        opening: savings.opening,
      }),
    }),
    cards: cards.map(({ name, institution, limit, owed }) =>
      ledger.open({ type: 'credit_card', name, institution, currency: 'USD', limit, opening: -owed }),
    ),
    ...(investing !== undefined && {
      brokerage: ledger.open({
        ...usd,
        type: 'investment',
        name: 'Brokerage',
        institution: 'Oldtown Brokers',
        opening: 0,
      }),
    }),
    // Cash for a journey and no savings: a checking account.
    ...(travel !== undefined && {
      travel: ledger.open({
        type: 'checking',
        name: 'Travel Euros',
        institution: 'Banca Lidia',
        currency: 'EUR',
        limit: 0,
        opening: travel.opening,
      }),
    }),
  }
}

function openOld(ledger: Ledger): Book {
  return ledger.open({
    type: 'checking',
    name: 'Student Checking',
    institution: 'Oldtown Credit Union',
    currency: 'USD',
    limit: 0,
    opening: 212_40,
  })
}

function close(ledger: Ledger, old: Book, checking: Book, day: number): void {
  const text = 'ONLINE TRANSFER'
  ledger.move(old, checking, day, { merchant: text, category: 'transfer', cents: old.balance, text })
  old.status = 'closed'
}
