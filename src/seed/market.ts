import type { Calendar, DayNumber } from './calendar.js'
import { funds } from './merchants.js'
import { createPrng } from './prng.js'

/** What one unit cost on each day, in ten-thousandths, the same for everybody. */
export interface Market {
  price(fund: number, day: DayNumber): number
}

export function createMarket(key: string, { first, days }: Calendar): Market {
  const prices = funds.map(({ symbol, from }) => {
    const prng = createPrng(`${key}\0market ${symbol}`)
    let price: number = from
    return days.map(({ weekday }) => {
      // Nothing is traded at weekends. Up and down by at most 0.9 %, a little more up.
      if (weekday % 6 !== 0) price += Math.floor((price * prng.int(-88, 93)) / 10_000)
      return price
    })
  })
  return { price: (fund, day) => prices[fund]?.[Math.max(0, day - first)] ?? 1 }
}
