import { type Kysely, sql } from 'kysely'
import type { Database } from '../../src/schema/database.js'

export interface JudgedRow {
  readonly user_id: string
  readonly persona: string
  readonly recurring: number
  readonly high: boolean
}

/**
 * The rules of the design once more, from rows alone and by plain SQL: nothing here comes from the generator. A recurring
 * merchant is one that was paid at least three times in the window, always about a week, a fortnight or a month apart, and
 * never half as much again.
 *
 * @param bills Whether rent, power and the like count as recurring too, as the wording of the rule allows.
 */
export async function personasBySql(
  db: Kysely<Database>,
  until: string,
  days: number,
  bills: boolean,
): Promise<JudgedRow[]> {
  const since = sql`(${until}::text::date - ${sql.lit(days)}::int)`
  const internal = sql`('transfer', 'credit_card_payment', 'investment_transfer')`
  const { rows } = await sql<JudgedRow>`
    with t as (
      select t.*, a.account_type, a.currency as account_currency, a.credit_limit
      from finance.transactions t
      join finance.accounts a on a.user_id = t.user_id and a.id = t.account_id
      where t.status = 'posted' and t.date > ${since} and t.date <= ${until}::text::date
    ),
    cards as (
      select a.user_id,
        max(-a.balance / a.credit_limit) as utilization
      from finance.accounts a where a.account_type = 'credit_card' group by a.user_id
    ),
    charged as (
      select user_id,
        bool_or(category = 'interest' and amount < 0 and account_type = 'credit_card') as interest,
        bool_or(description like 'LATE PAYMENT FEE%') as late
      from t group by user_id
    ),
    -- what was owed before each payment to a card, from all its rows
    payments as (
      select p.user_id, p.account_id, p.amount,
        -(select a.opening_balance + coalesce(sum(b.amount), 0)
          from finance.accounts a
          left join finance.transactions b on b.user_id = a.user_id and b.account_id = a.id and b.status = 'posted'
            and (b.date < p.date or b.date = p.date and b.amount < 0)
          where a.user_id = p.user_id and a.id = p.account_id
          group by a.opening_balance) as owed
      from t p where p.account_type = 'credit_card' and p.category = 'credit_card_payment'
    ),
    least as (
      select user_id, bool_or(only_least) as only_least
      from (
        select user_id, account_id, bool_and(amount < owed and amount <= greatest(35, 0.04 * owed)) as only_least
        from payments group by user_id, account_id
      ) c group by user_id
    ),
    gaps as (
      select user_id, percentile_cont(0.5) within group (order by gap) as gap
      from (
        select user_id, date - lag(date) over (partition by user_id order by date) as gap
        from (select distinct user_id, date from t where category in ('salary', 'freelance')) d
      ) g group by user_id
    ),
    spending as (
      select user_id, -sum(amount) * 30 / ${sql.lit(days)}::int as monthly
      from t
      where account_currency = 'USD' and category not in ${internal}
        and (amount < 0 or description like 'REFUND%' or description like 'REVERSAL%')
      group by user_id
    ),
    cash as (
      select user_id, sum(balance) filter (where account_type = 'checking' and currency = 'USD') as at_hand
      from finance.accounts group by user_id
    ),
    named as (
      select user_id, regexp_replace(upper(merchant), '\\s*[*#].*$', '') as merchant, date, -amount as amount
      from t
      where amount < 0 and category not in ${internal} and category not in ('interest', 'fees', 'cash')
        and (${bills} or category in ('subscriptions', 'fitness'))
    ),
    steps as (
      select *, date - lag(date) over (partition by user_id, merchant order by date) as gap from named
    ),
    merchants as (
      select user_id, merchant, sum(amount) as paid, count(*) as n, min(gap) as least, max(gap) as most,
        max(amount) <= 1.5 * min(amount) as steady
      from steps group by user_id, merchant
    ),
    recurring as (
      select user_id, count(*)::int as n, sum(paid) * 30 / ${sql.lit(days)}::int as monthly
      from merchants
      where n >= 3 and steady and (least >= 5 and most <= 9 or least >= 12 and most <= 16 or least >= 26 and most <= 36)
      group by user_id
    ),
    saved as (
      select a.user_id, sum(a.balance) as balance, coalesce(sum(s.inflow), 0) as inflow
      from finance.accounts a
      left join (select user_id, account_id, sum(amount) as inflow from t group by user_id, account_id) s
        on s.user_id = a.user_id and s.account_id = a.id
      where a.account_type in ('savings', 'high_yield_savings', 'money_market')
      group by a.user_id
    ),
    facts as (
      select u.id as user_id, coalesce(c.utilization, 0) as utilization,
        coalesce(h.interest, false) or coalesce(h.late, false) or coalesce(l.only_least, false)
          or coalesce(c.utilization, 0) >= 0.5 as high,
        g.gap, k.at_hand / s.monthly as buffer, coalesce(r.n, 0) as recurring, coalesce(r.monthly, 0) as recurring_monthly,
        s.monthly, v.inflow * 30 / ${sql.lit(days)}::int as saved_monthly,
        v.inflow / nullif(v.balance - v.inflow, 0) as growth
      from finance.users u
      left join cards c on c.user_id = u.id
      left join charged h on h.user_id = u.id
      left join least l on l.user_id = u.id
      left join gaps g on g.user_id = u.id
      left join spending s on s.user_id = u.id
      left join cash k on k.user_id = u.id
      left join recurring r on r.user_id = u.id
      left join saved v on v.user_id = u.id
    )
    select user_id, high, recurring, case
      when high then 'high_utilization'
      when gap > 45 and buffer < 1 then 'variable_income_budgeter'
      when recurring >= 3 and (recurring_monthly >= 50 or recurring_monthly / monthly >= 0.1) then 'subscription_heavy'
      when (growth >= 0.02 or saved_monthly >= 200) and utilization < 0.3 then 'savings_builder'
      else 'general_wellness' end as persona
    from facts order by user_id`.execute(db)
  return rows
}
