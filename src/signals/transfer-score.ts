import { internalCategories } from '../repositories/spending.js'
import type { TransferMatchReasons } from '../schema/json.js'

/** Two posted rows that could be one movement: opposite signs, own accounts, the same sum. */
export interface Pair {
  readonly user_id: string
  readonly from_id: string
  readonly to_id: string
  /** From the side that pays to the side that receives. */
  readonly days_apart: number
  /** Of the side that receives. */
  readonly amount: string
  readonly from_type: string
  readonly to_type: string
  readonly from_category: string
  readonly to_category: string
  readonly from_text: string
  readonly to_text: string
  readonly rate: string | null
  readonly expected_rate: string | null
}

/** From here on a match is automatic: its rows are not spending any more. */
export const automaticFrom = 0.8
/** From here on a match is suggested. */
export const suggestedFrom = 0.5

const transferWords =
  /\b(transfer|trf|tfr|xfer|e-?payment|autopay|auto pay|credit c(?:ar|r)d|card payment|payment,? thank you|thank you|to savings|from savings|top.?up|umbuchung|übertrag|uebertrag|virement|giroconto|traspaso|own account|internal)\b/

/** What banks call money that others sent. */
const fromOthers =
  /\b(dividends?|interest|salary|salaries|payroll|wages?|paychecks?|income|pension|refunds?|rebates?|cash ?back|reimbursements?|bonus)\b/

/**
 * How sure it is that the two are one movement, from 0 to 1, and what that is made of. The same sum on two accounts within
 * days is chance often enough, so it takes a word of the bank, or that nothing else could be the other side, to be sure.
 */
export function scorePair(pair: Pair, rivals: number): { score: number; reasons: TransferMatchReasons } {
  const said = [says(pair.from_category, pair.from_text), says(pair.to_category, pair.to_text)].filter(Boolean).length
  const score = {
    same_amount: pair.rate === null ? 0.45 : 0.35,
    said: [0, 0.3, 0.4][said] as number,
    no_rival: rivals === 0 ? 0.2 : 0,
    // A round sum is more often the same by chance.
    from_others: said === 0 && isFromOthers(pair) ? -0.4 : 0,
    amount: isRound(pair.amount) ? 0 : 0.1,
    accounts: fits(pair) ? 0.1 : pair.from_type === 'credit_card' ? -0.25 : 0,
    days: -0.03 * Math.abs(pair.days_apart) - (pair.days_apart < 0 ? 0.03 : 0),
    rate: pair.rate === null ? 0 : -5 * Math.abs(Number(pair.rate) / Number(pair.expected_rate) - 1),
  }
  const sum = Object.values(score).reduce((a, b) => a + b, 0)
  return {
    score: Math.round(Math.min(1, Math.max(0, sum)) * 10_000) / 10_000,
    reasons: {
      days_apart: pair.days_apart,
      rate: pair.rate,
      expected_rate: pair.expected_rate,
      rivals,
      said: said > 0,
      score: Object.fromEntries(
        Object.entries(score)
          .filter(([, points]) => points !== 0)
          .map(([name, points]) => [name, Math.round(points * 10_000) / 10_000]),
      ),
    },
  }
}

function says(category: string, text: string): boolean {
  const plain = category.toLowerCase().replaceAll(' ', '_')
  return internalCategories.some((internal) => internal === plain) || transferWords.test(text.toLowerCase())
}

/** The bank's word for what came in is plain, and neither side speaks of a transfer. */
function isFromOthers({ to_category, to_text }: Pair): boolean {
  return fromOthers.test(`${to_category} ${to_text}`.toLowerCase().replaceAll('_', ' '))
}

const isRound = (amount: string) => /^\d*[05]0?(\.0*)?$/.test(amount)

/** Where people move money to: a card or loan that is paid off, and savings, from and to the everyday account. */
function fits({ from_type, to_type }: Pair): boolean {
  const pays = from_type === 'checking' || from_type.includes('savings') || from_type === 'money_market'
  return pays && to_type !== from_type
}
