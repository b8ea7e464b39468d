import { type RawBuilder, sql } from 'kysely'
import type { Db } from '../schema/database.js'
import type { QuotedRate } from '../schema/transfer-matches.js'
import type { Pair } from './transfer-score.js'

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

/**
 * Pairs that could be one movement, by user. Neither side is part of a transfer or of a match that is settled, reversed or a
 * reversal, and the pair was not rejected.
 */
export async function transferCandidates(db: Db, search: Search): Promise<Pair[]> {
  const { people, from, to, days, rates, only } = search
  const ids = sql`${people}::uuid[]`
  const transactions = sql.table('finance.transactions')
  const matches = sql.table('finance.transfer_matches')
  const free =
    only === undefined
      ? sql`t.id not in (select id from settled)`
      : sql`t.id in (${only.from_id}::uuid, ${only.to_id}::uuid)`
  const notRejected =
    only === undefined
      ? sql`not exists (select from ${matches} m where m.user_id = o.user_id and m.from_transaction_id = o.id
          and m.to_transaction_id = i.id and m.status = 'rejected')`
      : sql`true`
  const column = <K extends keyof QuotedRate>(key: K) => rates.map((rate) => rate[key] ?? null)
  const pair = (rate: RawBuilder<unknown>, expected: RawBuilder<unknown>, fee: RawBuilder<unknown>) => sql`
    select o.user_id, o.id as from_id, i.id as to_id, i.date - o.date as days_apart, i.amount::text as amount,
      o.account_type as from_type, i.account_type as to_type, o.category as from_category, i.category as to_category,
      o.merchant || ' ' || o.description as from_text, i.merchant || ' ' || i.description as to_text,
      o.account_id as from_account, i.account_id as to_account, date_part('isodow', o.date)::int as from_weekday,
      o.names as from_names, i.names as to_names, o.holder,
      ${rate} as rate, ${expected} as expected_rate, ${fee} as fee`
  const { rows } = await sql<Pair>`
    with settled as materialized (
      select unnest(array[from_transaction_id, to_transaction_id]) as id
      from ${matches} where user_id = any(${ids}) and status in ('automatic', 'confirmed')
    ),
    rates as (
      select f as from_currency, g as to_currency, r::numeric as rate, d::date as date
      from unnest(${column('from_currency')}::text[], ${column('to_currency')}::text[], ${column('rate')}::text[],
        ${column('date')}::text[]) as x (f, g, r, d)
      union all
      select g, f, 1 / r::numeric, d::date
      from unnest(${column('from_currency')}::text[], ${column('to_currency')}::text[], ${column('rate')}::text[],
        ${column('date')}::text[]) as x (f, g, r, d)
    ),
    t as materialized (
      select t.user_id, t.id, t.account_id, t.date, t.amount, t.currency, t.category, t.merchant, t.description, a.account_type,
        array_remove(array[a.account_number_last4, a.institution, a.name], null) as names,
        trim(concat_ws(' ', u.first_name, u.last_name)) as holder, (t.date - date '2000-01-03') / 7 as week
      from ${transactions} t
      join ${sql.table('finance.accounts')} a on a.user_id = t.user_id and a.id = t.account_id
      join ${sql.table('finance.users')} u on u.id = t.user_id
      where t.user_id = any(${ids}) and t.status = 'posted' and t.amount <> 0 and t.transfer_id is null
        and t.reverses_id is null and ${free}
        and t.date between ${from}::date - ${sql.lit(daysBefore)} and ${to}::date + ${days}::int
        and not exists (select from ${transactions} r where r.user_id = t.user_id and r.reverses_id = t.id)
    ),
    o as materialized (select * from t where amount < 0 and date between ${from}::date and ${to}::date),
    -- What came in, once for each week in which it may have left: days can be joined on only where they are equal.
    i as materialized (
      select t.*, left_week
      from t
      cross join generate_series(
        (t.date - date '2000-01-03' - ${days}::int) / 7, (t.date - date '2000-01-03' + ${sql.lit(daysBefore)}) / 7) left_week
      where t.amount > 0
    ),
    nearest as materialized (
      select d.currency as from_currency, d.date, r.to_currency, r.rate
      from (select distinct currency, date from o) d
      cross join lateral (
        select distinct on (to_currency) to_currency, rate from rates where from_currency = d.currency
        order by to_currency, abs(rates.date - d.date) nulls last
      ) r
    )
    ${pair(sql`null::text`, sql`null::text`, sql`null::text`)}
    from o
    join t i on i.user_id = o.user_id and i.currency = o.currency and i.amount = -o.amount
    where i.account_id <> o.account_id and i.date - o.date between -${sql.lit(daysBefore)} and ${days}::int and ${notRejected}
    union all
    ${pair(sql`null::text`, sql`null::text`, sql`(-o.amount - i.amount)::text`)}
    from o
    join i on i.user_id = o.user_id and i.currency = o.currency and i.left_week = o.week
    where i.amount < -o.amount and i.amount >= -o.amount * ${sql.lit(1 - mostFee)} and i.account_id <> o.account_id
      and i.date - o.date between 0 and ${days}::int and ${notRejected}
    union all
    ${pair(sql`round(i.amount / -o.amount, 10)::text`, sql`round(r.rate, 10)::text`, sql`null::text`)}
    from o
    join i on i.user_id = o.user_id and i.left_week = o.week
    join nearest r on r.from_currency = o.currency and r.date = o.date and r.to_currency = i.currency
    where i.currency <> o.currency and ${sql.lit(rates.length > 0)}
      and i.date - o.date between -${sql.lit(daysBefore)} and ${days}::int
      and abs(i.amount / (-o.amount * r.rate) - 1) <= ${sql.lit(rateTolerance)} and ${notRejected}
    order by user_id, from_id, to_id`.execute(db)
  return rows
}
