import { type RawBuilder, sql } from 'kysely'
import { monthDays } from './cadences.js'
import type { Reach } from './movements.js'
import { says, saysAll } from './sayings.js'

/** Two prices less than a fifth apart share a band of one of two grids, of which one lies half a band beside the other. */
const bandWidth = Math.log(1.2 ** 2)
const halfBand = sql`floor(price / ${sql.lit(bandWidth / 2)})`

/** Of the arrays of `days`, what they have for a row's `date`. */
const ofDay = (name: string, from: RawBuilder<unknown>) => sql`(select ${sql.ref(name)} from days)[date - (${from})]`

// Figures of some charges that say, before anything is sorted, whether they could recur: how near the prices are, how far
// apart the days, and how much the days agree on a day of the month or of the week (the length of the mean of unit
// vectors, 1 when all agree). Each bound is wider than what a stream has to keep in the end.
const axes = ['month_x', 'month_y', 'week_x', 'week_y']
const sumsOf = (value: (axis: string) => RawBuilder<unknown>) =>
  sql.join(axes.map((axis) => sql`sum(${value(axis)}) as ${sql.ref(axis)}`))
const figures = (from: RawBuilder<unknown>) => sql`count(*)::int as n, min(date) as first_date, max(date) as last_date,
    min(price) as least, max(price) as most, bool_and(${says('is_bill', 'is_choice')}) as said, ${sumsOf((axis) => ofDay(axis, from))}`
const figuresOfParts = sql`sum(n)::int as n, min(first_date) as first_date, max(last_date) as last_date, min(least) as least, max(most) as most,
    bool_and(said) as said, ${sumsOf(sql.ref)}`
// As floats: a numeric among them would be turned into one row by row.
const float = (value: number) => sql`${sql.lit(value)}::float8`
/** Prices as far apart as this are still one bill's. The room is for how logarithms round: 600 and 2400 are. */
export const fourfold = float(Math.log(4) + 1e-9)
/**
 * And as far as this where the bank says that it is a bill, or the amounts follow each other slowly for nine months or more: what
 * heats in January is hardly used in July.
 */
export const tenfold = float(Math.log(10) + 1e-9)
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
 * Charges that could recur, as a chain of CTEs over `movements`. They give `keys` (a person's merchants), `candidates` and
 * `candidate_charges`. Nearly all charges are none: as few as can be told are sorted or copied, and what is copied is narrow.
 */
export function candidateCtes({ from, to: asOf }: Pick<Reach, 'from' | 'to'>): RawBuilder<unknown> {
  return sql`
-- A day's place in months of equal length, the last of a month being the 31st, so that months can be counted like days; as
-- arrays that begin with the first day, since to look into them takes a tenth of what a join does.
days as materialized (
  select ${sql.join(['place', ...axes].map((name) => sql`array_agg(${sql.ref(name)} order by date) as ${sql.ref(name)}`))}
  from (
    select date, place, ${circle(sql`place`, monthDays, 'month')}, ${circle(sql`(date - date '2000-01-03')`, 7, 'week')}
    from (
      select date, (date_part('year', date) * 12 + date_part('month', date)) * ${sql.lit(monthDays)}
        + case when date_part('month', date + 1) <> date_part('month', date) then 31 else date_part('day', date) end as place
      from (select ${from} + i as date from generate_series(1, ${asOf} - (${from})) i) d
    ) d
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
-- A name with a number in it that is charged again and again is somebody else than that name with another number. Once a year,
-- it may be a day: STREAMHOUSE 0617.
numbers as materialized (
  select ${withoutCode('name')} as name, merchant
  from movements where ${isCharge} and ${says('numbered')}
  group by 1, 2
  having count(*) >= 3 and max(date) - min(date) < 300 * (count(*) - 1)
),
charges as materialized (
  select uuid_hash_extended(account, name) as mine, name, key_name, date, price, says, amount, account, charge, merchant
  from (
    select key_name, case when ${says('numbered')} and (own_name, merchant) in (select name, merchant from numbers)
        then hashtextextended(merchant, key_name) else key_name end as name,
      account, date, ln(-amount::float8) as price, says, amount, charge, merchant
    from (
      select m.own_name, coalesce(a.other, m.own_name) as key_name, m.says, m.account, m.date, m.amount, m.charge, m.merchant
      from (select *, ${withoutCode('name')} as own_name from movements where ${isCharge}) m
      left join aliases a on a.name = m.own_name
    ) c
    offset 0
  ) c
),
-- Prices less than a fifth apart. Two neighbours are a band, of one grid or the other.
by_half_band as materialized (
  select mine, min(name) as name, min(key_name) as key_name, ${halfBand} as half, ${figures(from)},
    bit_or(1::int8 << (hashfloat8(price) & 63)) as prices
  from charges
  group by mine, half
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
      select 5, mine, ${figures(from)}
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
  select s.candidate, date, ${ofDay('place', from)} as place, c.price, ${says('is_bill')} as is_bill, ${says('is_choice')} as is_choice,
    -c.amount as amount, c.account, c.charge, c.merchant
  from charges c
  join spots s on s.mine = c.mine and c.price between s.least and s.most
)`
}
