import { z } from 'zod'
import { currency, day, jsonObject, money, uuid } from './values.js'

/** The JSON of `computed_features.signal_value`, one schema a family of signals. Ratios are numbers, money is exact. */

/**
 * How often something is charged, the most often first. `semi_monthly` is twice a month, `four_weekly` every 28 days, `monthly`
 * by the calendar or every 30 days.
 */
export const cadenceNames = [
  'weekly',
  'fortnightly',
  'semi_monthly',
  'four_weekly',
  'monthly',
  'two_monthly',
  'quarterly',
  'half_yearly',
  'yearly',
] as const

const recurringMerchant = z.object({
  /** A bill has to be paid: rent, power, insurance. A subscription is a choice. */
  kind: z.enum(['subscription', 'bill']),
  /** As the bank named it last. */
  merchant: z.string(),
  currency,
  cadence: z.enum(cadenceNames),
  /** What the next charge is expected to be, positive. */
  amount: money,
  /** `amount` brought to a month, positive. */
  monthly_amount: money,
  /** All charges that it was found by, those before the window too. */
  occurrences: z.number().int().min(2),
  charges_in_window: z.number().int().min(0),
  last_date: day,
  next_date: day,
  /** False: it has ended. */
  active: z.boolean(),
  confidence: z.number().min(0).max(1),
})

const recurringSpend = {
  /** The active subscriptions, brought to a month, positive. Bills are left aside. */
  monthly_spend: money,
  /** Part of all spending in the window that charges of subscriptions are, 0 to 1. */
  share_of_spending: z.number().min(0).max(1),
  /** The active bills, brought to a month, positive. */
  monthly_bills: money,
}

/** The same figures for the person's other currencies, since no figure mixes two. */
const inOtherCurrencies = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.array(z.object({ currency, ...shape })).default([])

/** Charges that come again and again: those that are active, and those that were in the window. */
export const subscriptionSignal = z.object({
  as_of: day,
  /** The one that most of the person's transactions are in. */
  currency,
  recurring_merchants: z.array(recurringMerchant),
  /** How many active subscriptions there are, in any currency. Bills are left aside. */
  subscriptions: z.number().int().min(0),
  ...recurringSpend,
  other_currencies: inOtherCurrencies(recurringSpend),
})

/** How much of a card's limit is used. */
export const creditUtilizationSignal = z.object({
  as_of: day,
  account_id: uuid,
  currency,
  /** What is owed, positive. */
  owed: money,
  /** Null when it is not known. */
  credit_limit: money.nullable(),
  /** owed / credit_limit: 0.5 is half of the limit. Null without a limit. */
  utilization: z.number().min(0).nullable(),
  at_30_percent: z.boolean(),
  at_50_percent: z.boolean(),
  at_80_percent: z.boolean(),
  /** Every payment in the window was about the least that banks ask: 5 % of what was owed, or 1 % of the limit. */
  minimum_payment_only: z.boolean(),
  /** Interest was charged in the window. */
  interest_charged: z.boolean(),
  /** A late fee in the window, or a debt of 45 days and no payment since. */
  overdue: z.boolean(),
  /** In the window. */
  payments: z.number().int().min(0),
})

const savings = {
  /** What went into savings-like accounts less what came out, interest left aside. */
  net_inflow: money,
  monthly_net_inflow: money,
  /** Growth of the savings over the window: 0.02 is 2 %. Null when there was nothing to grow. */
  growth_rate: z.number().nullable(),
  /** On savings-like accounts at the end of `as_of`. */
  balance: money,
  /** Savings divided by the average expenses of a month. Null without expenses. */
  emergency_fund_months: z.number().nullable(),
}

/** Whether money is being put aside. */
export const savingsBehaviorSignal = z.object({
  as_of: day,
  currency,
  ...savings,
  other_currencies: inOtherCurrencies(savings),
})

const income = {
  /** Days with pay in the window. */
  payments: z.number().int().min(0),
  /** Pay in the window, positive. */
  total: money,
  /** Days between payments, the middle value; of the months before too when the window has none. Null with fewer than two. */
  median_gap_days: z.number().nullable(),
  /** Standard deviation of the payments divided by their mean. Null with fewer than two. */
  variability: z.number().nullable(),
  /** Money at hand, on checking accounts, divided by the average expenses of a month. Null without expenses. */
  cash_flow_buffer_months: z.number().nullable(),
}

/** How steadily pay arrives. */
export const incomeStabilitySignal = z.object({
  as_of: day,
  currency,
  ...income,
  other_currencies: inOtherCurrencies(income),
})

export type CadenceName = (typeof cadenceNames)[number]
export type SubscriptionSignal = z.infer<typeof subscriptionSignal>
export type CreditUtilizationSignal = z.infer<typeof creditUtilizationSignal>
export type SavingsBehaviorSignal = z.infer<typeof savingsBehaviorSignal>
export type IncomeStabilitySignal = z.infer<typeof incomeStabilitySignal>

/** The schema that belongs to a signal type. A host's own types hold any JSON object. */
export function signalValueSchema(signalType: string): z.ZodType<Record<string, unknown>> {
  if (signalType === 'subscription') return subscriptionSignal
  if (signalType === 'savings_behavior') return savingsBehaviorSignal
  if (signalType === 'income_stability') return incomeStabilitySignal
  if (signalType.startsWith('credit_utilization_')) return creditUtilizationSignal
  return jsonObject
}
