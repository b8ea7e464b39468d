import { type NotNull, type RawBuilder, sql } from 'kysely'
import type { ConsentRequirement } from '../schema/consents.js'
import type { Db } from '../schema/database.js'
import { onFreshSnapshot } from './fresh-snapshot.js'

/** The one consent of each person that was given and not taken back, if it is to the version asked for or a later one. */
export function standingConsents(db: Pick<Db, 'selectFrom'>, { version }: ConsentRequirement = {}) {
  const query = db
    .selectFrom('finance.consent_records as c')
    .where('c.granted_at', 'is not', null)
    .where('c.revoked_at', 'is', null)
  return version === undefined ? query : query.where(isAtLeast(sql.ref('c.version'), sql`${version}::text`))
}

/** The consents of some people, each named once, that stand. They cannot be taken back until the transaction ends. */
export async function holdConsents(trx: Db, userIds: readonly string[], requirement: ConsentRequirement) {
  const standing = () =>
    standingConsents(trx, requirement).where('c.user_id', '=', sql<string>`any(${userIds}::uuid[])`)
  const held = await onFreshSnapshot(
    async () => {
      const rows = await standing()
        .select(['c.user_id', 'c.id', 'c.version', 'c.granted_at'])
        .$narrowType<{ granted_at: NotNull }>()
        .orderBy('c.user_id')
        .forShare()
        .execute()
      if (rows.length === userIds.length) return rows
      // one that another took the place of while this waited stands, and is not among them
      const { n } = await standing().select(sql<number>`count(*)::int`.as('n')).executeTakeFirstOrThrow()
      return n > rows.length ? undefined : rows
    },
    async () => true,
  )
  return held ?? []
}

/** By number from left to right; what is not numbers has no order and must be the same. */
function isAtLeast(version: RawBuilder<unknown>, least: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`case when ${isNumbers(version)} and ${isNumbers(least)}
    then ${numbers(version)} >= ${numbers(least)} else ${version} = ${least} end`
}

function isNumbers(version: RawBuilder<unknown>): RawBuilder<boolean> {
  return sql<boolean>`${version} ~ '^[0-9]{1,18}([.-][0-9]{1,18})*$'`
}

/** `'1.10'` → `{1,10}`. Zeros at the end go, so that `'2'` is `'2.0'`. */
function numbers(version: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`string_to_array(regexp_replace(translate(${version}, '-', '.'), '([.]0+)+$', ''), '.')::bigint[]`
}
