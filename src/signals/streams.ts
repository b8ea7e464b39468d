import { type RawBuilder, sql } from 'kysely'
import { cadences, monthDays } from './cadences.js'

/** How far back charges are looked for: two yearly ones and some weeks. */
export const evidenceDays = 800

const cadenceRows = sql.join(
  cadences.map(
    ({ name, months, days, between: [least, most], tolerance }) =>
      sql`(${sql.lit(name)}, ${sql.lit(months)}, ${sql.lit(days)}::float8, ${sql.lit(least)}, ${sql.lit(most)}, ${sql.lit(tolerance)}::float8)`,
  ),
)

// Whether charges with these figures could recur, before anything is sorted: the gaps would be a week at least, few share a
// day (where the sum of days is of more than one account or price, that is looked at again), and the prices are near each
// other. Two charges are enough for a yearly one.
const plausible = sql`(
  (n >= 3 and n - days <= n * 0.1 and last_date - first_date >= 5.5 * (days - 1) and most <= least * 4)
  or (n = 2 and last_date - first_date between 355 and 376 and most <= least * 1.15)
)`

/**
 * Recurring charges, as a chain of CTEs. They read `charges` (person, currency, merchant, account, charge, date, amount:
 * spending, positive) and `merchants`, and give `stream_charges` (stream, charge, …) and `streams`.
 *
 * A merchant's charges are looked at as a whole, then by account, then by price band (a step of 30 % divides two), then by
 * exact price; the widest that keeps a cadence is one stream. So a price change stays inside a stream, and two
 * subscriptions at one merchant, or one among other purchases there, come apart. Streams of one merchant that follow each
 * other at the same cadence are one that changed its price or account.
 */
export function streamCtes(asOf: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
cadences (cadence, months, days, least_gap, most_gap, tolerance) as (values ${cadenceRows}),
counted as materialized (
  select person, currency, key, merchant, count(*) as n, bool_or(between_people) as between_people
  from charges
  group by 1, 2, 3, 4
),
names as materialized (
  select c.person, c.currency, c.merchant, coalesce(short.key, c.key) as key, c.between_people,
    -- A name with a number in it that is charged again and again is somebody else than that name with another number.
    dense_rank() over (order by c.person, c.currency, coalesce(short.key, c.key),
      case when c.n >= 3 and c.merchant ~ '\\d{4}' then c.merchant end) as name
  from counted c
  -- "streaming stockholm" where there is also "streaming"
  left join (select distinct person, currency, key from counted where key ~ '^[[:alpha:]]{4,}$') short
    on short.person = c.person and short.currency = c.currency and short.key = split_part(c.key, ' ', 1)
),
named as materialized (
  select n.name, c.account, c.charge, c.date, c.amount, c.merchant, c.is_bill
  from charges c
  join names n on n.person = c.person and n.currency = c.currency and n.merchant = c.merchant
),
by_account as materialized (
  select name, account, count(*)::int as n, count(distinct date)::int as days, min(date) as first_date,
    max(date) as last_date, min(amount) as least, max(amount) as most
  from named
  group by 1, 2
),
by_name as (
  select name, sum(n)::int as n, sum(days)::int as days, count(*) as accounts, min(first_date) as first_date,
    max(last_date) as last_date, min(least) as least, max(most) as most
  from by_account
  group by 1
),
prices as materialized (
  select *, sum(case when amount > cheaper * 1.3 then 1 else 0 end) over (partition by name, account order by amount) as band
  from (
    select *, lag(amount) over (partition by name, account order by amount) as cheaper
    from (
      select name, account, amount, count(*)::int as n, count(distinct date)::int as days, min(date) as first_date,
        max(date) as last_date, amount as least, amount as most
      from named
      group by 1, 2, 3
    ) p
  ) p
),
by_band as materialized (
  select name, account, band, sum(n)::int as n, sum(days)::int as days, min(first_date) as first_date,
    max(last_date) as last_date, min(least) as least, max(most) as most
  from prices
  group by 1, 2, 3
),
candidates as materialized (
  select row_number() over () as candidate, c.*
  from (
    select 1 as level, name, null::uuid as account, null::bigint as band, null::numeric as amount, n
    from by_name where accounts > 1 and ${plausible}
    union all
    select 2, name, account, null, null, n from by_account where ${plausible}
    union all
    select 3, b.name, b.account, b.band, null, b.n
    from (select * from by_band where n >= 3 and ${plausible}) b
    join by_account a on a.name = b.name and a.account = b.account and b.n < a.n
    union all
    select 4, p.name, p.account, p.band, p.amount, p.n
    from (select * from prices where n >= 3 and ${plausible}) p
    join by_band b on b.name = p.name and b.account = p.account and b.band = p.band and p.n < b.n
  ) c
),
candidate_charges as materialized (
  select c.candidate, n.* from candidates c join named n on n.name = c.name where c.level = 1
  union all
  select c.candidate, n.* from candidates c join named n on n.name = c.name and n.account = c.account where c.level = 2
  union all
  select c.candidate, n.* from candidates c
  join prices p on p.name = c.name and p.account = c.account and p.band = c.band
  join named n on n.name = p.name and n.account = p.account and n.amount = p.amount
  where c.level = 3
  union all
  select c.candidate, n.* from candidates c
  join named n on n.name = c.name and n.account = c.account and n.amount = c.amount
  where c.level = 4
),
-- A day's place in months of equal length, the last of a month being the 31st, so that months can be counted like days.
placed as (
  select candidate, date, amount, ln(amount::float8) as price,
    (date_part('year', date) * 12 + date_part('month', date)) * ${sql.lit(monthDays)}
      + case when date_part('month', date + 1) <> date_part('month', date) then 31 else date_part('day', date) end as place
  from candidate_charges
),
gaps as materialized (
  select candidate, date, amount, date - lag(date) over w as gap, place - lag(place) over w as month_gap,
    abs(price - lag(price) over w) as step, abs(price - lag(price, 2) over w) as step2
  from placed
  window w as (partition by candidate order by date, amount)
),
usual as (
  select candidate, percentile_disc(0.5) within group (order by gap) as gap
  from gaps where gap > 0
  group by 1
),
-- How well each candidate keeps each cadence that its usual gap allows. "off" is how many days a charge is early or late.
fits as (
  select candidate, cadence, months, days, tolerance, count(*)::int as gaps,
    count(*) filter (where abs(off) > tolerance) as outliers,
    coalesce(avg(abs(off)) filter (where abs(off) <= tolerance), 99) as mean_off,
    coalesce(abs(sum(off) filter (where abs(off) <= tolerance)), 99) as drift,
    count(*) filter (where periods > 1) as skips, max(periods) as longest, sum(periods) as periods,
    count(*) filter (where step > 0.001) as changes, count(*) filter (where step > 0.06) as steps,
    count(*) filter (where step > 0.35) as jumps, avg(step) as mean_step, avg(step2) as mean_step2
  from (
    select g.candidate, g.step, g.step2, g.cadence, g.months, g.days, g.tolerance, p.periods,
      g.measured - p.periods * g.days as off
    from (
      select gaps.candidate, step, step2, c.cadence, c.months, c.days, c.tolerance,
        case when c.months = 0 then gaps.gap else gaps.month_gap end as measured
      from gaps
      join usual on usual.candidate = gaps.candidate
      join cadences c on usual.gap between c.least_gap and c.most_gap
      where gaps.gap > 0
    ) g
    cross join lateral (select greatest(1, round(g.measured / g.days)) as periods) p
  ) f
  group by 1, 2, 3, 4, 5
),
spreads as (
  select candidate, count(*)::int as n, count(distinct date)::int as days, max(amount) / min(amount) as ratio,
    coalesce(stddev_samp(amount::float8) / avg(amount::float8), 0) as spread
  from candidate_charges
  group by 1
),
kept as (
  select distinct on (f.candidate) f.*, c.level, c.name, c.account, c.band, s.n, prices.fixed
  from fits f
  join candidates c using (candidate)
  join spreads s using (candidate)
  cross join lateral (
    select
      -- one price, that may change now and then
      steps <= greatest(1, 0.3 * gaps) and jumps <= case when gaps >= 6 then 0.15 * gaps else 0 end as fixed,
      -- a bill by consumption: by the month, and punctual
      months between 1 and 3 and s.n >= 4 and ratio <= 4 and spread <= 0.4 and skips <= 0.1 * gaps
        and mean_off <= 2.5 as variable
  ) prices
  where s.n - s.days <= 0.1 * s.n
    and case
      when s.n = 2 then cadence = 'yearly' and mean_off <= 7 and steps <= 1
      else cadence <> 'yearly' or s.n >= 3 end
    and outliers <= case when gaps >= 6 then 0.15 * gaps else 0 end
    and mean_off <= tolerance * 0.5
    and drift <= tolerance * 1.5
    and skips <= greatest(1, 0.25 * gaps) and longest <= case when s.n <= 5 then 2 else 6 end
    and (fixed or variable)
    -- Three charges may be chance: they have to be punctual, and more so among others or with one left out.
    and case
      when s.n > 3 then true
      when months = 0 then mean_off <= 0.5 and changes = 0
      when skips > 0 then months = 1 and mean_off <= 1.5 and changes = 0
      when level = 4 then mean_off <= 1
      else mean_off <= 2.5 end
    -- Two prices that take turns are two subscriptions.
    and (cadence not in ('weekly', 'fortnightly', 'half_yearly') or mean_step <= 2 * coalesce(mean_step2, 0) + 0.02)
  order by f.candidate, outliers, mean_off / tolerance, months desc
),
chosen as materialized (
  select k.*, n.person, n.currency, n.key
  from kept k
  join (select distinct name, person, currency, key, between_people from names) n using (name)
  where not exists (
      select from kept wider
      where wider.level < k.level and wider.name = k.name and (wider.account is null or wider.account = k.account)
        and (wider.band is null or wider.band = k.band)
    )
    and (not n.between_people or (k.changes <= 1 and k.fixed))
),
spans as (
  select candidate, min(date) as first_date, max(date) as last_date,
    (array_agg(amount order by date))[1] as first_amount, (array_agg(amount order by date desc))[1] as last_amount
  from candidate_charges where candidate in (select candidate from chosen)
  group by 1
),
chained as materialized (
  select *, count(*) filter (where starts) over (order by person, currency, key, cadence, first_date, candidate) as stream
  from (
    select c.*, first_date, last_date, coalesce(
      first_date <= max(last_date) over before
        or first_date - lag(last_date) over w > 3.5 * days
        or greatest(first_amount, lag(last_amount) over w) > 2 * least(first_amount, lag(last_amount) over w),
      true) as starts
    from chosen c join spans using (candidate)
    window w as (partition by person, currency, key, cadence order by first_date, candidate),
      before as (partition by person, currency, key, cadence order by first_date, candidate
        rows between unbounded preceding and 1 preceding)
  ) c
),
stream_charges as materialized (
  select s.stream, c.charge, c.date, c.amount, c.account, c.merchant, c.is_bill
  from chained s join candidate_charges c using (candidate)
),
streams as materialized (
  select s.*, m.n, m.first_date, m.last_date, m.merchant, m.is_bill or not s.fixed as is_bill,
    case when s.fixed then m.last_amount else m.usual_amount end as amount,
    n.next_date, n.next_date + ceil(least(s.days / 2, 2 * s.tolerance + 3))::int >= ${asOf} as active
  from (
    select stream, person, currency, key, cadence, months, days, tolerance, bool_and(fixed) as fixed,
      sum(gaps)::int as gaps, sum(outliers)::int as outliers, max(mean_off) as mean_off, sum(skips)::int as skips,
      count(*)::int as parts
    from chained
    group by 1, 2, 3, 4, 5, 6, 7, 8
  ) s
  join (
    select stream, count(*)::int as n, 2 * count(*) filter (where is_bill) > count(*) as is_bill, min(date) as first_date, max(date) as last_date,
      (array_agg(amount order by date desc))[1] as last_amount,
      (array_agg(merchant order by date desc, charge desc))[1] as merchant,
      percentile_disc(0.5) within group (order by amount) as usual_amount,
      percentile_disc(0.5) within group (order by
        case when date_part('month', date + 1) <> date_part('month', date) then 31 else date_part('day', date) end) as day
    from stream_charges
    group by 1
  ) m using (stream)
  cross join lateral (
    -- from the day of the month that is usual, whichever way the last charge was moved
    select case when s.months = 0 then m.last_date + s.days::int else (
      select d::date from (
        select (start + make_interval(days => least(m.day, date_part('day', start + interval '1 month - 1 day'))::int - 1)) as d
        from (
          select date_trunc('month', m.last_date::timestamp) + make_interval(months => s.months + shift) as start
          from generate_series(-1, 1) shift
        ) starts
      ) days
      order by abs((d::date - m.last_date) - s.days) limit 1
    ) end as next_date
  ) n
)`
}
