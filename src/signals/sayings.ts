import { type RawBuilder, sql } from 'kysely'

/**
 * What may be said of a movement, a bit each in its column `says`: a dozen columns of booleans took a twentieth of the time to
 * fill and to copy.
 */
const sayings = [
  // of the row
  'out',
  'in',
  'internal',
  'reversal',
  'reversed',
  // of its merchant or category
  'nameless',
  'numbered',
  'between_people',
  'of_bank',
  'is_bill',
  'is_choice',
  'is_payment',
  'is_interest',
  'is_interest_category',
  'is_late_fee',
  'is_pay',
  'is_income',
  'is_not_pay',
] as const

export type Saying = (typeof sayings)[number]

/** What is true of these, as one number. Other properties are passed over. */
export function bitsOf(said: { readonly [S in Saying]?: boolean }): number {
  return sayings.reduce((bits, saying, i) => (said[saying] === true ? bits | (1 << i) : bits), 0)
}

export const bits = (...said: Saying[]): RawBuilder<number> =>
  sql.lit(bitsOf(Object.fromEntries(said.map((saying) => [saying, true]))))

// Behind a coalesce the planner takes them for half of the rows, as it would a column: an equality is one row in 200 to it.

/** Whether a row of `movements` says any of these. */
export const says = (...any: Saying[]) => sql<boolean>`coalesce(says & ${bits(...any)} <> 0, false)`

/** Whether it says all of these and none of those. */
export const saysAll = (all: readonly Saying[], none: readonly Saying[] = []) =>
  sql<boolean>`coalesce(says & ${bits(...all, ...none)} = ${bits(...all)}, false)`
