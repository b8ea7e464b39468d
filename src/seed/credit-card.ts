import type { Day } from './calendar.js'
import type { CardPlan } from './card-plans.js'
import type { Book } from './ledger.js'
import type { Life, Part } from './life.js'
import { percent } from './money.js'
import type { Prng } from './prng.js'

/** A month of 22.8 % a year, in percent. */
const interestRate = 1.9
const leastPayment = 35_00
const lateFee = 32_00

/** A statement each month, paid from checking when due; what stays owed bears interest, what is missed a fee. */
export function createCardPayments(life: Life, card: Book, plan: CardPlan, prng: Prng): Part {
  const { ledger, books, truth, calendar } = life
  const { checking, savings } = books
  const charge = (day: Day, category: 'interest' | 'fees', cents: number) =>
    ledger.enter(card, day.day, {
      merchant: plan.name,
      category,
      cents: -cents,
      kind: category === 'interest' ? 'interest' : 'late_fee',
      text: category === 'interest' ? 'INTEREST CHARGE ON PURCHASES' : 'LATE PAYMENT FEE',
    })
  let statement = 0
  let interest = 0
  // Nobody remembers when the first one was due.
  let carried = plan.pays === 'full' ? 0 : plan.owed
  let due: number | undefined
  let feeOn: number | undefined

  function issue(day: Day): void {
    interest = percent(carried, interestRate)
    if (interest > 0) charge(day, 'interest', interest)
    statement = Math.max(0, -card.balance)
    carried = statement
    due = day.day + plan.due
  }

  function wanted(least: number): number {
    if (plan.pays === 'full') return statement
    if (plan.pays === 'least') return least
    return Math.max(least, statement - plan.target)
  }

  function pay(day: Day): void {
    const least = Math.min(statement, Math.max(leastPayment, percent(statement, 1) + interest))
    const ask = Math.min(wanted(least), statement)
    if (ask > checking.balance - 50_00 && savings !== undefined && plan.pays === 'full') {
      const missing = Math.min(Math.ceil((ask - checking.balance + 50_00) / 50_00) * 50_00, savings.balance)
      if (missing > 0) {
        const text = 'ONLINE TRANSFER'
        ledger.move(savings, checking, day.day, { merchant: text, category: 'transfer', cents: missing, text })
      }
    }
    const cents = Math.min(ask, Math.max(0, checking.balance - 50_00))
    const forgets = plan.pays === 'late' && (day.day > calendar.last - 75 || prng.chance(8))
    if (cents < least || forgets) {
      truth.missed.push({ book: card, day: day.day })
      feeOn = day.day + 1
      return
    }
    const owedBefore = -card.balance
    const later = plan.elsewhere ? prng.int(1, 3) : undefined
    ledger.move(checking, card, day.day, {
      merchant: plan.name,
      category: 'credit_card_payment',
      cents,
      text: 'CARD PAYMENT',
      ...(later !== undefined && { unlinked: later }),
    })
    truth.cardPayments.push({ book: card, day: day.day, cents, owedBefore, least: cents <= least && cents < statement })
    carried = statement - cents
  }

  return (day) => {
    if (day.date === plan.statementDate) issue(day)
    if (day.day === feeOn) charge(day, 'fees', lateFee)
    if (day.day === due && statement > 0) pay(day)
  }
}
