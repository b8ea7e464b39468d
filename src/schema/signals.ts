import { z } from 'zod'
import { currency, day, jsonObject, money, uuid } from './values.js'

/** The JSON of `computed_features.signal_value`, one schema a family of signals. Ratios are numbers, money is exact. */

/** Charges that come again and again. */
export const subscriptionSignal = z.object({
  as_of: day,
  currency,
  recurring_merchants: z.array(
    z.object({
      merchant: z.string(),
      cadence: z.enum(['weekly', 'fortnightly', 'monthly', 'yearly']),
      /** What it costs each time, positive. */
      amount: money,
      occurrences: z.number().int().min(1),
      last_date: day,
      next_date: day.optional(),
    }),
  ),
  /** All of them brought to a month, positive. */
  monthly_spend: money,
  /** Part of all spending in the window, 0 to 1. */
  share_of_spending: z.number().min(0).max(1),
})

/** How much of a card's limit is used. */
export const creditUtilizationSignal = z.object({
  as_of: day,
  account_id: uuid,
  currency,
  /** What is owed, positive. */
  owed: money,
  credit_limit: money,
  /** owed / credit_limit: 0.5 is half of the limit. */
  utilization: z.number().min(0),
  at_30_percent: z.boolean(),
  at_50_percent: z.boolean(),
  at_80_percent: z.boolean(),
  minimum_payment_only: z.boolean(),
  interest_charged: z.boolean(),
  overdue: z.boolean(),
})

/** Whether money is being put aside. */
export const savingsBehaviorSignal = z.object({
  as_of: day,
  currency,
  /** What went into savings-like accounts less what came out. */
  net_inflow: money,
  monthly_net_inflow: money,
  /** Growth of the savings over the window: 0.02 is 2 %. Null when there was nothing to grow. */
  growth_rate: z.number().nullable(),
  /** Savings divided by the average expenses of a month. Null without expenses. */
  emergency_fund_months: z.number().nullable(),
})

/** How steadily pay arrives. */
export const incomeStabilitySignal = z.object({
  as_of: day,
  currency,
  payments: z.number().int().min(0),
  /** Days between payments, the middle value. Null with fewer than two. */
  median_gap_days: z.number().nullable(),
  /** Standard deviation of the payments divided by their mean. Null with fewer than two. */
  variability: z.number().nullable(),
  /** Money at hand divided by the average expenses of a month. Null without expenses. */
  cash_flow_buffer_months: z.number().nullable(),
})

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
