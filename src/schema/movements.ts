import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { newTransaction } from './transactions.js'
import { day, identifier, instant, money, name, text } from './values.js'

/** A movement to post now, on an account that must be active and have that much available. */
export const newPosting = z.strictObject({ ...newTransaction.shape }).omit({ status: true })

/** Money to hold until it is settled or released. Below zero takes it from what is available; above zero only announces it. */
export const newHold = z
  .strictObject({ ...newTransaction.shape })
  .omit({ status: true, posted_at: true, pending_id: true })

const settlementFields = {
  /** What it came to, in the direction of the hold; the amount held when left out. What is not taken is free again. */
  amount: money.optional(),
  /** The day it counts for; that of the hold when left out. */
  date: day.optional(),
  /** Now when left out. */
  posted_at: instant.optional(),
}

/** How what was held is posted. */
export const settlement = z.strictObject(settlementFields)

const reversalFields = {
  /** The day the reversal counts for; today in UTC when left out, since the day of the original may be closed. */
  date: day.optional(),
  description: text(10_000).optional(),
  /** What writes it, `manual` when left out. */
  source: name(100).optional(),
  idempotency_key: identifier(200).nullish(),
  /** Take it back although the money is not there any more, as with a chargeback. `minimum_balance` holds all the same. */
  overdraw: z.boolean().optional(),
}

/** How a posted transaction is taken back. */
export const reversal = z.strictObject(reversalFields)

const transferReversalFields = {
  date: day.optional(),
  memo: text(1000).optional(),
  /** When left out, one that is made of the id of the transfer. */
  idempotency_key: identifier(200).optional(),
  overdraw: z.boolean().optional(),
}

/** How a transfer between own accounts is taken back. */
export const transferReversal = z.strictObject(transferReversalFields)

export type NewPosting = z.infer<typeof newPosting>
export type NewHold = z.infer<typeof newHold>
export type Settlement = InputOf<typeof settlementFields>
export type Reversal = InputOf<typeof reversalFields>
export type TransferReversal = InputOf<typeof transferReversalFields>
