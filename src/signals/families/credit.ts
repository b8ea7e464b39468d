import { type RawBuilder, sql } from 'kysely'
import { bits, says, saysAll } from '../sayings.js'
import { longestWindow, money, ratio, shortestWindow } from './sql.js'

/**
 * Banks do not say what was due: a payment is taken for the least when it is at most 5 % of what was owed before it or 1 % of
 * the limit, and something is left.
 */
export function creditSignals(asOf: RawBuilder<unknown>) {
  const ctes = sql`
-- What went out is summed up by the day, the rest keeps rows of its own: what is said of a day is said of what went out.
card_rows as materialized (
  select r.ledger, r.date, r.amount, r.days, a.balance, a.credit_limit,
    -- owed before the row: what is owed at the end less all from this row on
    -(a.balance - sum(r.amount) over (partition by r.ledger order by r.date desc, r.amount rows unbounded preceding)) as owed_before,
    ${says('internal', 'is_payment')} and ${saysAll(['in'], ['reversal'])} as is_payment,
    ${saysAll(['out', 'is_interest'])} as is_interest, ${saysAll(['out', 'is_late_fee'])} as is_late_fee
  from (
    select ledger, date, ${shortestWindow(asOf)} as days, sum(amount) as amount, bit_or(says) as says
    from movements
    where date > ${asOf} - ${sql.lit(longestWindow)} and ledger in (select ledger from accounts where account_type = 'credit_card')
    group by ledger, date, case when says & ${bits('out')} = 0 then charge end
  ) r
  join accounts a on a.ledger = r.ledger
),
card_windows as (
  select r.ledger, w.time_window, sum(payments)::int as payments, bool_and(minimum_only) as minimum_only,
    bool_or(interest) as interest, bool_or(late_fee) as late_fee
  from (
    select ledger, days, count(*) filter (where is_payment) as payments,
      bool_and(amount <= greatest(0.05 * owed_before, 0.01 * coalesce(credit_limit, 0)) and owed_before > 1.5 * amount)
        filter (where is_payment) as minimum_only,
      bool_or(is_interest) as interest,
      bool_or(is_late_fee) as late_fee
    from card_rows
    group by 1, 2
  ) r
  join windows w on r.days <= w.days
  group by 1, 2
),
card_debts as (
  select ledger, max(date) filter (where is_payment) as last_payment, min(date) as first_date,
    -max(balance) + coalesce(sum(amount) filter (where date > ${asOf} - 45), 0) as owed_45_days_ago
  from card_rows
  group by 1
)`
  const select = sql`
  select a.person, w.time_window, 'credit_utilization_' || a.account as signal_type, jsonb_build_object(
      'as_of', to_char(${asOf}::timestamp, 'YYYY-MM-DD'), 'account_id', a.account, 'currency', a.currency,
      'owed', ${money(sql`o.owed`)}, 'credit_limit', a.credit_limit::numeric(38,4)::text,
      'utilization', ${ratio(sql`u.used`)},
      'at_30_percent', coalesce(u.used >= 0.3, false), 'at_50_percent', coalesce(u.used >= 0.5, false),
      'at_80_percent', coalesce(u.used >= 0.8, false),
      'minimum_payment_only', coalesce(c.minimum_only, false),
      'interest_charged', coalesce(c.interest, false),
      'overdue', coalesce(c.late_fee, false) or coalesce(
        d.owed_45_days_ago > 0 and o.owed > 0 and d.first_date <= ${asOf} - 45
          and coalesce(d.last_payment <= ${asOf} - 45, true), false),
      'payments', coalesce(c.payments, 0)
    ) as signal_value
  from accounts a
  cross join windows w
  cross join lateral (select greatest(0, -a.balance) as owed) o
  cross join lateral (select o.owed / nullif(a.credit_limit, 0) as used) u
  left join card_windows c on c.ledger = a.ledger and c.time_window = w.time_window
  left join card_debts d on d.ledger = a.ledger
  where a.account_type = 'credit_card' and (a.status <> 'closed' or o.owed > 0)`
  return { ctes, select }
}
