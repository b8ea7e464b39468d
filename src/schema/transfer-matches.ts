import { z } from 'zod'
import { transferMatchStatuses } from './enums.js'
import { currency, day, exchangeRate, uuid } from './values.js'

/** What one unit of a currency is worth in another, on a day or at any time. */
export const quotedRate = z.strictObject({
  from_currency: currency,
  to_currency: currency,
  /** Units of `to_currency` for one of `from_currency`, a decimal string. The other way around is 1 / rate. */
  rate: exchangeRate,
  /** The nearest day is taken. A rate without one is the last resort. */
  date: day.optional(),
})

/** Two sides of one movement. */
export const transferPair = z
  .strictObject({
    user_id: uuid,
    /** The side that money left. */
    from_transaction_id: uuid,
    /** The side that received it. */
    to_transaction_id: uuid,
  })
  .refine((pair) => pair.from_transaction_id !== pair.to_transaction_id, {
    error: 'must be another transaction',
    path: ['to_transaction_id'],
  })

/** Which matches to list. */
export const transferMatchFilter = z.strictObject({
  status: z.enum(transferMatchStatuses).optional(),
  /** Those that this transaction is a side of. */
  transaction_id: uuid.optional(),
})

export type QuotedRate = z.infer<typeof quotedRate>
export type TransferPair = z.infer<typeof transferPair>
export type TransferMatchFilter = z.infer<typeof transferMatchFilter>
