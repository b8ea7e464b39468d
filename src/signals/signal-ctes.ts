import { type RawBuilder, sql } from 'kysely'
import { timeWindows } from '../schema/enums.js'
import { monthDays } from './cadences.js'
import { ledgerOf } from './movements.js'
import { bits, says, saysAll } from './sayings.js'
import { bonusInText, payInText } from './words.js'

const days = (timeWindow: string) => Number(timeWindow.slice(0, -1))
const shortestFirst = timeWindows.map(days).toSorted((a, b) => a - b)
const windowRows = sql.join(timeWindows.map((w) => sql`(${sql.lit(w)}, ${sql.lit(days(w))})`))

/** The longest window, and how far back pay is looked for: the one before the window's first tells how long that took. */
export const longestWindow = Math.max(...timeWindows.map(days))
const incomeDays = 2 * longestWindow

/** Accounts that money is put aside on. */
const savingsLike = sql.join(['savings', 'high_yield_savings', 'money_market'].map((type) => sql.lit(type)))

const money = (value: RawBuilder<unknown>) => sql`(${value})::numeric(38,4)::text`
const ratio = (value: RawBuilder<unknown>) => sql`round((${value})::numeric, 4)`

/** The shortest window that a row is in, so that rows are summed up once for all of them. */
const shortestWindow = (asOf: RawBuilder<unknown>) =>
  sql`case ${sql.join(
    shortestFirst.map((d) => sql`when date > ${asOf} - ${sql.lit(d)} then ${sql.lit(d)}`),
    sql` `,
  )} end`

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

/**
 * A family whose figures are by currency: those of the main one, with the others in `other_currencies`. `figures` reads
 * CTEs and gives person, currency, time_window and value (a JSON object); `extra` is joined to the main one.
 */
function byCurrency(signal: string, asOf: RawBuilder<unknown>, figures: RawBuilder<unknown>) {
  return sql`
  select f.person, f.time_window, ${sql.lit(signal)} as signal_type,
    (array_agg(f.value) filter (where c.is_main))[1] || jsonb_build_object(
      'as_of', to_char(${asOf}::timestamp, 'YYYY-MM-DD'),
      'currency', max(f.currency) filter (where c.is_main),
      'other_currencies', coalesce(
        jsonb_agg(f.value - '{recurring_merchants,subscriptions}'::text[] || jsonb_build_object('currency', f.currency) order by f.currency)
          filter (where not c.is_main), '[]')
    ) as signal_value
  from (${figures}) f
  join currencies c on c.person = f.person and c.currency = f.currency
  group by 1, 2`
}

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
      'next_date', to_char(s.next_date::timestamp, 'YYYY-MM-DD'), 'active', s.active, 'confidence', ${confidence}
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

/**
 * Pay is what is called pay, by its category or words; and what the same payer has paid three times, if it is a quarter of
 * all that came in. What people send each other (a flatmate's share, parents) is pay only where nothing else is. Where there
 * is nothing of all this (invoices to many clients), it is every sum of a tenth of all or more. Money back from a merchant is
 * none, and neither is a bonus: it would make the steadiest pay look unsteady.
 */
export function incomeSignals(asOf: RawBuilder<unknown>) {
  const ctes = sql`
credits as materialized (
  select a.person, a.currency, m.date, m.amount, m.key, ${says('between_people')} as between_people, ${says('is_pay')} or t.text ~ ${sql.lit(payInText)} as said,
    sum(m.amount) over (partition by m.owner) as everything
  from movements m
  join accounts a on a.ledger = m.ledger
  cross join lateral (select lower(m.description) as text) t
  where ${saysAll(['in'], ['internal', 'reversal', 'reversed', 'is_not_pay'])} and m.date > ${asOf} - ${sql.lit(incomeDays)}
    and a.account_type not in ('credit_card', 'loan', 'investment') and t.text !~ ${sql.lit(bonusInText)}
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
      'median_gap_days', e.median_gap,
      'variability', ${ratio(sql`e.variability`)},
      'cash_flow_buffer_months', ${ratio(sql`greatest(0, coalesce(c.checking, 0)) / nullif(greatest(0, s.monthly), 0)`)}
    ) as value
    from places p
    left join cash c on c.person = p.person and c.currency = p.currency
    left join earned e on e.person = p.person and e.currency = p.currency and e.time_window = p.time_window
    left join spending s on s.person = p.person and s.currency = p.currency and s.time_window = p.time_window`
  return { ctes, select: byCurrency('income_stability', asOf, figures) }
}

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
