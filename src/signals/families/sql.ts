import { type RawBuilder, sql } from 'kysely'
import { timeWindows } from '../../schema/enums.js'

const days = (timeWindow: string) => Number(timeWindow.slice(0, -1))
const shortestFirst = timeWindows.map(days).toSorted((a, b) => a - b)
/** Each window and its days, as rows of `values`. */
export const windowRows = sql.join(timeWindows.map((w) => sql`(${sql.lit(w)}, ${sql.lit(days(w))})`))

/** In days. */
export const longestWindow = Math.max(...timeWindows.map(days))

/** Accounts that money is put aside on. */
export const savingsLike = sql.join(['savings', 'high_yield_savings', 'money_market'].map((type) => sql.lit(type)))

export const money = (value: RawBuilder<unknown>) => sql`(${value})::numeric(38,4)::text`
export const ratio = (value: RawBuilder<unknown>) => sql`round((${value})::numeric, 4)`

/** The shortest window that a row is in, so that rows are summed up once for all of them. */
export const shortestWindow = (asOf: RawBuilder<unknown>) =>
  sql`case ${sql.join(
    shortestFirst.map((d) => sql`when date > ${asOf} - ${sql.lit(d)} then ${sql.lit(d)}`),
    sql` `,
  )} end`

/**
 * A family whose figures are by currency: those of the main one, with the others in `other_currencies`. `figures` reads
 * CTEs and gives person, currency, time_window and value (a JSON object).
 */
export function byCurrency(signal: string, asOf: RawBuilder<unknown>, figures: RawBuilder<unknown>) {
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
