import type { DayNumber, MonthDay } from './calendar.js'
import { type Book, type Ledger, percent } from './ledger.js'
import type { Profile } from './profiles.js'

const statementDate = 25
const dueDate = 12
/** A month of 22.8 % a year, in percent. */
const interestRate = 1.9
const leastPayment = 35_00

/** A statement each month, paid from checking when due; what stays owed bears interest. */
export function createCardPayments(ledger: Ledger, checking: Book, card: Book, { pays }: Profile['card']) {
  let statement = Math.max(0, -card.balance)
  let carried = 0

  return function cardPayments(day: DayNumber, { date }: MonthDay): void {
    if (date === statementDate) {
      const interest = percent(carried, interestRate)
      if (interest > 0) {
        ledger.enter(card, day, { merchant: 'Summit Card', category: 'interest', cents: -interest })
      }
      statement = Math.max(0, -card.balance)
    }
    if (date !== dueDate || statement === 0) return
    const wanted = Math.max(percent(statement, pays), Math.min(statement, leastPayment))
    // Never the last of the money: the rest is carried over, which costs interest.
    const cents = Math.min(wanted, Math.max(leastPayment, checking.balance - 200_00), statement)
    ledger.move(checking, card, day, {
      merchant: 'Summit Card',
      category: 'credit_card_payment',
      cents,
      description: 'Card payment',
    })
    carried = statement - cents
    statement = 0
  }
}
