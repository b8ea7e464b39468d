import { type Kysely, sql } from 'kysely'
import { accounts, transactions } from '../src/index.js'
import type { Database, Transaction } from '../src/schema/index.js'
import { cadences } from '../src/signals/cadences.js'
import { merchantKey } from '../src/signals/merchant-key.js'

type Row = Pick<
  Transaction,
  'account_id' | 'date' | 'merchant' | 'amount' | 'category' | 'description' | 'transfer_id' | 'reverses_id'
>

interface Charge {
  readonly account: string
  readonly day: number
  readonly date: string
  readonly cents: number
}

const dayOf = (date: string) => Date.parse(date) / 86_400_000
const internal = new Set(['transfer', 'credit_card_payment', 'investment_transfer'])
const windows = [30, 90, 180] as const
const monthDays = 30.436875

/** How the rows of a user get to Node, earliest first. */
export type ReadRows = (db: Kysely<Database>, userId: string, asOf: string) => Promise<Row[]>

const evidenceDays = 800

/** As a host has them: by the repository, a thousand a page. */
export const byRepository: ReadRows = async (db, user_id, asOf) => {
  const from = new Date((dayOf(asOf) - evidenceDays + 1) * 86_400_000).toISOString().slice(0, 10)
  const rows: Row[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page = await transactions.list(db, user_id, { from, to: asOf, status: 'posted' }, { limit: 1000, after })
    rows.push(...page.rows)
    after = page.next
  }
  return rows.reverse()
}

/** By a statement of its own, with no more columns than are looked at. */
export const byColumns: ReadRows = async (db, userId, asOf) => {
  const { rows } = await sql<Row>`
    select t.account_id, to_char(t.date::timestamp, 'YYYY-MM-DD') as date, t.merchant, t.amount, t.category, t.description,
      t.transfer_id, t.reverses_id
    from finance.transactions t
    where t.user_id = ${userId} and t.status = 'posted' and t.date > ${asOf}::date - ${evidenceDays}::int and t.date <= ${asOf}::date
    order by t.date`.execute(db)
  return rows
}

/**
 * What a host would write without `signals.compute`: the rows of a user are read once, all four families are computed in
 * JavaScript by the same rules but fewer (no matches, currencies, evidence, nor what came last), amounts as numbers of cents,
 * which is faster than exact, and written in one statement.
 */
export async function computeInNode(db: Kysely<Database>, userId: string, asOf: string, read: ReadRows): Promise<void> {
  const rows = await read(db, userId, asOf)
  const { rows: mine } = await accounts.list(db, userId, {}, { limit: 1000 })
  const types = new Map(mine.map((account) => [account.id, account.account_type]))

  const today = dayOf(asOf)
  const groups = new Map<string, Charge[]>()
  const spent = [0, 0, 0]
  const saved = [0, 0, 0]
  const pay: Array<{ day: number; cents: number }> = []
  const cards = new Map<string, { payments: number[]; interest: number[] }>()
  for (const row of rows) {
    const cents = Math.round(Number(row.amount) * 100)
    const day = dayOf(row.date)
    const ago = today - day
    const category = row.category.toLowerCase().replaceAll(' ', '_')
    const isInternal =
      row.transfer_id !== null || internal.has(category) || /credit card (payment|pymt)/i.test(row.merchant)
    for (const [i, days] of windows.entries()) {
      if (ago >= days) continue
      if (!isInternal && cents < 0 !== (row.reverses_id !== null)) spent[i] = (spent[i] as number) - cents
      if (types.get(row.account_id) === 'savings') saved[i] = (saved[i] as number) + cents
    }
    if (types.get(row.account_id) === 'credit_card') {
      const card = cards.get(row.account_id) ?? { payments: [], interest: [] }
      cards.set(row.account_id, card)
      if (cents > 0) card.payments.push(day)
      else if (/interest/i.test(row.merchant)) card.interest.push(day)
    } else if (cents > 0 && !isInternal) {
      if (/salary|payroll|wages/i.test(`${category} ${row.description}`)) pay.push({ day, cents })
    }
    if (cents >= 0 || isInternal || row.reverses_id !== null || row.merchant === '') continue
    const key = merchantKey(row.merchant)
    const charge = { account: row.account_id, day, date: row.date, cents: -cents }
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [charge])
    else group.push(charge)
  }

  const found = [...groups].flatMap(([key, charges]) => streams(charges).map((stream) => ({ key, stream })))
  const gaps = pay.slice(1).map(({ day }, i) => day - (pay[i]?.day as number))
  const features = windows.flatMap((days, i) => {
    const monthly = ((spent[i] as number) * monthDays) / days
    const money = (cents: number) => (cents / 100).toFixed(4)
    const time_window = `${days}d` as const
    const balance = mine.reduce((sum, a) => sum + (a.account_type === 'savings' ? Number(a.balance) * 100 : 0), 0)
    const payments = pay.filter(({ day }) => today - day < days)
    return [
      {
        time_window,
        signal_type: 'subscription',
        signal_value: {
          recurring_merchants: found.map(({ key, stream }) => ({ merchant: key, occurrences: stream.length })),
          monthly_spend: money(found.reduce((sum, { stream }) => sum + (stream.at(-1)?.cents ?? 0), 0)),
        },
      },
      {
        time_window,
        signal_type: 'savings_behavior',
        signal_value: { net_inflow: money(saved[i] as number), emergency_fund_months: balance / monthly },
      },
      {
        time_window,
        signal_type: 'income_stability',
        signal_value: { payments: payments.length, median_gap_days: median(gaps) ?? null },
      },
      ...mine
        .filter((a) => a.account_type === 'credit_card')
        .map((a) => ({
          time_window,
          signal_type: `credit_utilization_${a.id}`,
          signal_value: {
            utilization: -Number(a.balance) / Number(a.credit_limit),
            payments: cards.get(a.id)?.payments.filter((day) => today - day < days).length ?? 0,
            interest_charged: cards.get(a.id)?.interest.some((day) => today - day < days) ?? false,
          },
        })),
    ]
  })
  await db
    .insertInto('finance.computed_features')
    .values(features.map((feature) => ({ user_id: userId, ...feature })))
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'time_window', 'signal_type']).doUpdateSet(({ ref }) => ({
        signal_value: ref('excluded.signal_value'),
        computed_at: ref('excluded.computed_at'),
      })),
    )
    .execute()
}

/** The widest parts of a merchant's charges that keep a cadence: all, by account, by price band, by price. */
function streams(charges: readonly Charge[]): Charge[][] {
  if (keepsCadence(charges)) return [[...charges]]
  return partition(charges, ({ account }) => account).flatMap((mine) => {
    if (keepsCadence(mine)) return [mine]
    const sorted = mine.toSorted((a, b) => a.cents - b.cents)
    let band = 0
    const bands = new Map(
      sorted.map((charge, i) => {
        if (i > 0 && charge.cents > (sorted[i - 1] as Charge).cents * 1.3) band++
        return [charge, String(band)]
      }),
    )
    return partition(mine, (charge) => bands.get(charge) as string).flatMap((inBand) => {
      if (keepsCadence(inBand)) return [inBand]
      return partition(inBand, ({ cents }) => String(cents)).filter(keepsCadence)
    })
  })
}

function partition(charges: readonly Charge[], by: (charge: Charge) => string): Charge[][] {
  const parts = new Map<string, Charge[]>()
  for (const charge of charges) {
    const key = by(charge)
    const part = parts.get(key)
    if (part === undefined) parts.set(key, [charge])
    else part.push(charge)
  }
  return [...parts.values()]
}

function keepsCadence(charges: readonly Charge[]): boolean {
  if (charges.length < 3) return false
  const gaps = charges.slice(1).map(({ day }, i) => day - (charges[i] as Charge).day)
  if (gaps.filter((gap) => gap === 0).length > 0.1 * charges.length) return false
  const usual = median(gaps) ?? 0
  return cadences.some(({ between, months, days, tolerance }) => {
    if (usual < between[0] || usual > between[1]) return false
    let off = 0
    let outliers = 0
    let steps = 0
    for (const [i, gap] of gaps.entries()) {
      const [before, after] = [charges[i] as Charge, charges[i + 1] as Charge]
      const measured = months === 0 ? gap : place(after.date) - place(before.date)
      const deviation = Math.abs(measured - Math.max(1, Math.round(measured / days)) * days)
      if (deviation > tolerance) outliers++
      else off += deviation
      if (Math.abs(Math.log(after.cents / before.cents)) > 0.06) steps++
    }
    return outliers === 0 && off / gaps.length <= tolerance / 2 && steps <= Math.max(1, 0.3 * gaps.length)
  })
}

function place(date: string): number {
  return Number(date.slice(0, 4)) * 12 * monthDays + Number(date.slice(5, 7)) * monthDays + Number(date.slice(8))
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
