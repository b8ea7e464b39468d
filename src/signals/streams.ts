import { type RawBuilder, sql } from 'kysely'
import { cadences, monthDays } from './cadences.js'
import type { Reach } from './movements.js'
import { says, saysAll } from './sayings.js'

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

/** Two prices less than a fifth apart share a band of one of two grids, of which one lies half a band beside the other. */
const bandWidth = Math.log(1.2 ** 2)
const halfBand = sql`floor(price / ${sql.lit(bandWidth / 2)})`

// Figures of some charges that say, before anything is sorted, whether they could recur: how near the prices are, how far
// apart the days, and how much the days agree on a day of the month or of the week (the length of the mean of unit
// vectors, 1 when all agree). Each bound is wider than what a stream has to keep in the end.
const axes = ['month_x', 'month_y', 'week_x', 'week_y']
const sumsOfAxes = sql.join(axes.map((axis) => sql`sum(${sql.ref(axis)}) as ${sql.ref(axis)}`))
const figures = sql`count(*)::int as n, min(date) as first_date, max(date) as last_date, min(price) as least, max(price) as most,
    bool_and(${says('is_bill', 'is_choice')}) as said, ${sumsOfAxes}`
const figuresOfParts = sql`sum(n)::int as n, min(first_date) as first_date, max(last_date) as last_date, min(least) as least, max(most) as most,
    bool_and(said) as said, ${sumsOfAxes}`
// As floats: a numeric among them would be turned into one row by row.
const float = (value: number) => sql`${sql.lit(value)}::float8`
/** Prices as far apart as this are still one bill's. The room is for how logarithms round: 600 and 2400 are. */
const fourfold = float(Math.log(4) + 1e-9)
/**
 * And as far as this where the bank says that it is a bill, or the amounts follow each other slowly for nine months or more: what
 * heats in January is hardly used in July.
 */
const tenfold = float(Math.log(10) + 1e-9)
const plausible = sql`(
  (n >= 3 and most - least <= case when said and n >= 6 or n >= 9 and in_month >= 0.65 then ${tenfold} else ${fourfold} end
    and last_date - first_date >= ${float(4.9)} * (n - 1)
    and (in_month >= case n when 3 then ${float(0.92)} when 4 then ${float(0.88)} when 5 then ${float(0.88)} else ${float(0.65)} end
      or in_week >= case when n < 6 then ${float(0.75)} else ${float(0.6)} end and (n > 3 or most - least < 0.001)
        and (last_date - first_date <= 45 * (n - 1) or last_date - first_date between 82 * (n - 1) and 105 * (n - 1))
      or n >= 5 and most - least < 0.35 and last_date - first_date between ${float(14.7)} * (n - 1) and ${float(15.8)} * (n - 1)))
  or (n = 2 and last_date - first_date between 355 and 376 and most - least <= case when said then ${float(0.25)} else ${float(0.15)} end)
)`

const circle = (value: RawBuilder<unknown>, length: number, name: string) => {
  const angle = sql`${sql.lit((2 * Math.PI) / length)} * ${value}`
  return sql`cos(${angle}) as ${sql.ref(`${name}_x`)}, sin(${angle}) as ${sql.ref(`${name}_y`)}`
}

const isCharge = saysAll(['out'], ['internal', 'reversal', 'reversed', 'nameless', 'of_bank'])

// What comes behind an asterisk and never again is a code, also without digits: GYM*KWYHUS.
const isCoded = sql`(base_name is not null and name in (select name from coded))`
const withoutCode = (what: 'name' | 'key') =>
  sql`case when ${isCoded} then ${what === 'name' ? sql`base_name` : sql`base`} else ${sql.ref(what)} end`

/**
 * Recurring charges, as a chain of CTEs. They read `movements` and give `stream_charges` (stream, charge, …) and `streams`.
 *
 * A merchant's charges are looked at as a whole, then by account, then by price band (a step of 30 % divides two), then by
 * exact price; the widest that keeps a cadence is one stream. So a price change stays inside a stream, and two
 * subscriptions at one merchant, or one among other purchases there, come apart. Streams of one merchant that follow each
 * other at the same cadence are one that changed its price or account.
 *
 * Nearly all charges are none of these. So as few of them as can be told are sorted or copied, and what is copied is narrow.
 */
export function streamCtes({ from, to: asOf }: Pick<Reach, 'from' | 'to'>): RawBuilder<unknown> {
  return sql`
cadences (cadence, months, days, least_gap, most_gap, tolerance) as (values ${cadenceRows}),
-- a day's place in months of equal length, the last of a month being the 31st, so that months can be counted like days
-- ("distinct" tells the planner that a day has one row, and keeps the sines from being worked out for each charge)
days as not materialized (
  select distinct on (date) date, place, ${circle(sql`place`, monthDays, 'month')}, ${circle(sql`(date - date '2000-01-03')`, 7, 'week')}
  from (
    select date, (date_part('year', date) * 12 + date_part('month', date)) * ${sql.lit(monthDays)}
      + case when date_part('month', date + 1) <> date_part('month', date) then 31 else date_part('day', date) end as place
    from (select ${from} + i as date from generate_series(1, ${asOf} - (${from})) i) d
  ) d
),
coded as materialized (
  select name from movements where base_name is not null group by 1 having count(*) = 1
),
keys as materialized (
  select *
  from (
    select owner, ${withoutCode('name')} as name, ${withoutCode('key')} as key,
      bool_or(${says('between_people')}) as between_people, count(*) as n,
      count(*) = 2 and max(date) - min(date) between 355 and 376 and min(amount) = max(amount) as is_yearly
    from movements where ${isCharge}
    group by 1, 2, 3
  ) k
  join owners using (owner)
),
-- "streaming stockholm" where there is also "streaming"
aliases as materialized (
  select k.name, short.name as other
  from keys k
  join keys short on short.owner = k.owner and short.key = split_part(k.key, ' ', 1)
  -- but "streaming premium" that is charged once a year and one price is a plan there
  where k.key like '% %' and length(short.key) >= 4 and not k.is_yearly
),
-- A name with a number in it that is charged again and again is somebody else than that name with another number.
numbers as materialized (
  select ${withoutCode('name')} as name, merchant
  from movements where ${isCharge} and ${says('numbered')}
  group by 1, 2
  having count(*) >= 3
),
charges as materialized (
  select uuid_hash_extended(account, name) as mine, name, key_name, date, price, says, month_x, month_y, week_x, week_y,
    place, amount, account, charge, merchant
  from (
    select key_name, case when ${says('numbered')} and (own_name, merchant) in (select name, merchant from numbers)
        then hashtextextended(merchant, key_name) else key_name end as name,
      account, d.*, ln(-amount::float8) as price, says, amount, charge, merchant
    from (
      select m.own_name, coalesce(a.other, m.own_name) as key_name, m.says, m.account, m.date, m.amount, m.charge, m.merchant
      from (select *, ${withoutCode('name')} as own_name from movements where ${isCharge}) m
      left join aliases a on a.name = m.own_name
    ) c
    left join days d using (date)
    offset 0
  ) c
),
-- Prices less than a fifth apart. Two neighbours are a band, of one grid or the other.
by_half_band as materialized (
  select mine, name, key_name, ${halfBand} as half, ${figures}, bit_or(1::int8 << (hashfloat8(price) & 63)) as prices
  from charges
  group by 1, 2, 3, 4
),
by_account as materialized (
  select mine, name, key_name, ${figuresOfParts} from by_half_band group by 1, 2, 3
),
candidates as materialized (
  select row_number() over () as candidate, c.*
  from (
    select 1 as level, null::int8 as mine, name, key_name, ${figuresOfParts} from by_account group by 3, 4 having count(*) > 1
    union all
    select 2, * from by_account
    union all
    select p.level, p.mine, a.name, a.key_name, p.n, p.first_date, p.last_date, p.least, p.most, p.said, p.month_x, p.month_y, p.week_x, p.week_y
    from (
      select 3 as level, mine, ${figuresOfParts} from by_half_band group by 2, floor(half / 2) having sum(n) >= 3
      union all
      select 4, mine, ${figuresOfParts} from by_half_band group by 2, floor((half + 1) / 2) having sum(n) >= 3
      union all
      select 5, mine, ${figures}
      from charges
      -- a price has one bit: where there are three of one, two charges or more have no bit of their own
      where (mine, ${halfBand}) in (select mine, half from by_half_band where n - bit_count(prices::bit(64)) >= 2)
      group by 2, price
      having count(*) >= 3
    ) p
    join by_account a on a.mine = p.mine and a.n > p.n
  ) c
  cross join lateral (
    select sqrt(month_x * month_x + month_y * month_y) / n as in_month, sqrt(week_x * week_x + week_y * week_y) / n as in_week
  ) d
  where ${plausible}
),
-- where the charges of a candidate are
spots as materialized (
  select candidate, mine, least, most from candidates where level > 1
  union all
  select c.candidate, a.mine, a.least, a.most from candidates c join by_account a on a.name = c.name where c.level = 1
),
candidate_charges as materialized (
  select s.candidate, c.date, c.place, c.price, ${says('is_bill')} as is_bill, ${says('is_choice')} as is_choice,
    -c.amount as amount, c.account, c.charge, c.merchant
  from charges c join spots s on s.mine = c.mine and c.price between s.least and s.most
),
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
    and skips <= greatest(1, 0.25 * gaps) and longest <= case when s.n <= 5 then 2 else 6 end
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
  select s.*, m.n, m.first_date, m.last_date, m.merchant, m.is_bill or not s.fixed and not m.is_choice as is_bill,
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
          from (values (-1), (0), (1)) v (shift)
        ) starts
      ) days
      order by abs((d::date - m.last_date) - s.days) limit 1
    ) end as next_date
    offset 0
  ) n
)`
}
