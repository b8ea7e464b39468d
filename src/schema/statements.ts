import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { day, identifier, instant, money } from './values.js'

const asOfFields = {
  /** At the end of this day, by the day that movements count for. */
  day: day.optional(),
  /** At this instant, by `posted_at`. */
  instant: instant.optional(),
  /** As it was known then: without what was recorded here later, back-dated or not. */
  knownAt: instant.optional(),
}

/** At what time a balance is asked for. */
export const asOf = z
  .strictObject(asOfFields)
  .refine(({ day, instant }) => day === undefined || instant === undefined, {
    error: 'give either a day or an instant',
    path: ['instant'],
  })

const statementRowFields = {
  date: day,
  /** Into the account is positive. */
  amount: money,
  /** What the bank knows it by: then it is compared with the transaction of that id. */
  external_id: identifier(500).optional(),
  /** What the account holds after it, if the statement says so. */
  balance: money.optional(),
}

/** One row of a bank's statement. */
export const statementRow = z.strictObject(statementRowFields)

const statementFields = {
  /** In order of time, either way. */
  rows: z.array(statementRow),
  /** The days it covers; those of its first and last row when left out. */
  from: day.optional(),
  to: day.optional(),
  /** Before its first row. */
  opening_balance: money.optional(),
  /** After its last row. */
  closing_balance: money.optional(),
}

/** What a bank says happened on an account. */
export const statement = z
  .strictObject(statementFields)
  .refine(({ rows, from, to }) => rows.length > 0 || (from !== undefined && to !== undefined), {
    error: 'a statement without rows needs the days it covers',
    path: ['from'],
  })

export type AsOf = InputOf<typeof asOfFields>
export type StatementRow = InputOf<typeof statementRowFields>
export type Statement = InputOf<typeof statementFields>
