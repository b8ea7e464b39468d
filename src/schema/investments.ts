import { z } from 'zod'
import { assetClasses } from './enums.js'
import type { ChangesOf, InputOf } from './input-of.js'
import { currency, day, name, nonNegativeMoney, uuid } from './values.js'

/** An exact number as `numeric(28,10)` holds it: at most 18 digits before the point and 10 after it. */
export const quantity = z
  .string({ error: 'give a decimal string such as "0.5", never a number' })
  .regex(/^-?\d{1,18}(\.\d{1,10})?$/, {
    error: 'give a decimal string such as "0.5": at most 18 digits before the point and 10 after it',
  })

/** Of one unit. It has more decimals than money, as coins and funds need. */
export const unitPrice = quantity.refine((value) => !value.startsWith('-'), { error: 'must not be negative' })

const symbol = name(100)

const newInvestmentFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  account_id: uuid,
  /** Such as `VTI` or `BTC`. One holding of it an account. */
  symbol,
  name: name(500),
  asset_class: z.enum(assetClasses),
  /** Units; negative when sold short. */
  quantity,
  /** What the whole holding cost, or brought when it was sold short, never negative. */
  cost_basis: nonNegativeMoney,
  price: unitPrice,
  /** The day of that price. */
  price_date: day,
  /** Of `cost_basis` and `price`, ISO 4217. May differ from that of the account. */
  currency,
}

/** What an account holds of one symbol, with its latest price. */
export const newInvestment = z.strictObject(newInvestmentFields)

/** What may change about a holding. A price comes with its day; a newer one for everybody comes by `setPrice`. */
export const investmentChanges = newInvestment
  .omit({ user_id: true, id: true, account_id: true, currency: true })
  .partial()
  .refine(({ price, price_date }) => (price === undefined) === (price_date === undefined), {
    error: 'give price and price_date together',
    path: ['price_date'],
  })

/** Which holdings to list. */
export const investmentFilter = z.strictObject({
  account_id: uuid.optional(),
  asset_class: z.enum(assetClasses).optional(),
  currency: currency.optional(),
  symbol: symbol.optional(),
})

/** The price of one unit of a symbol in a currency, as of a day. */
export const symbolPrice = z.strictObject({ symbol, currency, price: unitPrice, price_date: day })

/** {@link symbolPrice}, each symbol in each currency once. */
export const symbolPrices = z.array(symbolPrice).superRefine((prices, context) => {
  const seen = new Set<string>()
  for (const [i, price] of prices.entries()) {
    const key = `${price.currency} ${price.symbol}`
    if (seen.has(key)) {
      context.addIssue({ code: 'custom', path: [i, 'symbol'], message: 'has a price in this currency already' })
    }
    seen.add(key)
  }
})

export type NewInvestment = InputOf<typeof newInvestmentFields>
export type InvestmentChanges = ChangesOf<typeof newInvestmentFields, 'user_id' | 'id' | 'account_id' | 'currency'>
export type InvestmentFilter = z.infer<typeof investmentFilter>
export type SymbolPrice = z.infer<typeof symbolPrice>
