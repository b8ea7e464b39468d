import { z } from 'zod'
import { day, identifier, instant, money } from './values.js'

/** At what time a balance is asked for. */
export const asOf = z
  .strictObject({
    /** At the end of this day, by the day that movements count for. */
    day: day.optional(),
    /** At this instant, by `posted_at`. */
    instant: instant.optional(),
    /** As it was known then: without what was recorded here later, back-dated or not. */
    knownAt: instant.optional(),
  })
  .refine(({ day, instant }) => day === undefined || instant === undefined, {
    error: 'give either a day or an instant',
    path: ['instant'],
  })

/** One row of a bank's statement. */
export const statementRow = z.strictObject({
  date: day,
  /** Into the account is positive. */
  amount: money,
  /** What the bank knows it by: then it is compared with the transaction of that id. */
  external_id: identifier(500).optional(),
  /** What the account holds after it, if the statement says so. */
  balance: money.optional(),
})

/** What a bank says happened on an account. */
export const statement = z
  .strictObject({
    /** In order of time, either way. */
    rows: z.array(statementRow),
    /** The days it covers; those of its first and last row when left out. */
    from: day.optional(),
    to: day.optional(),
    /** Before its first row. */
    opening_balance: money.optional(),
    /** After its last row. */
    closing_balance: money.optional(),
  })
  .refine(({ rows, from, to }) => rows.length > 0 || (from !== undefined && to !== undefined), {
    error: 'a statement without rows needs the days it covers',
    path: ['from'],
  })

export type AsOf = z.infer<typeof asOf>
export type StatementRow = z.infer<typeof statementRow>
export type Statement = z.infer<typeof statement>
