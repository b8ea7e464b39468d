import { z } from 'zod'
import { transferMatchStatuses } from './enums.js'
import type { InputOf } from './input-of.js'
import { currency, day, exchangeRate, uuid } from './values.js'

const quotedRateFields = {
  from_currency: currency,
  to_currency: currency,
  /** Units of `to_currency` for one of `from_currency`, a decimal string. The other way around is 1 / rate. */
  rate: exchangeRate,
  /** The nearest day is taken. A rate without one is the last resort. */
  date: day.optional(),
}

/** What one unit of a currency is worth in another, on a day or at any time. */
export const quotedRate = z.strictObject(quotedRateFields)

const transferPairFields = {
  user_id: uuid,
  /** The side that money left. */
  from_transaction_id: uuid,
  /** The side that received it. */
  to_transaction_id: uuid,
}

/** Two sides of one movement. */
export const transferPair = z
  .strictObject(transferPairFields)
  .refine((pair) => pair.from_transaction_id !== pair.to_transaction_id, {
    error: 'must be another transaction',
    path: ['to_transaction_id'],
  })

const transferMatchFilterFields = {
  status: z.enum(transferMatchStatuses).optional(),
  /** Those that this transaction is a side of. */
  transaction_id: uuid.optional(),
}

/** Which matches to list. */
export const transferMatchFilter = z.strictObject(transferMatchFilterFields)

export type QuotedRate = InputOf<typeof quotedRateFields>
export type TransferPair = InputOf<typeof transferPairFields>
export type TransferMatchFilter = InputOf<typeof transferMatchFilterFields>
