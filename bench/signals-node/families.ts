import { monthDays } from '../../src/signals/cadences.js'
import type { Day } from './calendar.js'
import { type Decimal, decimal, decimalOf, divide, money, plus, ratio, variability } from './decimal.js'
import { type Account, type Credit, isSavings, type Movements, type Purse, windows } from './movements.js'
import { findStreams, type Stream } from './streams.js'

export interface Feature {
  readonly time_window: string
  readonly signal_type: string
  readonly signal_value: Readonly<Record<string, unknown>>
}

const none = decimal(0)
const month = decimalOf(monthDays)
/** Months that the windows are long. */
const months = windows.map(({ days }) => divide(decimal(days, 0), month))

/** All families in all windows, the windows of a family together. */
export function featuresOf({ accounts, purses }: Movements, asOf: Day): Feature[] {
  if (accounts.length === 0) return []
  const [main, ...others] = [...purses.values()].sort(
    (a, b) => b.rows - a.rows || (a.currency < b.currency ? -1 : 1),
  ) as [Purse, ...Purse[]]
  others.sort((a, b) => (a.currency < b.currency ? -1 : 1))
  const figures = new Map([...purses.values()].map((purse) => [purse, figuresOf(purse, accounts, asOf)]))
  const recurring = [...figures]
    .flatMap(([{ currency }, { streams }]) => streams.map((stream) => ({ stream, entry: listed(stream, currency) })))
    .sort(dearestFirst)
  const subscriptions = recurring.filter(({ stream }) => stream.active && !stream.isBill).length
  const families = ['subscription', 'savings_behavior', 'income_stability'] as const
  return windows.flatMap(({ name: time_window, days }, i) => [
    ...families.map((signal_type) => ({
      time_window,
      signal_type,
      signal_value: {
        ...(signal_type === 'subscription' && { recurring_merchants: merchantsIn(recurring, i), subscriptions }),
        ...figures.get(main)?.[signal_type][i],
        as_of: asOf.text,
        currency: main.currency,
        other_currencies: others.map((purse) => ({
          ...figures.get(purse)?.[signal_type][i],
          currency: purse.currency,
        })),
      },
    })),
    ...accounts
      .filter(
        (account) => account.account_type === 'credit_card' && (account.status !== 'closed' || account.balance < 0),
      )
      .map((card) => ({
        time_window,
        signal_type: `credit_utilization_${card.id}`,
        signal_value: credit(card, asOf, asOf.number - days),
      })),
  ])
}

function figuresOf(purse: Purse, accounts: readonly Account[], asOf: Day) {
  const { streams, shops } = findStreams(purse, asOf)
  const balanceOf = (is: (type: string) => boolean) => {
    const held = accounts.filter((account) => account.purse === purse && is(account.account_type))
    return held.length === 0 ? null : held.reduce((sum, { balance }) => sum + balance, 0)
  }
  const [checking, savings] = [balanceOf((type) => type === 'checking'), balanceOf(isSavings)]
  const paydays = paydaysOf(purse.credits, shops)
  const monthly = (is: boolean) =>
    money(
      streams.reduce((sum, { active, isBill, monthly }) => (active && isBill === is ? plus(sum, monthly) : sum), none),
    )
  const recurs = { monthly_spend: monthly(false), monthly_bills: monthly(true) }
  const perWindow = windows.map(({ days }, i) => {
    const start = asOf.number - days
    const [spent, grown, inflow] = [purse.spent[i] as number, purse.grown[i] as number, purse.inflow[i] as number]
    const expenses = spent > 0 ? divide(decimal(spent), months[i] as Decimal) : null
    const lasts = (balance: number | null) =>
      expenses === null ? null : ratio(divide(decimal(Math.max(0, balance ?? 0)), expenses))
    const before = savings === null ? 0 : savings - grown
    return {
      subscription: { ...recurs, share_of_spending: share(streams, spent, i) },
      savings_behavior: {
        net_inflow: money(inflow),
        monthly_net_inflow: money(divide(decimal(inflow), months[i] as Decimal)),
        growth_rate: before > 0 ? ratio(divide(decimal(grown), decimal(before))) : null,
        balance: money(savings ?? 0),
        emergency_fund_months: lasts(savings),
      },
      income_stability: { ...income(paydays, start), cash_flow_buffer_months: lasts(checking) },
    }
  })
  const inWindows = <Family extends keyof (typeof perWindow)[number]>(family: Family) =>
    perWindow.map((all) => all[family])
  return {
    streams,
    subscription: inWindows('subscription'),
    savings_behavior: inWindows('savings_behavior'),
    income_stability: inWindows('income_stability'),
  }
}

function share(streams: readonly Stream[], spent: number, window: number): number {
  let charged = 0
  for (const { isBill, inWindows } of streams) if (!isBill) charged += inWindows[window]?.charged ?? 0
  return spent <= 0 || charged === 0 ? 0 : Math.min(1, ratio(divide(decimal(charged), decimal(spent))) as number)
}

/** By the day; then by name, currency, and the days of the first and last charge. */
function dearestFirst(a: Recurring, b: Recurring): number {
  const byDay = ({ stream: { amount, cadence } }: Recurring) => amount / cadence.days
  return byDay(b) - byDay(a) || (orderOf(a) < orderOf(b) ? -1 : 1)
}

const orderOf = ({ stream: { merchant, charges }, entry: { currency, last_date } }: Recurring) =>
  [merchant, currency, charges[0]?.day.text, last_date].join('\0')

interface Recurring {
  readonly stream: Stream
  readonly entry: ReturnType<typeof listed>
}

/** Those that are active, and those that were charged in the window. */
const merchantsIn = (recurring: readonly Recurring[], window: number) =>
  recurring.flatMap(({ stream: { active, inWindows }, entry }) => {
    const charges_in_window = inWindows[window]?.charges ?? 0
    return active || charges_in_window > 0 ? { ...entry, charges_in_window } : []
  })

const listed = (
  { isBill, merchant, cadence, amount, monthly, charges, nextDate, active, confidence }: Stream,
  currency: string,
) => ({
  kind: isBill ? 'bill' : 'subscription',
  merchant,
  currency,
  cadence: cadence.name,
  amount: money(amount),
  monthly_amount: money(monthly),
  occurrences: charges.length,
  last_date: charges.at(-1)?.day.text,
  next_date: nextDate,
  active,
  confidence,
})

interface Payday {
  readonly day: number
  amount: number
}

/**
 * Pay is what is called pay (income of any kind where nothing is); and what the same payer, who is no shop, has paid three times, if it is a quarter of all that
 * came in, among people only where nothing else is. Where there is neither, it is every sum of a tenth of all or more.
 */
function paydaysOf(all: readonly Credit[], shops: ReadonlySet<string>): Payday[] {
  const credits = all.some(({ said }) => said) ? all : all.map((credit) => ({ ...credit, said: credit.isIncome }))
  const payers = new Map<string, { said: boolean; betweenPeople: boolean; times: number; paid: number }>()
  let everything = 0
  for (const { key, said, betweenPeople, amount } of credits) {
    everything += amount
    const payer = payers.get(key)
    if (payer === undefined) payers.set(key, { said, betweenPeople, times: 1, paid: amount })
    else {
      payer.said ||= said
      payer.betweenPeople &&= betweenPeople
      payer.times++
      payer.paid += amount
    }
  }
  const likely = [...payers].filter(
    ([key, { said, times, paid }]) => said || (times >= 3 && 4 * paid >= everything && !shops.has(key)),
  )
  const known = likely.filter(([, { said, betweenPeople }]) => said || !betweenPeople)
  const payerKeys = new Set((known.length > 0 ? known : likely).map(([key]) => key))
  const days = new Map<number, Payday>()
  for (const { day, amount, key, said } of credits) {
    const isMuch = 10 * amount >= everything
    const isPay =
      payerKeys.size === 0
        ? isMuch && !shops.has(key)
        : payerKeys.has(key) && (said || !payers.get(key)?.said || isMuch)
    if (!isPay) continue
    const payday = days.get(day.number)
    if (payday === undefined) days.set(day.number, { day: day.number, amount })
    else payday.amount += amount
  }
  return [...days.values()].sort((a, b) => a.day - b.day)
}

function income(paydays: readonly Payday[], start: number) {
  const gaps = paydays.slice(1).map(({ day }, i) => ({ day, gap: day - (paydays[i] as Payday).day }))
  const inWindow = paydays.filter(({ day }) => day > start)
  const amounts = (of: readonly Payday[]) => of.map(({ amount }) => amount)
  return {
    payments: inWindow.length,
    total: money(inWindow.reduce((sum, { amount }) => sum + amount, 0)),
    median_gap_days: median(gaps.filter(({ day }) => day > start)) ?? median(gaps) ?? null,
    variability: ratio(variability(amounts(inWindow)) ?? variability(amounts(paydays))),
  }
}

function median(gaps: ReadonlyArray<{ readonly gap: number }>): number | undefined {
  const sorted = gaps.map(({ gap }) => gap).sort((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

/** How many days a debt may stand before it is overdue. */
const graceDays = 45

/** Banks do not say what was due: 5 % of what was owed or 1 % of the limit is taken for the least, if something is left. */
function credit({ id, balance, creditLimit, purse, cardRows }: Account, asOf: Day, start: number) {
  const owed = Math.max(0, -balance)
  const graceStart = asOf.number - graceDays
  // the latest first, so that what was owed before a row is what is owed at the end less all from that row on
  cardRows.sort((a, b) => b.day.number - a.day.number || a.amount - b.amount)
  let owedBefore = -balance
  let owedThen = -balance
  let payments = 0
  let minimumOnly = true
  let lastPayment: number | undefined
  for (const { day, amount, isPayment } of cardRows) {
    owedBefore += amount
    if (day.number > graceStart) owedThen += amount
    if (!isPayment) continue
    lastPayment ??= day.number
    if (day.number <= start) continue
    payments++
    minimumOnly &&= 100 * amount <= Math.max(5 * owedBefore, creditLimit ?? 0) && 2 * owedBefore > 3 * amount
  }
  const inWindow = cardRows.filter(({ day }) => day.number > start)
  const firstDay = cardRows.at(-1)?.day.number ?? Infinity
  const isOld = firstDay <= graceStart && (lastPayment === undefined || lastPayment <= graceStart)
  const usesUp = (percent: number) => creditLimit !== null && creditLimit !== 0 && 100 * owed >= percent * creditLimit
  return {
    as_of: asOf.text,
    account_id: id,
    currency: purse.currency,
    owed: money(owed),
    credit_limit: creditLimit === null ? null : money(creditLimit),
    utilization: creditLimit === null || creditLimit === 0 ? null : ratio(divide(decimal(owed), decimal(creditLimit))),
    at_30_percent: usesUp(30),
    at_50_percent: usesUp(50),
    at_80_percent: usesUp(80),
    minimum_payment_only: payments > 0 && minimumOnly,
    interest_charged: inWindow.some(({ isInterest }) => isInterest),
    overdue: inWindow.some(({ isLateFee }) => isLateFee) || (owed > 0 && owedThen > 0 && isOld),
    payments,
  }
}
