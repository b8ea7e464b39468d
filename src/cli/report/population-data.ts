import { sql } from 'kysely'
import * as personaAssignments from '../../repositories/persona-assignments.js'
import type { DayRange } from '../../repositories/reports.js'
import { countsAsSpending, isExternal } from '../../repositories/spending.js'
import type { Db } from '../../schema/database.js'
import { type AccountType, accountTypes, type Persona, type TimeWindow } from '../../schema/enums.js'
import { fewest, hideFew } from './few.js'

/** A part of the people, such as those with a persona. */
export interface Share<Name extends string = string> {
  readonly name: Name
  readonly people: number
}

export interface Shares<Name extends string = string> {
  readonly shown: readonly Share<Name>[]
  /** People of groups that are too small to be shown. */
  readonly others: number
}

export interface AccountCount {
  readonly type: AccountType
  readonly accounts: number
  readonly people: number
}

export interface PopulationMonth {
  /** `'YYYY-MM'` */
  readonly month: string
  readonly currency: string
  readonly people: number
  /** Positive. */
  readonly income: string
  /** Positive. */
  readonly spending: string
  /** income − spending */
  readonly net: string
}

export interface PopulationCategory {
  readonly category: string
  readonly currency: string
  readonly people: number
  readonly transactions: number
  /** Positive. */
  readonly spent: string
}

/** All that the page of the population shows: nothing in it is about fewer than {@link fewest} people. */
export interface PopulationReport {
  readonly range: DayRange
  /** Undefined when there are too few. */
  readonly people: number | undefined
  readonly accounts: readonly AccountCount[]
  readonly window: TimeWindow
  /** The day that most people's signals are of, whatever the range. Undefined when it has too few people. */
  readonly signalsOf: string | undefined
  readonly personas: Shares<Persona>
  readonly utilization: Shares
  readonly savings: Shares
  readonly cashFlow: readonly PopulationMonth[]
  readonly categories: readonly PopulationCategory[]
}

/** Reads everybody's transactions of the range once, and the signals that were computed last. */
export async function gatherPopulation(db: Db, range: DayRange): Promise<PopulationReport> {
  const window = '30d'
  const people = await countPeople(db)
  const personas = await personaAssignments.population(db, { time_window: window })
  return {
    range,
    people: people < fewest ? undefined : people,
    accounts: await countAccounts(db),
    window,
    signalsOf: await usualDay(db, window),
    personas: hideFew(
      personas.filter(({ users }) => users > 0).map(({ persona, users }) => ({ name: persona, people: users })),
    ),
    utilization: hideFew(await utilization(db, window)),
    savings: hideFew(await emergencyFunds(db, window)),
    ...(await money(db, range)),
  }
}

async function usualDay(db: Db, window: TimeWindow): Promise<string | undefined> {
  const row = await db
    .selectFrom('finance.signal_states')
    .select(sql<string>`to_char(as_of::timestamp, 'YYYY-MM-DD')`.as('day'))
    .where('time_window', '=', window)
    .groupBy('as_of')
    .having(sql<number>`count(*)`, '>=', fewest)
    .orderBy(sql`count(*)`, 'desc')
    .orderBy('as_of', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.day
}

async function countPeople(db: Db): Promise<number> {
  const { people } = await db
    .selectFrom('finance.users')
    .select(sql<number>`count(*)::int`.as('people'))
    .executeTakeFirstOrThrow()
  return people
}

async function countAccounts(db: Db): Promise<AccountCount[]> {
  const counted = await db
    .selectFrom('finance.accounts')
    .select('account_type as type')
    .select(sql<number>`count(*)::int`.as('accounts'))
    .select(sql<number>`count(distinct user_id)::int`.as('people'))
    .groupBy('account_type')
    .having(sql<number>`count(distinct user_id)`, '>=', fewest)
    .execute()
  return counted.sort((a, b) => accountTypes.indexOf(a.type) - accountTypes.indexOf(b.type))
}

interface Sums extends Omit<PopulationMonth, 'month'>, Omit<PopulationCategory, 'category' | keyof PopulationMonth> {
  readonly month: string | null
  readonly category: string | null
}

/**
 * Months and categories by one pass over the transactions. A sum of fewer people does not leave the database. All spending is in
 * both tables: where one leaves out spending of a few, the smallest sum of it that is left goes too, or the other would tell it.
 */
async function money(db: Db, { from, to }: DayRange): Promise<Pick<PopulationReport, 'cashFlow' | 'categories'>> {
  const { rows } = await sql<Sums>`
    with m as (
      select t.user_id, to_char(t.date::timestamp, 'YYYY-MM') as month, t.category, t.currency, t.amount,
        ${countsAsSpending('t')} as is_spending
      from ${sql.table('finance.transactions')} t
      where t.status = 'posted' and t.date between ${from}::date and ${to}::date and ${isExternal('t')}
    ), sums as (
      select month, category, currency, count(distinct user_id)::int as people,
        count(distinct user_id) filter (where is_spending) as spenders,
        count(distinct user_id) filter (where not is_spending) as earners,
        (count(*) filter (where is_spending))::int as transactions,
        coalesce(sum(amount) filter (where not is_spending), 0)::numeric(38,4) as income,
        coalesce(-sum(amount) filter (where is_spending), 0)::numeric(38,4) as spending,
        sum(amount)::numeric(38,4) as net
      from m
      group by grouping sets ((month, currency), (category, currency))
    ), judged as (
      select *, people >= ${fewest}::int and spenders not between 1 and ${fewest - 1}::int
          and (month is null or earners not between 1 and ${fewest - 1}::int) as enough,
        bool_or(spenders between 1 and ${fewest - 1}::int) over (partition by currency, month is null) as some_hidden
      from sums
    ), ranked as (
      select *, row_number() over (partition by currency, month is null, enough, spenders = 0 order by spenders, spending) as place
      from judged
    )
    select month, category, currency, people, transactions, income, spending, net, spending as spent
    from ranked
    where enough and not (some_hidden and spenders > 0 and place = 1)
    order by currency, month nulls last, spent desc, category`.execute(db)
  return {
    cashFlow: rows.flatMap(({ month, currency, people, income, spending, net }) =>
      month === null ? [] : [{ month, currency, people, income, spending, net }],
    ),
    categories: rows.flatMap(({ category, currency, people, transactions, spent }) =>
      category === null || transactions === 0 ? [] : [{ category, currency, people, transactions, spent }],
    ),
  }
}

/** People by the fullest of their cards. */
async function utilization(db: Db, window: TimeWindow): Promise<Share[]> {
  const { rows } = await sql<Share>`
    select case when used < 0.1 then 'below 10 %' when used < 0.3 then '10 to 30 %' when used < 0.5 then '30 to 50 %'
      when used < 0.8 then '50 to 80 %' else '80 % or more' end as name, count(*)::int as people
    from (
      select max((signal_value ->> 'utilization')::numeric) as used
      from ${sql.table('finance.computed_features')}
      where time_window = ${window} and starts_with(signal_type, 'credit_utilization_')
      group by user_id
    ) cards
    where used is not null
    group by 1
    order by min(used)`.execute(db)
  return rows
}

/** People by how many months of expenses their savings last. */
async function emergencyFunds(db: Db, window: TimeWindow): Promise<Share[]> {
  const { rows } = await sql<Share>`
    select case when months < 1 then 'below 1 month' when months < 3 then '1 to 3 months'
      when months < 6 then '3 to 6 months' else '6 months or more' end as name, count(*)::int as people
    from (
      select (signal_value ->> 'emergency_fund_months')::numeric as months
      from ${sql.table('finance.computed_features')}
      where time_window = ${window} and signal_type = 'savings_behavior'
    ) savings
    where months is not null
    group by 1
    order by min(months)`.execute(db)
  return rows
}
