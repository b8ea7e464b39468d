import { type RawBuilder, sql } from 'kysely'
import { settledMatches } from '../repositories/spending.js'
import type { Db } from '../schema/database.js'
import type { QuotedRate } from '../schema/transfer-matches.js'
import { type Pair, pairOf, readSides, type Side, type SideRow, sideKey } from './transfer-sides.js'

export interface Search {
  readonly people: readonly string[]
  /** Days of the side that pays, both inclusive. */
  readonly from: string
  readonly to: string
  /** How many days the side that receives may come after the one that pays. */
  readonly days: number
  readonly rates: readonly QuotedRate[]
  /** Looks at these two rows alone, whatever else they belong to. */
  readonly only?: { readonly from_id: string; readonly to_id: string }
}

/** How many days the side that receives may come before the one that pays: banks book at different hours. */
const daysBefore = 4

/** How far from the rate that was given the two amounts may be. */
const rateTolerance = 0.05

/** The part of what left that a bank may keep of it on the way. */
const mostFee = 0.1

/** Of sums within about a tenth of each other that come in on one day in one currency, so many of a person are looked at. */
export const mostAlike = 50

/** So many pairs of a person are looked at, and so many are held in memory. */
export const mostPairs = 100_000

/** So much of a text is read. */
const mostLetters = 1000

// Sums are joined on bands of their logarithms, which are equal where only nearness is asked for. A band is a little wider
// than a fee or twice the tolerance of a rate, so that what fits lies in the same band or in the next one.
const band = 0.106
const feeReach = -Math.log(1 - mostFee) + 1e-6
const rateReach = -Math.log(1 - rateTolerance) + 1e-6

interface PairRow {
  readonly user_id: string
  readonly from_id: string
  readonly to_id: string
  readonly fee: string | null
  readonly rate: string | null
  readonly expected_rate: string | null
}

/**
 * Pairs that could be one movement, by user. Neither side is part of a transfer or of a match that is settled, reversed or a
 * reversal, and the pair was not rejected. Undefined where several people have more than {@link mostPairs} together: ask for
 * fewer of them. Of one person, those of equal sums and near days come first.
 */
export async function transferCandidates(db: Db, search: Search): Promise<Pair[] | undefined> {
  const found = await findPairs(db, search)
  if (found.length > mostPairs) return undefined
  const pairs = found.sort(
    (a, b) => order(a.user_id, b.user_id) || order(a.from_id, b.from_id) || order(a.to_id, b.to_id),
  )
  const sides = await sidesOf(db, pairs)
  return pairs.flatMap(({ user_id, from_id, to_id, ...sums }) => {
    const [from, to] = [sides.get(sideKey(user_id, from_id)), sides.get(sideKey(user_id, to_id))]
    // A row may have been deleted between the two statements.
    return from === undefined || to === undefined ? [] : [pairOf({ user_id, from, to, ...sums })]
  })
}

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

async function findPairs(db: Db, search: Search): Promise<PairRow[]> {
  const { people, from, to, days, rates, only } = search
  const ids = sql`${people}::uuid[]`
  const transactions = sql.table('finance.transactions')
  const matches = sql.table('finance.transfer_matches')
  const settled = sql`
    select user_id, unnest(array[from_transaction_id, to_transaction_id]) from ${matches}
    where user_id = any(${ids}) and status in (${settledMatches})
    union all`
  const notRejected = sql`not exists (
        select from rejected r where r.user_id = o.user_id and r.from_transaction_id = o.id and r.to_transaction_id = i.id)`
  const across = rates.length === 0 ? undefined : acrossCurrencies(search, notRejected)
  const alone = people.length === 1
  const weeks = Array.from({ length: Math.ceil((daysBefore + days) / 7) + 1 }, (_, i) => i)
  const { rows } = await sql<PairRow>`
    with gone (user_id, id) as materialized (
      ${only === undefined ? settled : sql``}
      select user_id, reverses_id from ${transactions} where user_id = any(${ids}) and reverses_id is not null
    ),
    rejected as materialized (
      select user_id, from_transaction_id, to_transaction_id from ${matches}
      where user_id = any(${ids}) and status = 'rejected' and ${sql.lit(only === undefined)}
    ),
    t as materialized (
      select user_id, id, account_id, date, amount, currency, (date - date '2000-01-03') / 7 as week,
        ln(abs(amount)::float8) as size
      from ${transactions} t
      where user_id = any(${ids}) and status = 'posted' and amount <> 0 and transfer_id is null and reverses_id is null
        and date between ${from}::date - ${sql.lit(daysBefore)} and ${to}::date + ${days}::int
        and not exists (select from gone where gone.user_id = t.user_id and gone.id = t.id)
        ${only === undefined ? sql`` : sql`and id in (${only.from_id}::uuid, ${only.to_id}::uuid)`}
    ),
    o as (select * from t where amount < 0 and date between ${from}::date and ${to}::date),
    alike as (
      select t.*, floor(size / ${sql.lit(band)})::int as band,
        row_number() over (partition by user_id, currency, date, floor(size / ${sql.lit(band)}) order by id) as place
      from t where amount > 0
    ),
    -- What came in, once for each week in which it may have left, and for each band of what may have left.
    i as materialized (
      select alike.*, first_week + later as left_week, band + more as left_band
      from (
        select alike.*, (date - date '2000-01-03' - ${days}::int) / 7 as first_week,
          (date - date '2000-01-03' + ${sql.lit(daysBefore)}) / 7 as last_week,
          floor((size + ${sql.lit(feeReach)}) / ${sql.lit(band)})::int as last_band
        from alike where place <= ${sql.lit(mostAlike)}
      ) alike
      cross join unnest(array[${sql.join(weeks.map((week) => sql.lit(week)))}]) later
      cross join unnest(array[0, 1]) more
      where first_week + later <= last_week and band + more <= last_band
    ),
    ${across?.ctes ?? sql``}
    pairs as (
      select o.user_id, o.id as from_id, i.id as to_id, nullif(-o.amount - i.amount, 0) as fee,
        null::numeric as rate, null::numeric as expected_rate, i.date - o.date as days_apart
      from o
      join i on i.user_id = o.user_id and i.currency = o.currency and i.left_week = o.week
        and i.left_band = floor(o.size / ${sql.lit(band)})::int
      where i.account_id <> o.account_id and i.amount <= -o.amount and i.amount >= -o.amount * ${sql.lit(1 - mostFee)}
        and i.date - o.date between case when i.amount = -o.amount then -${sql.lit(daysBefore)} else 0 end and ${days}::int
        and ${notRejected}
      ${across === undefined ? sql`` : sql`union all ${across.select}`}
    )
    select user_id, from_id, to_id, fee::text, rate::text, expected_rate::text from pairs
    ${alone ? sql`order by coalesce(fee, rate) is not null, abs(days_apart), from_id, to_id` : sql``}
    limit ${sql.lit(alone ? mostPairs : mostPairs + 1)}`.execute(db)
  return rows
}

/** As {@link findPairs} has them, with the quote of the nearest day. Of two as near the earlier one is taken. */
function acrossCurrencies({ from, to, days, rates }: Search, notRejected: RawBuilder<unknown>) {
  const column = <K extends keyof QuotedRate>(key: K) => rates.map((rate) => rate[key] ?? null)
  const given = sql`unnest(${column('from_currency')}::text[], ${column('to_currency')}::text[], ${column('rate')}::numeric[],
    ${column('date')}::date[]) as x (f, g, r, d)`
  const ctes = sql`
    quotes as materialized (
      select distinct on (f, g, d) f, g, r, d
      from (select f, g, r, d from ${given} union all select g, f, 1 / r, d from ${given}) x
      where f in (select currency from i) or g in (select currency from i)
      order by f, g, d, r
    ),
    spans as (
      select f, g, r, coalesce(lag(d) over earlier + (d - lag(d) over earlier) / 2 + 1, ${from}::date) as since,
        coalesce(d + (lead(d) over earlier - d) / 2, ${to}::date) as until
      from quotes where d is not null
      window earlier as (partition by f, g order by d)
      union all
      select f, g, r, ${from}::date, ${to}::date from quotes q
      where d is null and not exists (select from quotes o where o.f = q.f and o.g = q.g and o.d is not null)
    ),
    nearest as materialized (
      select f as from_currency, g as to_currency, r as rate, ln(r::float8) as size, ${from}::date + day as date
      from spans
      cross join generate_series(greatest(since - ${from}::date, 0), least(until, ${to}::date) - ${from}::date) day
    ),
    currencies as materialized (select distinct user_id, currency from i),
    -- Step by step, since the planner would begin with all quotes of a currency and all that came in.
    abroad as materialized (
      select o.*, c.currency as other from o join currencies c on c.user_id = o.user_id where c.currency <> o.currency
    ),
    expected as materialized (
      select o.*, r.rate, floor((o.size + r.size - ${sql.lit(rateReach)}) / ${sql.lit(band)})::int + more as band
      from abroad o
      join nearest r on r.from_currency = o.currency and r.to_currency = o.other and r.date = o.date
      cross join unnest(array[0, 1]) more
    ),`
  const select = sql`
    select o.user_id, o.id, i.id, null, round(i.amount / -o.amount, 10), round(o.rate, 10), i.date - o.date
    from expected o
    join i on i.user_id = o.user_id and i.currency = o.other and i.left_week = o.week and i.left_band = o.band
    where i.left_band = i.band and i.date - o.date between -${sql.lit(daysBefore)} and ${days}::int
      and abs(i.amount / (-o.amount * o.rate) - 1) <= ${sql.lit(rateTolerance)} and ${notRejected}`
  return { ctes, select }
}

/** The two sides of each pair. */
async function sidesOf(db: Db, pairs: readonly PairRow[]): Promise<ReadonlyMap<string, Side>> {
  const wanted = new Map(
    pairs.flatMap(({ user_id, from_id, to_id }) =>
      [from_id, to_id].map((id) => [sideKey(user_id, id), { user_id, id }] as const),
    ),
  )
  if (wanted.size === 0) return new Map()
  const sides = [...wanted.values()]
  const people = [...new Set(sides.map(({ user_id }) => user_id))]
  // Row by row, by the key: the planner would rather read all that these people have.
  const { rows } = await sql<SideRow>`
    with people as materialized (
      select a.user_id, a.id as account_id, a.account_type,
        array_remove(array[a.account_number_last4, a.institution, a.name], null) as names,
        trim(concat_ws(' ', u.first_name, u.last_name)) as holder
      from ${sql.table('finance.accounts')} a
      join ${sql.table('finance.users')} u on u.id = a.user_id
      where a.user_id = any(${people}::uuid[]) and u.id = any(${people}::uuid[])
    ),
    rows as materialized (
      select t.*
      from unnest(${sides.map(({ user_id }) => user_id)}::uuid[], ${sides.map(({ id }) => id)}::uuid[]) as side (user_id, id)
      cross join lateral (
        select t.user_id, t.id, t.account_id, t.date - date '2000-01-03' as day, t.amount::text as amount, t.category,
          left(t.merchant || ' ' || t.description, ${sql.lit(mostLetters)}) as text
        from ${sql.table('finance.transactions')} t where t.user_id = side.user_id and t.id = side.id
        offset 0
      ) t
    )
    select user_id, rows.id, account_id, day, amount, category, text, account_type, names, holder
    from rows join people using (user_id, account_id)`.execute(db)
  return readSides(rows)
}
