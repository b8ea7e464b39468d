import type { Cadence, Service } from './merchants.js'
import { percent } from './money.js'
import type { Prng } from './prng.js'

/** A subscription of someone and what becomes of it. */
export interface ServicePlan {
  readonly service: Service
  readonly cadence: Cadence
  readonly amount: number
  /** Brought to a month. */
  readonly monthlyCost: number
  /** Days of the month, or of the cadence, on which it is charged. */
  readonly date: number
  /** In percent of the span, when each comes about. */
  readonly startsAt: number
  readonly endsAt: number | undefined
  readonly risesAt: number | undefined
  readonly renamedAt: number | undefined
  /** Charges left out from there on, because it was paused or a charge did not come. */
  readonly skips: { readonly at: number; readonly charges: number } | undefined
  /** Charged a day or two late now and then. */
  readonly drifts: boolean
  /** A second plan at the same merchant, of another amount. */
  readonly second: boolean
}

/** @param steady No changes: for those who must not have one more. */
export function servicePlans(prng: Prng, wanted: readonly Service[], steady = false): ServicePlan[] {
  return wanted.map((service): ServicePlan => {
    const { cadence = 'monthly', amounts } = service
    const amount = prng.pick(amounts)
    const fate = steady ? 100 : prng.int(1, 100)
    return {
      service,
      cadence,
      amount,
      monthlyCost: monthlyCost(amount, cadence),
      date: prng.int(1, cadence === 'monthly' ? 30 : 27),
      startsAt: fate > 78 || prng.chance(60) ? 0 : prng.int(5, 60),
      endsAt: fate <= 14 ? prng.int(45, 85) : undefined,
      risesAt: fate > 14 && fate <= 52 ? prng.int(25, 92) : undefined,
      renamedAt: service.renamed === undefined || steady ? undefined : prng.int(30, 70),
      skips:
        fate > 44 && fate <= 62 ? { at: prng.int(15, 97), charges: prng.chance(60) ? 1 : prng.int(2, 4) } : undefined,
      drifts: prng.chance(30),
      second: !steady && cadence === 'monthly' && prng.chance(5),
    }
  })
}

function monthlyCost(amount: number, cadence: Cadence): number {
  if (cadence === 'weekly') return percent(amount, 435)
  if (cadence === 'fortnightly') return percent(amount, 217)
  return cadence === 'yearly' ? Math.round(amount / 12) : amount
}
