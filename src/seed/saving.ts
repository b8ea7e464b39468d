import { bankDay } from './calendar.js'
import type { Book } from './ledger.js'
import type { Holding, Life, Part } from './life.js'
import { funds } from './merchants.js'
import { decimal, money } from './money.js'
import type { Prng } from './prng.js'
import type { Profile } from './profiles.js'

/** Twice a month something is put aside, at the end of each there is interest, and when money is short some comes back. */
export function createSaving(life: Life, savings: Book, plan: NonNullable<Profile['savings']>, prng: Prng): Part {
  const { ledger, books } = life
  const date = prng.int(2, 13)
  const half = Math.round(plan.monthly / 2)
  const unlinked = () => (plan.elsewhere ? { unlinked: prng.int(1, 3) } : {})
  return (day) => {
    if ((day.date === date || day.date === date + 14) && half > 0 && life.spendable(day) >= half) {
      ledger.move(books.checking, savings, day.day, {
        merchant: 'Savings Transfer',
        category: 'transfer',
        cents: half,
        text: 'RECURRING TRANSFER',
        ...unlinked(),
      })
    }
    if (books.checking.balance < 100_00 && savings.balance > 150_00) {
      const cents = Math.min(400_00, Math.floor(savings.balance / 50_00) * 50_00)
      const text = 'ONLINE TRANSFER'
      ledger.move(savings, books.checking, day.day, { merchant: text, category: 'transfer', cents, text })
    }
    const interest = Math.floor((savings.balance * plan.rate) / 120_000)
    if (day.date === day.length && interest > 0) {
      ledger.enter(savings, day.day, {
        merchant: savings.institution,
        category: 'interest',
        cents: interest,
        text: 'INTEREST PAID',
      })
    }
  }
}

/** Units are counted in millionths. */
const millionth = 1_000_000

/** Money goes to the broker each month and buys two funds and now and then a stock; funds pay each quarter. */
export function createInvesting(
  life: Life,
  brokerage: Book,
  plan: NonNullable<Profile['investing']>,
  prng: Prng,
): Part {
  const { ledger, books, truth, market, calendar } = life
  const date = prng.int(3, 24)
  const holdings = funds.map((_, fund): Holding => ({ book: brokerage, fund, quantity: 0, cost: 0 }))
  truth.holdings.push(...holdings)

  /** @returns Units, in millionths, rounded down. */
  function buy(fund: number, cents: number, day: number): number {
    const holding = holdings[fund]
    if (holding === undefined) return 0
    const units = Math.floor((cents * 100 * millionth) / market.price(fund, day))
    holding.quantity += units
    holding.cost += cents
    return units
  }
  // What was there before, bought at the price of the first day.
  buy(0, Math.floor(plan.opening * 0.7), calendar.first)
  buy(1, Math.floor(plan.opening * 0.3), calendar.first)

  return (day) => {
    if (day.date === date && life.spendable(day) >= plan.monthly) {
      ledger.move(books.checking, brokerage, day.day, {
        merchant: brokerage.institution,
        category: 'investment_transfer',
        cents: plan.monthly,
        text: 'ACH CONTRIBUTION',
      })
    }
    const cash = brokerage.balance
    if (day.date === date + 2 && cash >= 50_00) {
      const fund = prng.chance(15) ? prng.int(2, 3) : prng.chance(70) ? 0 : 1
      const at = bankDay(day.day)
      const units = buy(fund, cash, at)
      const { symbol = '', name = '' } = funds[fund] ?? {}
      ledger.enter(brokerage, day.day, {
        merchant: name,
        category: 'investment_transfer',
        cents: -cash,
        kind: 'own',
        text: `BUY ${decimal(units, 6)} ${symbol} @ ${decimal(market.price(fund, at), 4)}`,
      })
    }
    if (day.month % 3 === 0 && day.date === 28) {
      for (const { fund, quantity } of holdings.slice(0, 2)) {
        // Four tenths of a percent of what it is worth.
        const cents = Math.floor(((quantity / millionth) * market.price(fund, day.day) * 0.004) / 100)
        const { symbol = '', name = '' } = funds[fund] ?? {}
        if (cents <= 0) continue
        ledger.enter(brokerage, day.day, { merchant: name, category: 'dividend', cents, text: `DIVIDEND ${symbol}` })
      }
    }
  }
}

/** Each July euros are bought for the holiday, at the rate of the day. */
export function createEuros(life: Life, travel: Book, prng: Prng): Part {
  return (day) => {
    if (day.month !== 7 || day.date !== 15) return
    const rate = prng.int(8_500, 9_400)
    const cents = prng.int(8, 14) * 100_00
    if (cents > life.spendable(day)) return
    life.ledger.move(life.books.checking, travel, day.day, {
      merchant: 'Banca Lidia',
      category: 'transfer',
      cents,
      converted: { cents: convert(cents, rate), rate },
      text: `FX TRANSFER USD ${money(cents)} RATE ${decimal(rate, 4)}`,
    })
  }
}

/** Cents at a rate in ten-thousandths, a half to the even neighbour as the database rounds. */
export function convert(cents: number, rate: number): number {
  const exact = cents * rate
  const whole = Math.floor(exact / 10_000)
  const rest = exact - whole * 10_000
  const up = rest > 5_000 || (rest === 5_000 && whole % 2 === 1)
  return up ? whole + 1 : whole
}
