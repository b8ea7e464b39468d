import { z } from 'zod'
import { accountStatuses, accountTypes } from './enums.js'
import type { ChangesOf, InputOf } from './input-of.js'
import { currency, identifier, money, name, nonNegativeMoney, text, uuid } from './values.js'

const newAccountFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  account_type: z.enum(accountTypes),
  name: name(200),
  institution: text(200).nullish(),
  account_number_last4: z
    .string()
    .regex(/^[0-9A-Za-z]{1,4}$/, { error: 'give only the last four characters of the account number' })
    .nullish(),
  /** ISO 4217, USD when left out. Fixed once there are transactions. */
  currency: currency.optional(),
  /** Money on it before its first row here; debt is negative. Zero when left out. */
  opening_balance: money.optional(),
  /** How far below zero movements made here may take it, as a positive number. */
  credit_limit: nonNegativeMoney.nullish(),
  /** The balance never falls below it, whoever writes. Left out: only what is moved here is stopped, at the credit limit. */
  minimum_balance: money.nullish(),
  external_id: identifier(500).nullish(),
  status: z.enum(accountStatuses).optional(),
}

/** An account of a person. Its balance starts at `opening_balance` and then follows from its transactions. */
export const newAccount = z.strictObject(newAccountFields)

/** What may change about an account. A new `opening_balance` moves the balance by the difference. */
export const accountChanges = newAccount.omit({ user_id: true, id: true, currency: true }).partial()

/** Which accounts to list. */
export const accountFilter = z.strictObject({
  account_type: z.enum(accountTypes).optional(),
  currency: currency.optional(),
  status: z.enum(accountStatuses).optional(),
})

export type NewAccount = InputOf<typeof newAccountFields>
export type AccountChanges = ChangesOf<typeof newAccountFields, 'user_id' | 'id' | 'currency'>
export type AccountFilter = z.infer<typeof accountFilter>
