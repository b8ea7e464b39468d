import type { Day } from './calendar.js'
import type { Book, Row } from './ledger.js'
import type { Life, Part } from './life.js'
import { type Habit, habits, holiday, treats } from './merchants.js'
import { percent } from './money.js'
import { cities } from './names.js'
import type { Prng } from './prng.js'

interface Return {
  readonly day: number
  readonly of: Row
  readonly cents: number
}

/** Purchases by weekday and season, by card or from checking; what is sent back comes back a week or so later. */
export function createPurchases(life: Life, prng: Prng): Part {
  const { profile, ledger, books, truth } = life
  const town = prng.pick(cities).toUpperCase()
  const shops = new Map<string, number>()
  let returns: Return[] = []

  /** Most people go to one or two branches of a shop. */
  function branch(merchant: string): string {
    const known = shops.get(merchant)
    const number = known === undefined || prng.chance(15) ? prng.int(101, 4999) : known
    if (known === undefined) shops.set(merchant, number)
    return `#${String(number).padStart(4, '0')} ${town}`
  }

  /** A card with room, else the account. */
  function payWith(cents: number): Book {
    if (!prng.chance(profile.byCard)) return books.checking
    const fits = (card: Book, index: number) =>
      card.balance - cents >= -percent(card.limit, profile.cards[index]?.upTo ?? 0)
    return books.cards.find(fits) ?? books.checking
  }

  return function purchases(day) {
    if (returns.length > 0) returns = giveBack(life, returns, day, prng)
    for (const habit of habits) {
      const wanted = purchase(habit, day, prng)
      if (wanted === undefined) continue
      const cents = habit.flat === true ? wanted.cents : percent(wanted.cents, lifestyleFor(habit, profile.lifestyle))
      // Drawn whether or not it is bought, so that the stream does not depend on balances.
      const returnedAfter = prng.chance(habit.returned ?? 0) ? prng.int(4, 12) : 0
      const book = payWith(cents)
      if (cents > life.spendable(day)) continue
      const entry = { merchant: wanted.merchant, category: habit.category, cents: -cents, at: branch(wanted.merchant) }
      const text = book.type === 'credit_card' ? undefined : `DEBIT CARD ${wanted.merchant.toUpperCase()}`
      const of = ledger.enter(book, day.day, text === undefined ? entry : { ...entry, text })
      if (habit.flat === true) truth.decoys.push(of)
      if (returnedAfter > 0) returns.push({ day: day.day + returnedAfter, of, cents })
    }
    cash(life, day, prng)
    if (day.date === 20) treat(life, day, prng)
  }
}

/** Most is refunded, in full or in part; some is taken back as if it had not been. */
function giveBack({ ledger, truth }: Life, returns: Return[], { day }: Day, prng: Prng): Return[] {
  for (const { of, cents } of returns.filter((due) => due.day === day)) {
    if (of.status !== 'posted') continue
    const how = prng.int(1, 100)
    if (how <= 30) {
      truth.refunds.push({ row: ledger.reverse(of, day), of })
      continue
    }
    const { merchant, category } = of
    const back = how <= 80 ? cents : percent(cents, prng.int(30, 70))
    const text = `REFUND ${merchant.toUpperCase()}`
    const row = ledger.enter(of.book, day, { merchant, category, cents: back, kind: 'spending', text })
    truth.refunds.push({ row, of })
  }
  return returns.filter((due) => due.day > day)
}

function cash({ ledger, books, spendable }: Life, day: Day, prng: Prng): void {
  if (prng.int(1, 1000) <= 18) {
    const cents = prng.pick([40_00, 60_00, 80_00, 100_00])
    if (cents <= spendable(day)) {
      const text = 'ATM WITHDRAWAL'
      ledger.enter(books.checking, day.day, { merchant: 'ATM Withdrawal', category: 'cash', cents: -cents, text })
      if (prng.chance(35)) {
        ledger.enter(books.checking, day.day, {
          merchant: 'ATM Fee',
          category: 'fees',
          cents: -prng.pick([2_50, 3_00, 3_50]),
          text: 'NON-NETWORK ATM FEE',
        })
      }
    }
  }
  // A pump asks for more than is bought, and lets it go.
  const [card] = books.cards
  if (card !== undefined && prng.int(1, 1000) <= 4) {
    const merchant = 'Ridgeway Fuel'
    ledger.enter(card, day.day, {
      merchant,
      category: 'transport',
      cents: -100_00,
      status: 'released',
      text: 'PREAUTH RIDGEWAY FUEL',
    })
  }
}

/** Who has much left buys something larger. */
function treat({ ledger, books, profile, spendable }: Life, day: Day, prng: Prng): void {
  const { merchant, category } = prng.pick(treats)
  const share = prng.int(40, 80)
  const excess = spendable(day) - percent(profile.pay.monthly, 55)
  if (excess < 300_00 || prng.chance(35)) return
  const text = `DEBIT CARD ${merchant.toUpperCase()}`
  ledger.enter(books.checking, day.day, { merchant, category, cents: -percent(excess, share), text })
}

/** Ten days in Europe each August, paid from the euro account. */
export function createHoliday({ ledger }: Life, travel: Book, prng: Prng): Part {
  return (day) => {
    if (day.month !== 8 || day.date < 6 || day.date > 15) return
    const bought = purchase(holiday, day, prng)
    if (bought === undefined || bought.cents > travel.balance) return
    ledger.enter(travel, day.day, { merchant: bought.merchant, category: holiday.category, cents: -bought.cents })
  }
}

const lifestyleFor = ({ modest }: Habit, lifestyle: number) =>
  modest === true ? Math.round((lifestyle + 100) / 2) : lifestyle

function purchase(habit: Habit, { weekday, month }: Day, prng: Prng) {
  const { weekdays, between, season, merchants } = habit
  if (!prng.chance(weekdays[weekday] ?? 0)) return undefined
  // The mean of two draws: amounts gather around the middle.
  const draw = Math.floor((prng.int(between[0], between[1]) + prng.int(between[0], between[1])) / 2)
  return { merchant: prng.pick(merchants), cents: percent(draw, season?.[month - 1] ?? 100) }
}
