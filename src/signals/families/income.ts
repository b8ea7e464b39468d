import { type RawBuilder, sql } from 'kysely'
import { lowerCase, pattern } from '../../schema/texts.js'
import { says, saysAll } from '../sayings.js'
import { bonusInText, payInText } from '../words.js'
import { byCurrency, longestWindow, money, ratio } from './sql.js'

/** How far back pay is looked for: the one before the window's first tells how long that took. */
const incomeDays = 2 * longestWindow

/**
 * Pay is what is called pay, by its category or words (income of any kind where nothing is); and what the same payer has paid
 * three times, if it is a quarter of all that came in. What people send each other (a flatmate's share, parents) is pay only
 * where nothing else is. Where there is nothing of all this (invoices to many clients), it is every sum of a tenth of all or
 * more. Money back from a merchant is none, and neither is a bonus: it would make the steadiest pay look unsteady.
 */
export function incomeSignals(asOf: RawBuilder<unknown>) {
  const ctes = sql`
credits as materialized (
  select a.person, a.currency, m.date, m.amount, m.key, ${says('between_people')} as between_people,
    p.is_pay or ${says('is_income')} and not bool_or(p.is_pay) over (partition by m.owner) as said,
    sum(m.amount) over (partition by m.owner) as everything
  from movements m
  join accounts a on a.ledger = m.ledger
  cross join lateral (select ${lowerCase(sql.ref('m.description'))} as text) t
  cross join lateral (select ${says('is_pay')} or t.text ~ ${pattern(payInText)} as is_pay offset 0) p
  where ${saysAll(['in'], ['internal', 'reversal', 'reversed', 'is_not_pay'])} and m.date > ${asOf} - ${sql.lit(incomeDays)}
    and a.account_type not in ('credit_card', 'loan', 'investment') and t.text !~ ${pattern(bonusInText)}
),
payers as materialized (
  select person, currency, key, said, is_shop,
    said or is_much and (not between_people or not bool_or(said or is_much and not between_people) over (partition by person, currency)) as is_payer
  from (
    select c.*, s.key is not null as is_shop, c.n >= 3 and c.paid >= 0.25 * c.everything and s.key is null as is_much
    from (
      select person, currency, key, bool_or(said) as said, bool_and(between_people) as between_people, count(*) as n,
        sum(amount) as paid, max(everything) as everything
      from credits
      group by 1, 2, 3
    ) c
    left join (
      select person, currency, key from keys
    ) s on s.person = c.person and s.currency = c.currency and s.key = c.key
  ) p
),
paydays as materialized (
  select *, date - lag(date) over (partition by person, currency order by date) as gap
  from (
    select c.person, c.currency, c.date, sum(c.amount) as amount
    from credits c
    join payers p on p.person = c.person and p.currency = c.currency and p.key = c.key
    left join (select person, currency from payers group by 1, 2 having bool_or(is_payer)) known
      on known.person = c.person and known.currency = c.currency
    where case when known.person is null then not p.is_shop and c.amount >= 0.1 * c.everything
      else p.is_payer and (c.said or not p.said or c.amount >= 0.1 * c.everything) end
    group by 1, 2, 3
  ) d
),
earned as (
  select d.person, d.currency, w.time_window,
    count(*) filter (where d.date > w.start)::int as payments,
    sum(d.amount) filter (where d.date > w.start) as total,
    coalesce(
      percentile_cont(0.5) within group (order by d.gap) filter (where d.date > w.start),
      percentile_cont(0.5) within group (order by d.gap)) as median_gap,
    coalesce(
      stddev_samp(d.amount) filter (where d.date > w.start) / nullif(avg(d.amount) filter (where d.date > w.start), 0),
      stddev_samp(d.amount) / nullif(avg(d.amount), 0)) as variability
  from paydays d cross join windows w
  group by 1, 2, 3
)`
  const figures = sql`
    select p.person, p.currency, p.time_window, jsonb_build_object(
      'payments', coalesce(e.payments, 0),
      'total', ${money(sql`coalesce(e.total, 0)`)},
      'median_gap_days', e.median_gap::numeric,
      'variability', ${ratio(sql`e.variability`)},
      'cash_flow_buffer_months', ${ratio(sql`greatest(0, coalesce(c.checking, 0)) / nullif(greatest(0, s.monthly), 0)`)}
    ) as value
    from places p
    left join cash c on c.person = p.person and c.currency = p.currency
    left join earned e on e.person = p.person and e.currency = p.currency and e.time_window = p.time_window
    left join spending s on s.person = p.person and s.currency = p.currency and s.time_window = p.time_window`
  return { ctes, select: byCurrency('income_stability', asOf, figures) }
}
