import { z } from 'zod'
import { transferStatuses } from './enums.js'
import type { InputOf } from './input-of.js'
import { day, exchangeRate, identifier, name, positiveMoney, text, uuid } from './values.js'

const newTransferFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  from_account_id: uuid,
  to_account_id: uuid,
  /** What leaves, above zero, in the currency of the account it leaves. */
  amount: positiveMoney,
  /** Units of the other currency for one of this. What arrives is rounded half-even to the decimals of its currency. */
  rate: exchangeRate.optional(),
  /** Instead of a rate: what arrives, as the bank says. */
  to_amount: positiveMoney.optional(),
  /** Where the rate, or the amount that arrives, comes from. Required with either. */
  rate_source: name(200).optional(),
  /** The day it counts for; today in UTC when left out. */
  date: day.optional(),
  memo: text(1000).optional(),
  /** Sent again with the same key, the money moves once. */
  idempotency_key: identifier(200),
}

/** Money from one account of a person to another. */
export const newTransfer = z
  .strictObject(newTransferFields)
  .refine(({ rate, to_amount }) => rate === undefined || to_amount === undefined, {
    error: 'give either the rate or what arrives',
    path: ['to_amount'],
  })
  .refine(({ rate, rate_source }) => rate === undefined || rate_source !== undefined, {
    error: 'say where the rate comes from',
    path: ['rate_source'],
  })
  .refine(({ from_account_id, to_account_id }) => from_account_id.toLowerCase() !== to_account_id.toLowerCase(), {
    error: 'must be another account',
    path: ['to_account_id'],
  })

const transferFilterFields = {
  /** On either side. */
  account_id: uuid.optional(),
  status: z.enum(transferStatuses).optional(),
  from: day.optional(),
  to: day.optional(),
}

/** Which transfers to list. Days are inclusive. */
export const transferFilter = z.strictObject(transferFilterFields)

export type NewTransfer = InputOf<typeof newTransferFields>
export type TransferFilter = InputOf<typeof transferFilterFields>
