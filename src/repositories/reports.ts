import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { day } from '../schema/values.js'
import { countsAsSpending, internalCategories, isExternal } from './spending.js'

/**
 * What people ask about their money, computed in SQL. Every figure has a currency and no figure mixes two. Only posted
 * transactions count. What is spending and what is not: `spending.ts`, which signals share.
 */

export { internalCategories }

/** A span of days, both inclusive. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

const dayRange = z
  .strictObject({ from: day, to: day })
  .refine(({ from, to }) => from <= to, { error: 'must not be before from', path: ['to'] })

export interface CategorySpending {
  category: string
  currency: string
  /** Positive. */
  spent: string
  transactions: number
}

export interface MonthlyCashFlow {
  /** `'YYYY-MM'` */
  month: string
  currency: string
  /** Positive. */
  income: string
  /** Positive. */
  spending: string
  /** income − spending */
  net: string
}

export interface DayBalance {
  /** `'YYYY-MM-DD'` */
  day: string
  /** At the end of the day, in the currency of the account. */
  balance: string
}

export interface MerchantSpending {
  merchant: string
  currency: string
  /** Positive. */
  spent: string
  transactions: number
  /** `'YYYY-MM-DD'` */
  last_date: string
}

export interface NetWorth {
  currency: string
  /** Accounts above zero and holdings. */
  assets: string
  /** What is owed, positive. */
  debts: string
  /** assets − debts */
  net: string
}

/** The movements of a user in a span of days that are not between own accounts, with the side they count on. */
function movements(db: Db, userId: string, { from, to }: DayRange) {
  return db
    .selectFrom('finance.transactions as t')
    .where('t.user_id', '=', userId)
    .where('t.status', '=', 'posted')
    .where('t.date', '>=', from)
    .where('t.date', '<=', to)
    .where(isExternal('t', userId))
    .select(['t.date', 't.category', 't.merchant', 't.currency', 't.amount'])
    .select(countsAsSpending('t').as('is_spending'))
}

const spent = sql<string>`-sum(amount) filter (where is_spending)`
const transactionCount = sql<number>`(count(*) filter (where is_spending))::int`

/** By currency, then most spent first. Walks `transactions_date_id_idx`. */
export async function spendingByCategory(db: Db, userId: string, range: DayRange): Promise<CategorySpending[]> {
  const days = parseInput(dayRange, range, 'The days')
  return db
    .selectFrom(movements(db, userId, days).as('m'))
    .select(['category', 'currency', spent.as('spent'), transactionCount.as('transactions')])
    .groupBy(['category', 'currency'])
    .having(spent, '<>', '0')
    .orderBy('currency')
    .orderBy(spent, 'desc')
    .orderBy('category')
    .execute()
    .catch(translateError)
}

/** By currency, then most spent first, `limit` of each: 10 when left out. Walks `transactions_date_id_idx`. */
export async function topMerchants(
  db: Db,
  userId: string,
  range: DayRange,
  { limit = 10 }: { limit?: number } = {},
): Promise<MerchantSpending[]> {
  const days = parseInput(dayRange, range, 'The days')
  const most = parseInput(z.number().int().min(1).max(1000), limit, 'The limit')
  const ranked = db
    .selectFrom(movements(db, userId, days).as('m'))
    .select(['merchant', 'currency', spent.as('spent'), transactionCount.as('transactions')])
    .select(sql<string>`to_char((max(date) filter (where is_spending))::timestamp, 'YYYY-MM-DD')`.as('last_date'))
    .select(sql<number>`row_number() over (partition by currency order by ${spent} desc, merchant)`.as('rank'))
    .groupBy(['merchant', 'currency'])
    .having(spent, '<>', '0')
  return db
    .selectFrom(ranked.as('r'))
    .select(['merchant', 'currency', 'spent', 'transactions', 'last_date'])
    .where('rank', '<=', most)
    .orderBy('currency')
    .orderBy('rank')
    .execute()
    .catch(translateError)
}

/**
 * Earliest month first; every month that the range touches, for every currency in it, also those in which nothing moved.
 * Walks `transactions_date_id_idx`.
 */
export async function cashFlowByMonth(db: Db, userId: string, range: DayRange): Promise<MonthlyCashFlow[]> {
  const days = parseInput(dayRange, range, 'The days')
  const { rows } = await sql<MonthlyCashFlow>`
    with m as (${movements(db, userId, days)}),
    sums as (
      select date_trunc('month', date::timestamp)::date as month, currency,
        coalesce(sum(amount) filter (where not is_spending), 0) as income,
        coalesce(-sum(amount) filter (where is_spending), 0) as spending
      from m
      group by 1, 2
    ),
    months as (
      select generate_series(date_trunc('month', ${days.from}::date::timestamp), ${days.to}::date::timestamp, interval '1 month')::date
        as month
    )
    select to_char(months.month::timestamp, 'YYYY-MM') as month, c.currency,
      coalesce(income, 0)::numeric(38,4) as income,
      coalesce(spending, 0)::numeric(38,4) as spending,
      (coalesce(income, 0) - coalesce(spending, 0))::numeric(38,4) as net
    from months
    cross join (select distinct currency from sums) c
    left join sums on sums.month = months.month and sums.currency = c.currency
    order by months.month, c.currency`
    .execute(db)
    .catch(translateError)
  return rows
}

/**
 * The balance of an account at the end of every day of the range, earliest first: the opening balance and all that is
 * booked until then, by the day it counts for. Walks `transactions_account_id_date_id_idx`.
 *
 * @throws {NotFoundError} Also when the account belongs to another user.
 */
export async function balanceHistory(
  db: Db,
  userId: string,
  accountId: string,
  range: DayRange,
): Promise<DayBalance[]> {
  const { from, to } = parseInput(dayRange, range, 'The days')
  const transactions = sql.table('finance.transactions')
  const { rows } = await sql<DayBalance>`
    with account as (
      select user_id, id, opening_balance from ${sql.table('finance.accounts')} where user_id = ${userId} and id = ${accountId}
    ),
    start as (
      select account.opening_balance + coalesce(sum(t.amount), 0) as balance
      from account
      left join ${transactions} t
        on t.user_id = account.user_id and t.account_id = account.id and t.status = 'posted' and t.date < ${from}::date
      group by account.opening_balance
    ),
    moved as (
      select date, sum(amount) as amount
      from ${transactions}
      where user_id = ${userId} and account_id = ${accountId} and status = 'posted'
        and date between ${from}::date and ${to}::date
      group by date
    )
    select to_char(d.day, 'YYYY-MM-DD') as day,
      (start.balance + sum(coalesce(moved.amount, 0)) over (order by d.day))::numeric(38,4) as balance
    from start
    cross join generate_series(${from}::date::timestamp, ${to}::date::timestamp, interval '1 day') as d (day)
    left join moved on moved.date = d.day::date
    order by d.day`
    .execute(db)
    .catch(translateError)
  if (rows.length === 0) throw new NotFoundError('account')
  return rows
}

/**
 * What a user has and owes today, by currency: balances of all accounts, and holdings at their last known price, rounded to
 * four decimals. Walks `accounts_pkey`.
 */
export async function netWorth(db: Db, userId: string): Promise<NetWorth[]> {
  const { rows } = await sql<NetWorth>`
    select currency,
      coalesce(sum(value) filter (where value > 0), 0)::numeric(38,4) as assets,
      coalesce(-sum(value) filter (where value < 0), 0)::numeric(38,4) as debts,
      sum(value)::numeric(38,4) as net
    from (
      select currency, balance as value from ${sql.table('finance.accounts')} where user_id = ${userId}
      union all
      select currency, round(quantity * price, 4) from ${sql.table('finance.investments')} where user_id = ${userId}
    ) parts
    group by currency
    order by currency`
    .execute(db)
    .catch(translateError)
  return rows
}
