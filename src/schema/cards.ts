import { z } from 'zod'
import { isCardNumber } from './card-numbers.js'
import { cardStatuses } from './enums.js'
import type { ChangesOf, InputOf } from './input-of.js'
import { day, identifier, name, uuid } from './values.js'

const expMonth = z.int().min(1).max(12)
const expYear = z.int().min(2000, { error: 'give all four digits of the year' }).max(2999)
const last4 = z.string().regex(/^\d{4}$/, { error: 'give the last four digits of the card number' })

const newCardFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  account_id: uuid,
  /** Such as `visa`. */
  brand: name(50),
  last4,
  exp_month: expMonth,
  exp_year: expYear,
  /** What the processor knows the card by, in clear: it is encrypted before it leaves the process. Never a card number. */
  token: identifier(2000).refine((token) => !isCardNumber(token.replace(/[ -]/g, '')), {
    error: 'must not be a card number: give the token of the card processor',
  }),
  status: z.enum(cardStatuses).optional(),
}

/** A payment card of an account, known to its processor by a token. */
export const newCard = z.strictObject(newCardFields)

/** What may change about a card. Its status has verbs of its own. */
export const cardChanges = z
  .strictObject({
    brand: name(50).optional(),
    last4: last4.optional(),
    exp_month: expMonth.optional(),
    exp_year: expYear.optional(),
  })
  .refine(({ exp_month, exp_year }) => (exp_month === undefined) === (exp_year === undefined), {
    error: 'give exp_month and exp_year together',
    path: ['exp_year'],
  })

/** Which cards to list. */
export const cardFilter = z.strictObject({
  account_id: uuid.optional(),
  status: z.enum(cardStatuses).optional(),
})

/** A card is good through the last day of its month: those of June 2026 end before `'2026-07-01'`. */
export const cardExpiry = z.strictObject({ before: day })

export type NewCard = InputOf<typeof newCardFields>
export type CardChanges = ChangesOf<typeof newCardFields, 'user_id' | 'id' | 'account_id' | 'token' | 'status'>
export type CardFilter = z.infer<typeof cardFilter>
export type CardExpiry = z.infer<typeof cardExpiry>
