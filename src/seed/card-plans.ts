import type { Persona } from '../schema/enums.js'
import { percent } from './money.js'
import type { Prng } from './prng.js'

/** A credit card and how it is paid. */
export interface CardPlan {
  readonly name: string
  readonly institution: string
  readonly limit: number
  /** What is owed at the start. */
  readonly owed: number
  /** How far purchases may take it, in percent of the limit. */
  readonly upTo: number
  /**
   * `full`: each statement, so that there is no interest. `least`: what the bank asks for. `down`: as much as brings it to
   * the target. `late`: as `down`, but the last payments are missed.
   */
  readonly pays: 'full' | 'least' | 'down' | 'late'
  /** Owed after a payment, where it is paid `down`. */
  readonly target: number
  readonly statementDate: number
  /** Days from the statement until it is due. */
  readonly due: number
  /** At a bank that does not tell us what belongs together. */
  readonly elsewhere: boolean
  readonly frozen: boolean
}

const issuers = [
  ['Summit Card', 'Summit Credit'],
  ['Meridian Cash Card', 'Meridian Bank'],
  ['Bluewater Card', 'Bluewater Credit Union'],
] as const

export function cardPlans(
  persona: Persona,
  monthly: number,
  everyday: number,
  lifestyle: number,
  byCard: number,
  isDemo: boolean,
  prng: Prng,
): CardPlan[] {
  const onCards = percent(percent(everyday, lifestyle), byCard)
  const high = persona === 'high_utilization'
  const count = high
    ? prng.int(1, 2)
    : persona === 'general_wellness' && prng.chance(25)
      ? 0
      : isDemo
        ? 1
        : prng.int(1, 2)
  return Array.from({ length: count }, (_, index): CardPlan => {
    const [name, institution] = isDemo ? issuers[0] : (issuers[(index + prng.int(0, 1)) % issuers.length] ?? issuers[0])
    const dates = { statementDate: prng.int(2, 27), due: prng.int(21, 25) }
    const rest = { name, institution, ...dates, elsewhere: !isDemo && prng.chance(25), frozen: false }
    // The first card of the indebted is the one in question.
    if (high && index === 0) {
      const limit = roundUp(percent(monthly, prng.int(60, 150)))
      const used = prng.int(63, 82)
      const pays = prng.pick(['down', 'down', 'least', 'least', 'late'] as const)
      return {
        ...rest,
        limit,
        owed: percent(limit, used),
        upTo: pays === 'late' ? 84 : prng.int(86, 93),
        pays,
        target: percent(limit, used - 3),
        frozen: false,
      }
    }
    // About two months of purchases are on it at most: one that was billed and one that goes on.
    const share = persona === 'savings_builder' ? 12 : prng.int(4, 8)
    const limit = roundUp(Math.max(1_500_00, Math.floor((onCards * share) / count)))
    const upTo = persona === 'savings_builder' ? 24 : 40
    const frozen = !isDemo && index === 1 && prng.chance(15)
    return { ...rest, limit, owed: percent(limit, prng.int(4, 12)), upTo, pays: 'full', target: 0, frozen }
  })
}

/** To whole hundreds, as banks give them. */
const roundUp = (cents: number) => Math.ceil(cents / 100_00) * 100_00
