import { z } from 'zod'
import { directions, transactionStatuses } from './enums.js'
import type { InputOf } from './input-of.js'
import { currency, day, identifier, instant, money, name, text, uuid } from './values.js'

const newTransactionFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  account_id: uuid,
  /** The day it counts for, as the bank books it. */
  date: day,
  merchant: text(500),
  /** In the currency of the account. Into the account is positive, out of it negative. */
  amount: money,
  /** That of the account when left out. Another one is refused. */
  currency: currency.optional(),
  category: name(200).optional(),
  description: text(10_000).optional(),
  is_subscription: z.boolean().optional(),
  /** `posted` when left out. Pending rows are not in the balance. */
  status: z.enum(['pending', 'posted']).optional(),
  /** When it was posted; now when left out. Not for pending rows. */
  posted_at: instant.optional(),
  /** The id that the bank gave it, unique within the account. */
  external_id: identifier(500).nullish(),
  /** What writes it, `manual` when left out. */
  source: name(100).optional(),
  /** Sent again with the same key, the transaction is written once. */
  idempotency_key: identifier(200).nullish(),
  /** The pending row that this one replaces. */
  pending_id: uuid.nullish(),
}

/** One movement of money on an account. */
export const newTransaction = z
  .strictObject(newTransactionFields)
  .refine(({ status, posted_at }) => status !== 'pending' || posted_at === undefined, {
    error: 'a pending transaction has not been posted: leave posted_at out',
    path: ['posted_at'],
  })

/** What may change about a transaction, posted or not: how it is told, never what it is. */
export const transactionChanges = z.strictObject({
  merchant: text(500).optional(),
  category: name(200).optional(),
  description: text(10_000).optional(),
  is_subscription: z.boolean().optional(),
})

/** Which transactions to list. Days and amounts are inclusive. */
export const transactionFilter = z.strictObject({
  account_id: uuid.optional(),
  from: day.optional(),
  to: day.optional(),
  category: z.string().optional(),
  merchant: z.string().optional(),
  direction: z.enum(directions).optional(),
  status: z.enum(transactionStatuses).optional(),
  is_subscription: z.boolean().optional(),
  min_amount: money.optional(),
  max_amount: money.optional(),
})

export type NewTransaction = InputOf<typeof newTransactionFields>
export type TransactionChanges = z.infer<typeof transactionChanges>
export type TransactionFilter = z.infer<typeof transactionFilter>
