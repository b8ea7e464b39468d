import { setImmediate as breathe } from 'node:timers/promises'
import type { Persona, TimeWindow } from '../schema/enums.js'
import { type Generated, generate, personaIn } from './generate.js'
import type { Row } from './ledger.js'
import type { Payroll, Recurring } from './life.js'
import { money } from './money.js'
import { createPlan, type GeneratorOptions, generator, type Plan } from './options.js'

/** What the labels are of: the first of them. */
export interface SeedLabel {
  readonly type: 'seed'
  readonly generator: number
  readonly users: number
  readonly seed: number
  readonly until: string
  readonly days: number
}

export interface UserLabel {
  readonly type: 'user'
  readonly user_id: string
  readonly username: string
  /** `raw`: merchants are as a bank prints them, with numbers and codes. */
  readonly feed: 'clean' | 'raw'
}

/** Payments that come again. A subscription is a choice, a bill is not, and a standing order goes to a person. */
export interface RecurringLabel {
  readonly type: 'subscription' | 'bill' | 'standing_order'
  readonly user_id: string
  readonly account_id: string
  /** As people know it; rows may print it otherwise. */
  readonly merchant: string
  readonly cadence: Recurring['cadence']
  /** On the last day of the seed. */
  readonly status: Recurring['status']
  /** What was charged from which day on, positive, in the currency of the account. */
  readonly amounts: ReadonlyArray<{ readonly from: string; readonly amount: string }>
  /** Every charge, in order. */
  readonly transaction_ids: readonly string[]
  /** What makes it hard to find; left out where nothing does. */
  readonly hard?: readonly string[]
}

/** Two sides of money between own accounts. */
export interface TransferLabel {
  readonly type: 'transfer'
  readonly user_id: string
  readonly kind: 'transfer' | 'credit_card_payment' | 'investment_transfer'
  readonly from_transaction_id: string
  readonly to_transaction_id: string
  /** Whether the rows carry a `transfer_id`: otherwise they have to be matched. */
  readonly linked: boolean
  readonly hard?: readonly string[]
}

/** Money from one seeded person to another, where it arrived. */
export interface P2pLabel {
  readonly type: 'p2p'
  readonly user_id: string
  readonly recipient_id: string
  readonly p2p_transfer_id: string
  readonly from_transaction_id: string
  readonly to_transaction_id: string
}

export interface PayrollLabel {
  readonly type: 'payroll'
  readonly user_id: string
  readonly account_id: string
  readonly payer: string
  readonly cadence: Payroll['cadence']
  readonly transaction_ids: readonly string[]
  readonly hard?: readonly string[]
}

/** Money back for a purchase. */
export interface RefundLabel {
  readonly type: 'refund'
  readonly user_id: string
  readonly transaction_id: string
  readonly of_transaction_id: string
  /** Whether the row carries `reverses_id`. */
  readonly linked: boolean
}

/** The same amount at one place again and again, on days without a rule: not recurring. */
export interface DecoyLabel {
  readonly type: 'decoy'
  readonly user_id: string
  readonly merchant: string
  readonly transaction_ids: readonly string[]
}

/** What the rules of the design give on the last day. Every number is clear of its threshold, so there is no other reading. */
export interface PersonaLabel {
  readonly type: 'persona'
  readonly user_id: string
  readonly window: TimeWindow
  readonly persona: Persona
  /** By the rows of the window alone, where that is another: it is too short for three charges or two payments. */
  readonly in_window?: Persona
  readonly hard?: readonly string[]
  /** Ratios, days and, as decimal strings, dollars a month. */
  readonly facts: {
    readonly utilizations: readonly number[]
    readonly interest: boolean
    readonly least_only: boolean
    readonly overdue: boolean
    readonly pay_gap_days: number | null
    readonly buffer_months: number
    /** With bills, as a careless reader would count. */
    readonly recurring_merchants: number
    readonly saved_monthly: string
    readonly saved_growth: number
  }
}

export type Label =
  | SeedLabel
  | UserLabel
  | RecurringLabel
  | TransferLabel
  | P2pLabel
  | PayrollLabel
  | RefundLabel
  | DecoyLabel
  | PersonaLabel

/**
 * What is true of the rows that {@link seed} writes with the same options, so that detectors can be scored. It comes from
 * where the rows come from, not from looking at them, and needs no database. One object a line is the file that
 * `finance-db seed --labels` writes. Person by person, in constant memory.
 *
 * @throws {InvalidInputError} When it is first read from.
 * @throws {UnsupportedError} The `generator` is not of this release.
 */
export async function* labels(options: GeneratorOptions): AsyncGenerator<Label> {
  const plan = createPlan(options)
  const { users, seed, until, daysOfMoney } = plan
  yield { type: 'seed', generator, users, seed, until, days: daysOfMoney }
  for (let place = 1; place <= users; place++) {
    yield* labelsOf(plan, generate(plan, place))
    await breathe()
  }
}

function* labelsOf(plan: Plan, generated: Generated): Generator<Label> {
  const { person, profile, ledger, truth, p2p } = generated
  const user_id = person.id
  yield { type: 'user', user_id, username: person.username, feed: profile.feed }

  for (const { type, merchant, cadence, rows, status, hard } of truth.recurring) {
    const [first] = rows
    if (first === undefined) continue
    const why = rows.length < 3 ? [...hard, 'fewer than three charges'] : [...hard]
    yield {
      type,
      user_id,
      account_id: first.book.id,
      merchant,
      cadence,
      status,
      amounts: amountsOf(plan, rows),
      transaction_ids: idsOf(rows),
      ...reasons(why),
    }
  }
  for (const { payer, cadence, rows, hard } of truth.payrolls) {
    const [first] = rows
    if (first === undefined) continue
    const ids = { account_id: first.book.id, payer, cadence, transaction_ids: idsOf(rows) }
    yield { type: 'payroll', user_id, ...ids, ...reasons([...hard]) }
  }
  for (const { from, to, linked } of ledger.moves) {
    const apart = from.day === to.day ? [] : ['days apart']
    const why = from.book.currency === to.book.currency ? apart : [...apart, 'two currencies']
    const kind = from.category as TransferLabel['kind']
    const sides = { from_transaction_id: from.id, to_transaction_id: to.id }
    yield { type: 'transfer', user_id, kind, ...sides, linked, ...reasons(why) }
  }
  for (const { row, of } of truth.refunds) {
    const linked = row.reverses_id !== null
    yield { type: 'refund', user_id, transaction_id: row.id, of_transaction_id: of.id, linked }
  }
  const [decoy] = truth.decoys
  if (decoy !== undefined) {
    yield { type: 'decoy', user_id, merchant: decoy.merchant, transaction_ids: idsOf(truth.decoys) }
  }
  for (const { id, from, to, outId, intoId } of p2p) {
    if (intoId === undefined) continue
    const sides = { from_transaction_id: outId, to_transaction_id: intoId }
    yield { type: 'p2p', user_id: from.id, recipient_id: to.id, p2p_transfer_id: id, ...sides }
  }
  for (const window of ['30d', '90d', '180d'] as const) yield personaLabel(plan, generated, window)
}

function personaLabel(plan: Plan, generated: Generated, window: TimeWindow): PersonaLabel {
  const { persona, inWindow, facts } = personaIn(plan, generated, window)
  const why = [
    ...(inWindow === undefined ? [] : ['the window alone is too short']),
    ...(generated.missesPersona ? ['near a threshold'] : []),
  ]
  return {
    type: 'persona',
    user_id: generated.person.id,
    window,
    persona,
    ...(inWindow !== undefined && { in_window: inWindow }),
    ...reasons(why),
    facts: {
      utilizations: facts.utilizations.map(ratio),
      interest: facts.interest,
      least_only: facts.leastOnly,
      overdue: facts.overdue,
      pay_gap_days: facts.payGap,
      buffer_months: ratio(facts.buffer),
      recurring_merchants: facts.recurring,
      saved_monthly: money(Math.round(facts.savedMonthly)),
      saved_growth: ratio(facts.savedGrowth),
    },
  }
}

const ratio = (number: number) => Math.round(number * 10_000) / 10_000
const idsOf = (rows: readonly Row[]) => rows.map(({ id }) => id)
const reasons = (hard: readonly string[]) => (hard.length === 0 ? {} : { hard })

function amountsOf({ calendar }: Plan, rows: readonly Row[]): RecurringLabel['amounts'] {
  const amounts: Array<{ from: string; amount: string }> = []
  for (const { day, cents } of rows) {
    const amount = money(-cents)
    if (amounts.at(-1)?.amount !== amount) amounts.push({ from: calendar.text(day), amount })
  }
  return amounts
}
