import { type RawBuilder, sql } from 'kysely'
import { isTransferCategory, isVagueCategory } from '../repositories/spending.js'
import { lowerCase, pattern } from '../schema/texts.js'
import { cadences } from './cadences.js'
import type { Reach } from './movements.js'
import { candidateCtes, fourfold, tenfold } from './stream-candidates.js'
import { dueInText } from './words.js'

/** How far back charges are looked for: two yearly ones and some weeks. */
export const evidenceDays = 800

const cadenceRows = sql.join(
  cadences.map(
    ({ name, months, days, between: [least, most], tolerance }) =>
      sql`(${sql.lit(name)}, ${sql.lit(months)}, ${sql.lit(days)}::float8, ${sql.lit(least)}, ${sql.lit(most)}, ${sql.lit(tolerance)}::float8)`,
  ),
)

/** Of streams of one merchant, so that the same rows always give the same. */
const inOrder = sql`first_date, last_date, first_amount, last_amount, candidate`

/**
 * Whether the description of a stream's last charge says that it has to be paid, where its category leaves that open: banks of many
 * countries write the landlord in one field and the rent in another. Of streams and not of rows, by their keys: they are few.
 */
const isDue = sql`(
      select (${isVagueCategory(sql`t.category`)} or ${isTransferCategory(sql`t.category`)}) and ${lowerCase(sql`t.description`)} ~ ${pattern(dueInText)}
      from ${sql.table('finance.transactions')} t where t.user_id = s.person and t.id = m.last_charge)`

/**
 * Recurring charges, as a chain of CTEs. They read `movements` and give `stream_charges` (stream, charge, …) and `streams`.
 *
 * A merchant's charges are looked at as a whole, then by account, then by price band (a step of 30 % divides two), then by
 * exact price; the widest that keeps a cadence is one stream. So a price change stays inside a stream, and two
 * subscriptions at one merchant, or one among other purchases there, come apart. Streams of one merchant that follow each
 * other at the same cadence are one that changed its price or account.
 */
export function streamCtes(reach: Pick<Reach, 'from' | 'to'>): RawBuilder<unknown> {
  const { to: asOf } = reach
  return sql`
cadences (cadence, months, days, least_gap, most_gap, tolerance) as (values ${cadenceRows}),
${candidateCtes(reach)},
gaps as materialized (
  select candidate, date, amount, price, is_bill, is_bill or is_choice as said,
    date - lag(date) over w as gap, place - lag(place) over w as month_gap,
    abs(price - lag(price) over w) as step, abs(price - lag(price, 2) over w) as step2
  from candidate_charges
  window w as (partition by candidate order by date, price)
),
-- the cadences that a candidate's usual gap allows
allowed as materialized (
  select candidate, cadence, months, days, tolerance
  from (
    select candidate, percentile_disc(0.5) within group (order by gap) as gap
    from gaps where gap > 0
    group by 1
  ) usual
  join cadences on gap between least_gap and most_gap
),
-- How well each candidate keeps each of them. "off" is how many days a charge is early or late.
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
      select candidate, step, step2, cadence, months, days, tolerance,
        case when months = 0 then gap else month_gap end as measured
      from gaps
      join allowed using (candidate)
      where gap > 0
    ) g
    cross join lateral (select greatest(1, round(g.measured / g.days)) as periods) p
  ) f
  group by 1, 2, 3, 4, 5
),
spreads as (
  select candidate, count(*)::int as n, count(*) filter (where gap is null or gap > 0)::int as days,
    max(price) - min(price) as range, coalesce(stddev_samp(exp(price)) / avg(exp(price)), 0) as spread,
    2 * count(*) filter (where said) > count(*) as said, count(*) >= 6 and bool_and(is_bill) as said_bill
  from gaps
  group by 1
),
kept as (
  select distinct on (f.candidate) f.*, c.level, c.key_name, c.name, c.mine, c.least, c.most, s.n, prices.fixed,
    c.first_date as starts_on, c.last_date as ends_on
  from fits f
  join candidates c using (candidate)
  join spreads s using (candidate)
  join keys n on n.name = c.key_name
  cross join lateral (select s.said_bill or s.n >= 9 and months = 1 and mean_step <= 0.4 as heats) h
  cross join lateral (
    select
      -- one price, that may change now and then
      steps <= greatest(1, 0.3 * gaps) and jumps <= case when gaps >= 6 then 0.15 * gaps else 0 end as fixed,
      -- a bill by consumption: by the month, and punctual
      months between 1 and 3 and s.n >= 4 and range <= case when h.heats then ${tenfold} else ${fourfold} end
        and spread <= case when h.heats then 0.8 else 0.4 end and skips <= 0.1 * gaps and mean_off <= 2.5 as variable
  ) prices
  where s.n - s.days <= 0.1 * s.n
    and case
      when s.n = 2 then cadence = 'yearly' and (s.said or changes = 0 and n.n = 2)
      else cadence <> 'yearly' or s.n >= 3 end
    and outliers <= case when gaps >= 6 then 0.15 * gaps else 0 end
    and mean_off <= tolerance * 0.5
    and drift <= tolerance * 1.5
    and skips <= greatest(1, 0.25 * gaps) and longest <= case when s.n <= 5 then 2 when s.n >= 9 and skips = 1 then 12 else 6 end
    and (fixed or variable)
    and (not n.between_people or (fixed and changes <= 1 and (s.n > 3 or months = 1)))
    -- Three charges may be chance: they have to be punctual, and more so among others or with one left out.
    and case
      when s.n > 3 then true
      when months = 0 then mean_off <= 0.5 and changes = 0
      when skips > 0 then months = 1 and mean_off <= 1.5 and changes = 0
      when level = 5 then mean_off <= 1
      else mean_off <= case when months = 12 then 4 else 2.5 end end
    -- Seldom, and not on its day: friends who are paid the same now and then.
    and (months < 2 or s.n > 6 or s.said or skips = 0 and mean_off <= 3)
    -- Few charges of which each has another price are purchases, unless the bank says what they are.
    and (s.n > 4 or s.n = 2 or s.said or changes <= s.n - 2)
    -- Two prices that take turns are two subscriptions.
    and (cadence not in ('weekly', 'fortnightly', 'semi_monthly', 'half_yearly') or mean_step <= 2 * coalesce(mean_step2, 0) + 0.02)
  order by f.candidate, outliers, mean_off / tolerance, months desc
),
-- One price that is punctual throughout, when what else is in its band makes that unpunctual: a plan among orders.
purer as (
  select w.candidate
  from kept w
  join kept k on k.name = w.name and k.level = 5 and w.level < 5 and k.least between w.least and w.most
    and k.n between 0.6 * w.n and w.n - 1 and k.mean_off <= w.mean_off and k.outliers <= w.outliers
    and (k.mean_off + 0.3 < w.mean_off or k.outliers < w.outliers)
    and k.starts_on <= w.starts_on + k.days::int and k.ends_on >= w.ends_on - k.days::int
),
best as materialized (select * from kept where candidate not in (select candidate from purer)),
-- Of a merchant's charges on an account, the grid whose bands hold more.
grids as (
  select distinct on (mine) mine, level from best where level in (3, 4) group by 1, 2 order by mine, sum(n) desc, level
),
chosen as materialized (
  select k.*, n.person, n.currency, n.key
  from best k
  join keys n on n.name = k.key_name
  left join grids g on g.mine = k.mine
  where (k.level not in (3, 4) or k.level = g.level)
    and not exists (select from best w where w.level = 1 and k.level > 1 and w.name = k.name)
    and not exists (select from best w where w.level = 2 and k.level > 2 and w.mine = k.mine)
    and not exists (
      select from best w where k.level = 5 and w.level = g.level and w.mine = k.mine and k.least between w.least and w.most)
),
spans as (
  select candidate, min(date) as first_date, max(date) as last_date,
    (array_agg(amount order by date, amount))[1] as first_amount, (array_agg(amount order by date desc, amount desc))[1] as last_amount
  from gaps where candidate in (select candidate from chosen)
  group by 1
),
chained as materialized (
  select *, count(*) filter (where starts) over (order by person, currency, key, cadence, months, ${inOrder}) as stream
  from (
    select c.*, first_date, last_date, first_amount, last_amount, coalesce(
      first_date <= max(last_date) over before
        or first_date - lag(last_date) over w > 3.5 * days
        or greatest(first_amount, lag(last_amount) over w) > 2 * least(first_amount, lag(last_amount) over w),
      true) as starts
    from chosen c join spans using (candidate)
    window w as (partition by person, currency, key, cadence, months order by ${inOrder}),
      before as (partition by person, currency, key, cadence, months order by ${inOrder}
        rows between unbounded preceding and 1 preceding)
  ) c
),
stream_charges as materialized (
  select s.stream, c.charge, c.date, c.amount, c.account, c.merchant, c.is_bill, c.is_choice
  from chained s join candidate_charges c using (candidate)
),
streams as materialized (
  select s.*, m.n, m.first_date, m.last_date, m.merchant,
    case when m.is_bill then true when m.is_choice then false when s.fixed then ${isDue} else true end as is_bill,
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
    select stream, count(*)::int as n, 2 * count(*) filter (where is_bill) > count(*) as is_bill,
      2 * count(*) filter (where is_choice) > count(*) as is_choice, min(date) as first_date, max(date) as last_date,
      (array_agg(amount order by date desc, charge desc))[1] as last_amount,
      (array_agg(merchant order by date desc, charge desc))[1] as merchant,
      (array_agg(charge order by date desc, charge desc))[1] as last_charge,
      percentile_disc(0.5) within group (order by amount) as usual_amount,
      (array_agg(case when date_part('month', date + 1) <> date_part('month', date) then 31 else date_part('day', date)::int end
        order by date desc, charge desc))[1:6] as last_days
    from stream_charges
    group by 1
  ) m using (stream)
  cross join lateral (
    -- from the day of the month that was usual lately, whichever way the last charge was moved (in six months, no more than
    -- three end on the 30th or before): counted from the day of the last, since the 31st is the day before the 1st
    select case when s.months = 0 then m.last_date + s.days::int else (
      select d::date from (
        select (start + make_interval(days => least(l.day, date_part('day', start + interval '1 month - 1 day'))::int - 1)) as d
        from (
          select (m.last_days[1] + percentile_disc(0.5) within group (order by (day - m.last_days[1] + 46) % 31 - 15) + 30) % 31 + 1 as day
          from unnest(m.last_days) day
        ) l, (
          select date_trunc('month', m.last_date::timestamp) + make_interval(months => s.months + shift) as start
          from (values (-1), (0), (1)) v (shift)
        ) starts
      ) days
      order by abs((d::date - m.last_date) - s.days) limit 1
    ) end as next_date
    offset 0
  ) n
)`
}
