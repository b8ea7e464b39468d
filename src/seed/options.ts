import { z } from 'zod'
import { UnsupportedError } from '../errors.js'
import { type Persona, personas } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import { day } from '../schema/values.js'
import { type Calendar, createCalendar, dayNumber } from './calendar.js'
import { createMarket, type Market } from './market.js'

/** The version of what is made up. It goes up when the same options would give other data. */
export const generator = 2

/** What the data follow from. */
export interface GeneratorOptions {
  /** How many people, 1 to 100000. Default 5. The first is `demo_user`. */
  readonly users?: number | undefined
  /** Another number, other people. Default 1. */
  readonly seed?: number | undefined
  /** The last day with money, `'YYYY-MM-DD'`. There is no default: a seed looks at no clock. */
  readonly until: string
  /** How many days of money, `until` included. Default 730. */
  readonly days?: number | undefined
  /**
   * How many people get which persona, as whole parts: `{ savings_builder: 2, high_utilization: 1 }`. The first people get
   * one each. By default all five, in shares that are usual. Below 200 days they cannot all be reached.
   */
  readonly personas?: { readonly [P in Persona]?: number | undefined } | undefined
  /** The version of the generator, 2: give it to be told, rather than to get other data, when a later release has another. */
  readonly generator?: number | undefined
}

const part = z.int().min(0).max(1000)

export const generatorOptions = z
  .strictObject({
    users: z.int().min(1).max(100_000).default(5),
    seed: z.int().default(1),
    until: day,
    days: z.int().min(1).max(36_525).default(730),
    personas: z
      .partialRecord(z.enum(personas), part.optional())
      .default({
        subscription_heavy: 28,
        high_utilization: 26,
        savings_builder: 18,
        variable_income_budgeter: 8,
        general_wellness: 20,
      })
      .refine((shares) => Object.values(shares).some((share) => (share ?? 0) > 0), {
        error: 'give at least one persona a part',
      }),
    generator: z.int().default(generator),
  })
  // A UUID version 7 counts from 1970. What is no day has its own issue, and is no number here.
  .refine(({ until, days }) => !(dayNumber(until) < days - 1), {
    error: 'must not go back before 1970',
    path: ['days'],
  })

/** The order in which small seeds show them: `demo_user` has most to show. */
const order: readonly Persona[] = [
  'subscription_heavy',
  'high_utilization',
  'savings_builder',
  'variable_income_budgeter',
  'general_wellness',
]

/** The options, ready to make people of. */
export interface Plan {
  readonly users: number
  readonly seed: number
  readonly until: string
  readonly daysOfMoney: number
  /** What every stream begins with: other options, other people. The number of people is not in it. */
  readonly key: string
  readonly calendar: Calendar
  readonly market: Market
  /** Those with a part, and the sum of the parts so far. */
  readonly shares: ReadonlyArray<{ readonly persona: Persona; readonly upTo: number }>
}

export function createPlan(options: GeneratorOptions): Plan {
  const { users, seed, until, days, personas, generator: wanted } = parseInput(generatorOptions, options, 'The seed')
  if (wanted !== generator) {
    throw new UnsupportedError(
      `Generator ${wanted} is not in this release, which has ${generator}: its data cannot be made here.`,
    )
  }
  let upTo = 0
  const shares = order.flatMap((persona) => {
    const share = personas[persona] ?? 0
    upTo += share
    return share > 0 ? [{ persona, upTo }] : []
  })
  const mix = shares.map(({ persona, upTo }) => `${persona} ${upTo}`).join(' ')
  const key = `finance-db seed ${generator}\0${seed}\0${until}\0${days}\0${mix}`
  const last = dayNumber(until)
  const calendar = createCalendar(last - days + 1, last)
  return { users, seed, until, daysOfMoney: days, key, calendar, market: createMarket(key, calendar), shares }
}
