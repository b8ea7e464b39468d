import { type DayNumber, type MonthDay, weekday } from './calendar.js'
import { type Book, type Ledger, percent } from './ledger.js'
import { bills, subscriptions } from './merchants.js'
import type { Person } from './people.js'
import type { Prng } from './prng.js'
import type { Profile } from './profiles.js'

interface Books {
  readonly checking: Book
  readonly savings: Book
  readonly card: Book
}

export interface Span {
  readonly first: DayNumber
  readonly last: DayNumber
}

/** What comes by the calendar: pay, rent, bills, subscriptions and the move to savings. Called once a day, in order. */
export function createRecurring(
  ledger: Ledger,
  books: Books,
  profile: Profile,
  person: Person,
  prng: Prng,
  span: Span,
) {
  const { checking, savings, card } = books
  const { pay, rent } = profile
  const startYear = new Date(span.first * 86_400_000).getUTCFullYear()
  const halfway = Math.floor((span.first + span.last) / 2)
  let nextPay = firstPay()

  function firstPay(): DayNumber {
    if (pay.every === 'irregular') return span.first + prng.int(4, 20)
    const friday = span.first + ((5 - weekday(span.first) + 7) % 7)
    return friday + 7 * prng.int(0, 1)
  }

  function payday(day: DayNumber, { year, last }: MonthDay): void {
    // Whole percents of the first year's pay, so that a raise is the same cents everywhere.
    const salary = percent(pay.amount, 100 + 3 * (year - startYear))
    const entry = { merchant: person.employer, category: 'salary', description: 'Payroll' }
    if (pay.every === 'month') {
      if (last) ledger.enter(checking, day, { ...entry, cents: salary })
    } else if (day === nextPay && pay.every === 'fortnight') {
      ledger.enter(checking, day, { ...entry, cents: salary })
      nextPay += 14
    } else if (day === nextPay) {
      const cents = percent(salary, prng.int(50, 150))
      ledger.enter(checking, day, { ...entry, category: 'freelance', description: 'Invoice', cents })
      nextPay += prng.int(35, 63)
    }
  }

  return function recurring(day: DayNumber, at: MonthDay): void {
    payday(day, at)
    if (at.date === 1) {
      ledger.enter(checking, day, { merchant: person.landlord, category: 'rent', cents: -rent, description: 'Rent' })
      // A twelfth of half a percent a year, on what is there.
      const interest = Math.floor(savings.balance / 2400)
      if (interest > 0) {
        ledger.enter(savings, day, { merchant: 'Harbor Savings', category: 'interest', cents: interest })
      }
    }
    for (const { merchant, category, date, between, season } of bills) {
      if (at.date !== date) continue
      const cents = percent(prng.int(between[0], between[1]), season?.[at.month - 1] ?? 100)
      ledger.enter(checking, day, { merchant, category, cents: -cents })
    }
    for (const { merchant, category, date, amount, later } of subscriptions.slice(0, profile.subscriptions)) {
      if (at.date !== date) continue
      const cents = later !== undefined && day > halfway ? later : amount
      ledger.enter(card, day, { merchant, category, cents: -cents, is_subscription: true })
    }
    const { monthly } = profile.savings
    if (at.date === 17 && monthly > 0 && checking.balance >= rent + monthly) {
      ledger.move(checking, savings, day, {
        merchant: 'Harbor Savings',
        category: 'transfer',
        cents: monthly,
        description: 'Monthly savings',
      })
    }
  }
}
