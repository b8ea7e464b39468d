import { timeWindows } from '../../schema/enums.js'
import type { ComputedFeature } from '../../schema/rows.js'
import {
  creditUtilizationSignal,
  incomeStabilitySignal,
  savingsBehaviorSignal,
  subscriptionSignal,
} from '../../schema/signals.js'
import { change, money } from '../format.js'
import type { Html } from './html.js'
import { none, percent, table } from './parts.js'

interface Line {
  readonly label: string
  readonly value: string
}

/** The signals of each window beside each other, as text. A host's own are named only. */
export function signalParts(
  features: readonly ComputedFeature[],
  accounts: readonly { readonly id: string; readonly name: string }[],
): Html[] {
  if (features.length === 0) return [none('None yet: signals.compute writes them.')]
  const windows = timeWindows.filter((window) => features.some(({ time_window }) => time_window === window))
  const names = new Map(accounts.map(({ id, name }) => [id, name]))
  const cells = new Map<string, Map<string, string>>()
  for (const feature of features) {
    for (const { label, value } of lines(feature, names)) {
      const row = cells.get(label) ?? new Map<string, string>()
      cells.set(label, row.set(feature.time_window, value))
    }
  }
  return [
    table({
      caption: `Signals, as computed last: ${asOf(features)}`,
      columns: [
        { title: 'Signal', cell: ([label]) => label },
        ...windows.map((window) => ({
          title: `${Number.parseInt(window, 10)} days`,
          figure: true,
          cell: ([, values]: [string, Map<string, string>]) => values.get(window) ?? '–',
        })),
      ],
      rows: [...cells],
    }),
  ]
}

function asOf(features: readonly ComputedFeature[]): string {
  const days = features.flatMap(({ signal_value }) =>
    typeof signal_value.as_of === 'string' ? [signal_value.as_of] : [],
  )
  const [first, last] = [days.toSorted()[0], days.toSorted().at(-1)]
  if (first === undefined || last === undefined) return 'of no day'
  return first === last ? `as of ${first}` : `as of ${first} to ${last}`
}

function lines({ signal_type, signal_value }: ComputedFeature, names: ReadonlyMap<string, string>): Line[] {
  if (signal_type === 'subscription') return subscription(signal_value)
  if (signal_type === 'savings_behavior') return savings(signal_value)
  if (signal_type === 'income_stability') return income(signal_value)
  if (signal_type.startsWith('credit_utilization_')) return card(signal_value, names)
  return [{ label: signal_type, value: 'there' }]
}

function subscription(value: unknown): Line[] {
  const { data } = subscriptionSignal.safeParse(value)
  if (data === undefined) return []
  return [data, ...data.other_currencies].flatMap(
    ({ currency, monthly_spend, monthly_bills, share_of_spending }, i) => [
      ...(i === 0 ? [{ label: 'Subscriptions', value: String(data.subscriptions) }] : []),
      { label: `Subscriptions a month, ${currency}`, value: money(monthly_spend, currency) },
      { label: `Subscriptions, share of spending, ${currency}`, value: percent(share_of_spending) },
      { label: `Bills a month, ${currency}`, value: money(monthly_bills, currency) },
    ],
  )
}

function savings(value: unknown): Line[] {
  const { data } = savingsBehaviorSignal.safeParse(value)
  if (data === undefined) return []
  return [data, ...data.other_currencies].flatMap(({ currency, ...of }) => [
    { label: `Savings, ${currency}`, value: money(of.balance, currency) },
    { label: `Put aside a month, ${currency}`, value: change(of.monthly_net_inflow, currency) },
    { label: `Growth of savings, ${currency}`, value: of.growth_rate === null ? 'unknown' : percent(of.growth_rate) },
    { label: `Savings last, ${currency}`, value: months(of.emergency_fund_months) },
  ])
}

function income(value: unknown): Line[] {
  const { data } = incomeStabilitySignal.safeParse(value)
  if (data === undefined) return []
  return [data, ...data.other_currencies].flatMap(({ currency, ...of }) => [
    { label: `Pay, ${currency}`, value: money(of.total, currency) },
    { label: `Days with pay, ${currency}`, value: String(of.payments) },
    {
      label: `Days between pay, ${currency}`,
      value: of.median_gap_days === null ? 'unknown' : String(of.median_gap_days),
    },
    { label: `Money at hand lasts, ${currency}`, value: months(of.cash_flow_buffer_months) },
  ])
}

function card(value: unknown, names: ReadonlyMap<string, string>): Line[] {
  const { data } = creditUtilizationSignal.safeParse(value)
  if (data === undefined) return []
  const { currency, owed, utilization, interest_charged, minimum_payment_only, overdue } = data
  const name = names.get(data.account_id) ?? 'a card'
  const warnings = [
    interest_charged && 'interest',
    minimum_payment_only && 'only the least paid',
    overdue && 'overdue',
  ].filter((warning) => warning !== false)
  return [
    { label: `${name}: owed, ${currency}`, value: money(owed, currency) },
    { label: `${name}: part of the limit`, value: utilization === null ? 'unknown' : percent(utilization) },
    { label: `${name}: to watch`, value: warnings.length === 0 ? 'nothing' : warnings.join(', ') },
  ]
}

function months(value: number | null): string {
  return value === null ? 'unknown' : `${value.toFixed(1)} months`
}
