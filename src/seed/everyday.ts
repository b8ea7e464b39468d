import { type DayNumber, type MonthDay, weekday } from './calendar.js'
import { type Book, type Ledger, percent } from './ledger.js'
import { type Habit, habits, holiday } from './merchants.js'
import type { Prng } from './prng.js'
import type { Profile } from './profiles.js'

interface Return {
  readonly day: DayNumber
  readonly merchant: string
  readonly category: string
  readonly cents: number
}

/** Purchases by weekday and season, on the card; what is sent back comes back a week or so later. */
export function createPurchases(ledger: Ledger, checking: Book, card: Book, profile: Profile, prng: Prng) {
  const { limit } = profile.card
  let returns: Return[] = []

  /** Cash in hand or room on the card, whichever is less, with something kept for the rent. */
  const room = () => Math.min(card.balance + limit, checking.balance + Math.min(card.balance, 0) + limit / 2)

  return function purchases(day: DayNumber, { month }: MonthDay): void {
    for (const entry of returns.filter((due) => due.day === day)) {
      const { merchant, category, cents } = entry
      ledger.enter(card, day, { merchant, category, cents, description: 'Refund' })
    }
    returns = returns.filter((due) => due.day > day)

    for (const habit of habits) {
      const wanted = purchase(habit, day, month, prng)
      if (wanted === undefined) continue
      const cents = percent(wanted.cents, profile.lifestyle)
      // Drawn whether or not it is bought, so that the stream does not depend on balances.
      const returnedAfter = prng.chance(habit.returned ?? 0) ? prng.int(4, 12) : 0
      if (cents > room()) continue
      const { merchant } = wanted
      const { category } = habit
      ledger.enter(card, day, { merchant, category, cents: -cents })
      if (returnedAfter > 0) returns.push({ day: day + returnedAfter, merchant, category, cents })
    }
  }
}

/** Ten days in Europe each August, paid from the euro account. */
export function createHoliday(ledger: Ledger, travel: Book, prng: Prng) {
  return function holidays(day: DayNumber, { month, date }: MonthDay): void {
    if (month !== 8 || date < 6 || date > 15) return
    const bought = purchase(holiday, day, month, prng)
    if (bought === undefined || bought.cents > travel.balance) return
    ledger.enter(travel, day, { merchant: bought.merchant, category: holiday.category, cents: -bought.cents })
  }
}

function purchase(habit: Habit, day: DayNumber, month: number, prng: Prng) {
  const { weekdays, between, season, merchants } = habit
  if (!prng.chance(weekdays[weekday(day)] ?? 0)) return undefined
  // The mean of two draws: amounts gather around the middle.
  const draw = Math.floor((prng.int(between[0], between[1]) + prng.int(between[0], between[1])) / 2)
  return { merchant: prng.pick(merchants), cents: percent(draw, season?.[month - 1] ?? 100) }
}
