import { type RawBuilder, sql } from 'kysely'
import { byCurrency, money, ratio, savingsLike } from './sql.js'

/** Whether money is put aside. Reads the shared CTEs. */
export function savingsSignals(asOf: RawBuilder<unknown>) {
  const ctes = sql`
put_aside as (
  select s.person, s.currency, w.time_window, sum(s.amount) as grown,
    sum(s.amount) filter (where not s.is_interest) as inflow
  from sums s join windows w on s.days <= w.days
  where s.account_type in (${savingsLike})
  group by 1, 2, 3
)`
  const figures = sql`
    select p.person, p.currency, p.time_window, jsonb_build_object(
      'net_inflow', ${money(sql`coalesce(a.inflow, 0)`)},
      'monthly_net_inflow', ${money(sql`coalesce(a.inflow, 0) / p.months`)},
      'growth_rate', ${ratio(sql`case when c.savings - coalesce(a.grown, 0) > 0
        then coalesce(a.grown, 0) / (c.savings - coalesce(a.grown, 0)) end`)},
      'balance', ${money(sql`coalesce(c.savings, 0)`)},
      'emergency_fund_months', ${ratio(sql`greatest(0, coalesce(c.savings, 0)) / nullif(greatest(0, s.monthly), 0)`)}
    ) as value
    from places p
    left join cash c on c.person = p.person and c.currency = p.currency
    left join put_aside a on a.person = p.person and a.currency = p.currency and a.time_window = p.time_window
    left join spending s on s.person = p.person and s.currency = p.currency and s.time_window = p.time_window`
  return { ctes, select: byCurrency('savings_behavior', asOf, figures) }
}
