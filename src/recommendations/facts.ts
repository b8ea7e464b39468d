import { sql } from 'kysely'
import { UnsupportedError } from '../errors.js'
import { onFreshSnapshot } from '../repositories/fresh-snapshot.js'
import { standingConsents } from '../repositories/standing-consent.js'
import type { RecommendationTrace } from '../schema/catalogue.js'
import type { ConsentRequirement } from '../schema/consents.js'
import type { Db } from '../schema/database.js'
import type { TimeWindow } from '../schema/enums.js'
import type { Signals } from './conditions.js'

type Consent = NonNullable<RecommendationTrace['consent']['standing']>

/** What is known of a person who has signals of the day. */
export interface PersonFacts {
  readonly user_id: string
  readonly signals: Signals
  readonly assigned: (RecommendationTrace['persona_assignment'] & Pick<RecommendationTrace, 'persona'>) | null
  readonly accounts: RecommendationTrace['accounts']
  readonly given: RecommendationTrace['given']
}

const utc = (instant: string) => sql`to_char(${sql.ref(instant)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/**
 * Keeps others from generating for the same people until the transaction ends, and gives those that there are and who are not
 * erased. What was given is looked up afterwards: in a transaction that does not see what others committed meanwhile, that would
 * be too late.
 */
export async function lockPeople(db: Db, people: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string; isolation: string }>`
    select id, current_setting('transaction_isolation') as isolation
    from ${sql.table('finance.users')} where id = any(${people}::uuid[]) and erased_at is null
    order by id for no key update`.execute(db)
  if (rows.some(({ isolation }) => !/^read (un)?committed$/.test(isolation))) {
    throw new UnsupportedError('Recommendations are generated in a transaction that is read committed.')
  }
  return rows.map(({ id }) => id)
}

/** The consents that stand, by person. They cannot be taken back until the transaction ends. */
export async function holdConsents(
  db: Db,
  people: readonly string[],
  requirement: ConsentRequirement,
): Promise<Map<string, Consent>> {
  const standing = () => standingConsents(db, requirement).where('c.user_id', '=', sql<string>`any(${people}::uuid[])`)
  const held = await onFreshSnapshot(
    async () => {
      const rows = await standing()
        .select(['c.user_id', 'c.id', 'c.version', utc('c.granted_at').$castTo<string>().as('granted_at')])
        .orderBy('c.user_id')
        .forShare()
        .execute()
      // one that another took the place of while this waited stands, and is not among them
      const { n } = await standing().select(sql<number>`count(*)::int`.as('n')).executeTakeFirstOrThrow()
      return n > rows.length ? undefined : rows
    },
    async () => true,
  )
  return new Map(held?.map(({ user_id, ...consent }) => [user_id, consent]))
}

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
