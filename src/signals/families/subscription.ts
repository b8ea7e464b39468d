import { type RawBuilder, sql } from 'kysely'
import { monthDays } from '../cadences.js'
import { byCurrency, longestWindow, money, ratio, shortestWindow } from './sql.js'

/** Reads `streams` and `stream_charges`. */
export function subscriptionSignals(asOf: RawBuilder<unknown>, confidence: RawBuilder<unknown>) {
  const figures = sql`
    select p.person, p.currency, p.time_window, jsonb_build_object(
      'recurring_merchants', coalesce(l.merchants, '[]'), 'subscriptions', coalesce(l.subscriptions, 0),
      'monthly_spend', ${money(sql`coalesce(m.monthly, 0)`)}, 'monthly_bills', ${money(sql`coalesce(m.bills, 0)`)},
      'share_of_spending', coalesce(${ratio(sql`least(1, greatest(0, w.charged / nullif(s.spent, 0)))`)}, 0)
    ) as value
    from places p
    left join listed l on p.is_main and l.person = p.person and l.time_window = p.time_window
    left join monthly m on m.person = p.person and m.currency = p.currency
    left join charged w on w.person = p.person and w.currency = p.currency and w.time_window = p.time_window
    left join spending s on s.person = p.person and s.currency = p.currency and s.time_window = p.time_window`
  const ctes = sql`
in_windows as materialized (
  select c.stream, w.time_window, sum(c.n)::int as charges, sum(c.amount) as charged
  from (
    select stream, ${shortestWindow(asOf)} as days, count(*) as n, sum(amount) as amount
    from stream_charges
    where date > ${asOf} - ${sql.lit(longestWindow)}
    group by 1, 2
  ) c
  join windows w on c.days <= w.days
  group by 1, 2
),
charged as (
  select s.person, s.currency, i.time_window, sum(i.charged) as charged
  from in_windows i join streams s using (stream)
  where not s.is_bill
  group by 1, 2, 3
),
monthly as (
  select person, currency, sum(monthly) filter (where not is_bill) as monthly, sum(monthly) filter (where is_bill) as bills
  from (select *, amount * ${sql.lit(monthDays)} / days::numeric as monthly from streams where active) s
  group by 1, 2
),
listed as (
  select s.person, w.time_window, count(*) filter (where s.active and not s.is_bill) as subscriptions,
    jsonb_agg(s.value || jsonb_build_object('charges_in_window', coalesce(i.charges, 0))
      order by s.daily desc, s.merchant, s.currency, s.first_date, s.last_date) as merchants
  from (
    select s.*, s.amount / s.days::numeric as daily, jsonb_build_object(
      'kind', case when s.is_bill then 'bill' else 'subscription' end, 'merchant', s.merchant, 'currency', s.currency, 'cadence', s.cadence,
      'amount', ${money(sql`s.amount`)}, 'monthly_amount', ${money(sql`s.amount * ${sql.lit(monthDays)} / s.days::numeric`)},
      'occurrences', s.n, 'last_date', to_char(s.last_date::timestamp, 'YYYY-MM-DD'),
      'next_date', to_char(s.next_date::timestamp, 'YYYY-MM-DD'), 'active', s.active, 'confidence', ${confidence}::numeric
    ) as value
    from streams s
    offset 0
  ) s
  cross join windows w
  left join in_windows i on i.stream = s.stream and i.time_window = w.time_window
  where s.active or i.charges > 0
  group by 1, 2
)`
  return { ctes, select: byCurrency('subscription', asOf, figures) }
}
