import { sql } from 'kysely'
import type { RecommendationTrace } from '../schema/catalogue.js'
import type { Db } from '../schema/database.js'
import type { TimeWindow } from '../schema/enums.js'
import type { Signals } from './conditions.js'

/** What is known of a person who has signals of the day. */
export interface PersonFacts {
  readonly user_id: string
  readonly signals: Signals
  readonly assigned: (RecommendationTrace['persona_assignment'] & Pick<RecommendationTrace, 'persona'>) | null
  readonly accounts: RecommendationTrace['accounts']
  readonly given: RecommendationTrace['given']
}

const utc = (instant: string) => sql`to_char(${sql.ref(instant)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** Of those who have signals of the day, in the order of their ids. */
export async function readFacts(
  db: Db,
  people: readonly string[],
  { as_of, window, period_days }: { as_of: string; window: TimeWindow; period_days: number },
): Promise<PersonFacts[]> {
  const { rows } = await sql<PersonFacts>`
    select w.user_id, f.signals, p.assigned, a.accounts, g.given
    from ${sql.table('finance.signal_states')} w
    cross join lateral (
      select coalesce(jsonb_object_agg(signal_type, signal_value), '{}') as signals
      from ${sql.table('finance.computed_features')}
      where user_id = w.user_id and time_window = w.time_window
    ) f
    left join lateral (
      select jsonb_build_object('id', id, 'persona', persona, 'assigned_at', ${utc('assigned_at')}, 'reasons', reasons)
        as assigned
      from ${sql.table('finance.persona_assignments')}
      where user_id = w.user_id and time_window = w.time_window
      order by assigned_at desc, id desc
      limit 1
    ) p on true
    cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('id', id, 'account_type', account_type, 'name', name,
        'currency', currency, 'balance', balance::text) order by id), '[]') as accounts
      from ${sql.table('finance.accounts')}
      where user_id = w.user_id and status = 'active'
    ) a
    cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('catalogue_key', catalogue_key, 'recommendation_id', id,
        'created_at', ${utc('created_at')}) order by created_at, id), '[]') as given
      from ${sql.table('finance.recommendations')}
      where user_id = w.user_id and catalogue_key is not null
        and created_at > now() - make_interval(days => ${period_days}::int)
    ) g
    where w.user_id = any(${people}::uuid[]) and w.time_window = ${window} and w.as_of = ${as_of}::date
    order by w.user_id`.execute(db)
  return rows
}
