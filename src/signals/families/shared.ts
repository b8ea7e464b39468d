import { type RawBuilder, sql } from 'kysely'
import { monthDays } from '../cadences.js'
import { ledgerOf } from '../movements.js'
import { bits, says, saysAll } from '../sayings.js'
import { longestWindow, savingsLike, shortestWindow, windowRows } from './sql.js'

const isSpending = sql`(${saysAll([], ['internal'])} and ${says('out')} <> ${says('reversal')})`
/** What sums are looked at by. */
const kinds = bits('internal', 'out', 'reversal', 'is_interest_category')

/** CTEs that the families of signals share. They read `movements`. */
export function sharedCtes(people: RawBuilder<unknown>, asOf: RawBuilder<unknown>, windows: RawBuilder<unknown>) {
  const accounts = sql.table('finance.accounts')
  const transactions = sql.table('finance.transactions')
  return sql`
windows (time_window, days, start) as (
  select w, d, ${asOf} - d from (values ${windowRows}) as w (w, d) where w = any(${windows})
),
-- balances at the end of the day: today's without what came later
accounts as materialized (
  select a.user_id as person, a.id as account, ${ledgerOf(sql`a.id`)} as ledger, a.account_type, a.currency, a.credit_limit, a.status,
    a.balance - coalesce(later.amount, 0) as balance
  from ${accounts} a
  join owners o on o.person = a.user_id and o.currency = a.currency
  left join (
    select user_id, account_id, sum(amount) as amount
    from ${transactions}
    where user_id = any(${people}) and date > ${asOf} and status = 'posted'
    group by 1, 2
  ) later on later.user_id = a.user_id and later.account_id = a.id
  where a.user_id = any(${people})
),
sums as materialized (
  select a.person, a.currency, m.days, ${isSpending} as is_spending, ${says('is_interest_category')} as is_interest,
    a.account_type, m.n, m.amount
  from (
    select ledger, ${shortestWindow(asOf)} as days, says & ${kinds} as says, count(*) as n, sum(amount) as amount
    from movements
    where date > ${asOf} - ${sql.lit(longestWindow)}
    group by 1, 2, 3
  ) m
  join accounts a on a.ledger = m.ledger
),
-- every currency of a person, the one of most transactions first
currencies as materialized (
  select person, currency, row_number() over (partition by person order by sum(n) desc, currency) = 1 as is_main
  from (
    select person, currency, n from sums
    union all
    select person, currency, 0 from accounts
  ) c
  group by 1, 2
),
places as materialized (
  select c.person, c.currency, c.is_main, w.time_window, w.days, w.start, w.days / ${sql.lit(monthDays)} as months
  from currencies c cross join windows w
),
spending as materialized (
  select p.person, p.currency, p.time_window, s.spent, s.spent / p.months as monthly
  from places p
  join (
    select s.person, s.currency, w.time_window, -coalesce(sum(s.amount) filter (where s.days <= w.days), 0) as spent
    from sums s cross join windows w
    where s.is_spending
    group by 1, 2, 3
  ) s on s.person = p.person and s.currency = p.currency and s.time_window = p.time_window
),
cash as materialized (
  select person, currency,
    sum(balance) filter (where account_type = 'checking') as checking,
    sum(balance) filter (where account_type in (${savingsLike})) as savings
  from accounts
  group by 1, 2
)`
}
