import { z } from 'zod'
import { p2pTransferStatuses } from './enums.js'
import type { InputOf } from './input-of.js'
import { currency, day, exchangeRate, identifier, name, positiveMoney, text, uuid } from './values.js'

const newP2pTransferFields = {
  /** The sender. */
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  from_account_id: uuid,
  recipient_id: uuid,
  /** Above zero, in the currency of the account it leaves. */
  amount: positiveMoney,
  /** That of the account when left out. Another one is refused. */
  currency: currency.optional(),
  /** The day from which it is held; today in UTC when left out. */
  date: day.optional(),
  /** Both people see it. */
  memo: text(1000).optional(),
  /** Sent again with the same key, the money is sent once. */
  idempotency_key: identifier(200),
}

/** Money from one person to another, who has to accept it. */
export const newP2pTransfer = z
  .strictObject(newP2pTransferFields)
  .refine(({ user_id, recipient_id }) => user_id.toLowerCase() !== recipient_id.toLowerCase(), {
    error: 'must be another person: between own accounts use a transfer',
    path: ['recipient_id'],
  })

const p2pAcceptanceFields = {
  to_account_id: uuid,
  /** For an account in another currency: its units for one of what was sent. What arrives is rounded half-even. */
  rate: exchangeRate.optional(),
  /** Where the rate comes from. Required with a rate. */
  rate_source: name(200).optional(),
  /** The day it counts for on both sides; today in UTC when left out. */
  date: day.optional(),
}

/** How a recipient takes what was sent. */
export const p2pAcceptance = z
  .strictObject(p2pAcceptanceFields)
  .refine(({ rate, rate_source }) => (rate === undefined) === (rate_source === undefined), {
    error: 'say where the rate comes from',
    path: ['rate_source'],
  })

/** Which transfers between people to list. */
export const p2pTransferFilter = z.strictObject({ status: z.enum(p2pTransferStatuses).optional() })

export type NewP2pTransfer = InputOf<typeof newP2pTransferFields>
export type P2pAcceptance = InputOf<typeof p2pAcceptanceFields>
export type P2pTransferFilter = z.infer<typeof p2pTransferFilter>
