import type { TransferMatchReasons } from '../schema/json.js'
import type { Pair } from './transfer-sides.js'

/** From here on a match is automatic: its rows are not spending any more. */
export const automaticFrom = 0.8
/** From here on a match is suggested. */
export const suggestedFrom = 0.5

/** What is known of a pair by the other ones. */
export interface Circumstances {
  /** Pairs of the same rows that are as likely. */
  readonly rivals: number
  /** The two texts go together again and again, in sums that agree. */
  readonly isHabit: boolean
  /** One of the two has another side of the same sum, and both of those speak of a transfer, where these two do not. */
  readonly isOutspoken: boolean
}

/**
 * How sure it is that the two are one movement, from 0 to 1. The same sum on two accounts within days is chance often enough,
 * so it takes a word of the bank, or that nothing else could be the other side, to be sure.
 */
export function scorePair(pair: Pair, circumstances: Circumstances): number {
  const sum = Object.values(points(pair, circumstances)).reduce((a, b) => a + b, 0)
  return Math.round(Math.min(1, Math.max(0, sum)) * 10_000) / 10_000
}

/** What the score is made of. */
export function reasonsOf(pair: Pair, circumstances: Circumstances): TransferMatchReasons {
  return {
    days_apart: daysApart(pair),
    rate: pair.rate,
    expected_rate: pair.expected_rate,
    rivals: circumstances.rivals,
    said: pair.said > 0,
    score: Object.fromEntries(
      Object.entries(points(pair, circumstances))
        .filter(([, points]) => points !== 0)
        .map(([name, points]) => [name, Math.round(points * 10_000) / 10_000]),
    ),
  }
}

function points(pair: Pair, { rivals, isHabit, isOutspoken }: Circumstances) {
  const { from, to, said, named, isHolders, fee, rate } = pair
  return {
    same_amount: rate === null && fee === null ? 0.45 : 0.35,
    said: ([0, 0.3, 0.4][said] as number) / (named === 'others' ? 2 : 1),
    no_rival: rivals === 0 ? 0.2 : 0,
    // A round sum is more often the same by chance.
    from_others: to.said.isFromOthers() && (said === 0 || !(to.said.isOwn() || to.said.isMove())) ? -0.4 : 0,
    to_others: from.said.isToOthers() && !from.said.isOwn() ? -0.3 : 0,
    habit: isHabit && said < 2 && named !== 'others' && !isOutspoken ? 0.15 : 0,
    outspoken: isOutspoken ? -0.1 : 0,
    // Two people who are named are two movements; the same on both sides is who holds the accounts.
    names: { same: said < 2 ? 0.15 : 0, either: 0, others: said > 0 ? -0.25 : -0.1, none: 0 }[named],
    // Of equal sums that two people put on an account, it is the holder's.
    holder: isHolders ? 0.1 : 0,
    amount: isRound(to.amount) ? 0 : 0.1,
    accounts: fits(pair)
      ? to.account_type === 'credit_card'
        ? 0.15
        : 0.1
      : from.account_type === 'credit_card' && !(said === 2 && from.said.isMove())
        ? -0.25
        : 0,
    days: -0.03 * workingDays(pair) - (daysApart(pair) < 0 ? 0.03 : 0),
    fee: fee === null ? 0 : -0.05 - Number(fee) / Number(to.amount),
    rate: rate === null ? 0 : -5 * Math.abs(Number(rate) / Number(pair.expected_rate) - 1),
  }
}

/** From the side that pays to the side that receives. */
export const daysApart = ({ from, to }: Pair): number => to.day - from.day

/** How many days apart they are, without the weekends between: banks do not book on them. */
function workingDays(pair: Pair): number {
  const apart = daysApart(pair)
  const step = Math.sign(apart)
  // Monday is 1.
  let [count, weekday] = [0, (((pair.from.day % 7) + 7) % 7) + 1]
  for (let left = Math.abs(apart); left > 0; left--) {
    weekday = ((weekday + step + 6) % 7) + 1
    if (weekday < 6) count++
  }
  return count
}

/**
 * Both sides have to speak of a move before a sum that is less than what left is taken for the rest of it. Of what pays off a
 * card nothing is kept.
 */
export function couldBeFee({ said, named, to }: Pair, isHabit: boolean): boolean {
  return (said === 2 || isHabit) && named !== 'others' && to.account_type !== 'credit_card'
}

const isRound = (amount: string) => /^\d*[05]0?(\.0*)?$/.test(amount)

/** Where people move money to: a card or loan that is paid off, and savings, from and to the everyday account. */
function fits({ from: { account_type: from }, to: { account_type: to } }: Pair): boolean {
  const pays = from === 'checking' || from.includes('savings') || from === 'money_market'
  return pays && to !== from
}
