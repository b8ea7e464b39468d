import type { CadenceName } from '../schema/signals.js'

/** How often something recurs. `months` of 0: counted in days; else in calendar months. */
export interface Cadence {
  readonly name: CadenceName
  readonly months: number
  readonly days: number
  /** The middle gap of a stream, in days, that makes it a candidate. */
  readonly between: readonly [number, number]
  /** How many days a charge may be early or late: weekends, holidays, ends of months. */
  readonly tolerance: number
}

/** 146,097 days in 4,800 months (Gregorian calendar). */
export const monthDays = 30.436875

const byDays = (name: CadenceName, days: number, between: readonly [number, number], tolerance: number): Cadence => ({
  name,
  months: 0,
  days,
  between,
  tolerance,
})
const byMonths = (
  name: CadenceName,
  months: number,
  between: readonly [number, number],
  tolerance: number,
): Cadence => ({
  name,
  months,
  days: months * monthDays,
  between,
  tolerance,
})

/** A stream of every cadence that its middle gap allows is tried; the one that it keeps best wins. */
export const cadences: readonly Cadence[] = [
  byDays('weekly', 7, [6, 8], 2),
  byDays('fortnightly', 14, [12, 16], 3),
  byDays('semi_monthly', monthDays / 2, [13, 17], 4),
  byDays('four_weekly', 28, [26, 30], 2),
  // A month to whoever counts days: prepaid plans, and what is paid for 30 days.
  byDays('monthly', 30, [29, 31], 2),
  byMonths('monthly', 1, [26, 35], 5),
  byMonths('two_monthly', 2, [55, 67], 6),
  // Twelve weeks: what is sent for 84 days.
  byDays('quarterly', 84, [82, 86], 3),
  byMonths('quarterly', 3, [85, 98], 8),
  byMonths('half_yearly', 6, [174, 191], 10),
  byMonths('yearly', 12, [355, 376], 10),
]
