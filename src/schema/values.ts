import { z } from 'zod'
import { containsCardNumber } from './card-numbers.js'

/** Schemas of single values, which the tables' schemas are made of. */

/** A UUID of any version or none: what Postgres takes. */
export const uuid = z.guid()

/**
 * Exact money: a decimal string in the currency's major unit, such as `'-12.50'`. At most 15 digits before the point and
 * 4 after it, as `numeric(19,4)` holds. JavaScript numbers are refused: they cannot hold every cent.
 */
export const money = z
  .string({ error: 'give money as a decimal string such as "-12.50", never as a number' })
  .regex(/^-?\d{1,15}(\.\d{1,4})?$/, {
    error: 'give money as a decimal string such as "-12.50": at most 15 digits before the point and 4 after it',
  })

/** Money that cannot be below zero, such as a credit limit. */
export const nonNegativeMoney = money.refine((value) => !value.startsWith('-'), { error: 'must not be negative' })

/** Money that is moved: above zero, whichever way it goes. */
export const positiveMoney = money.refine((value) => !value.startsWith('-') && /[1-9]/.test(value), {
  error: 'must be above zero',
})

/** An exchange rate: a decimal string above zero, at most 10 digits after the point, as `numeric(28,10)` holds. */
export const exchangeRate = z
  .string({ error: 'give a rate as a decimal string such as "1.0842", never as a number' })
  .regex(/^\d{1,18}(\.\d{1,10})?$/, { error: 'give a rate as a decimal string such as "1.0842"' })
  .refine((value) => /[1-9]/.test(value), { error: 'must be above zero' })

/** An ISO 4217 code in capitals. */
export const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'give an ISO 4217 code such as "USD"' })

/** A calendar day that exists, `'YYYY-MM-DD'`, without a time zone. */
export const day = z.iso
  .date({ error: 'give a calendar day as "YYYY-MM-DD"' })
  .refine((value) => value >= '0001-01-01', {
    error: 'give a day from the year 0001 on',
  })

/** A point in time. The database keeps milliseconds. */
export const instant = z.date({ error: 'give a Date' })

const cardNumberRefused = 'must not contain a full card number: leave it out, or all of it but the last four digits'

/** Words of people or banks: {@link plainText} without a full card number, see {@link containsCardNumber}. */
export function text(max: number) {
  return plainText(max).refine((value) => !containsCardNumber(value), { error: cardNumberRefused })
}

/** {@link text} of at least one character. */
export function name(max: number) {
  return text(max).min(1)
}

/** As people write it. Up to 15 digits are a phone number (E.164), even where they could be a card number. */
export const phoneNumber = plainText(50).refine(
  (value) => value.replace(/\D/g, '').length <= 15 || !containsCardNumber(value),
  { error: cardNumberRefused },
)

/** What a machine made and only machines read, such as the id that a bank gave: any characters, at least one. */
export function identifier(max: number) {
  return plainText(max).min(1)
}

/** Text that Postgres can hold as it stands: no NUL character, no half of a surrogate pair. */
function plainText(max: number) {
  return z
    .string()
    .max(max)
    .refine((value) => !value.includes('\0') && value.isWellFormed(), {
      error: 'must not contain NUL characters or broken Unicode',
    })
}

/** Any JSON object. */
export const jsonObject = z.record(z.string(), z.json())
