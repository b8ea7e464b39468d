import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import {
  type ConsentFilter,
  type ConsentRequirement,
  consentFilter,
  consentRequirement,
  type NewConsent,
  newConsent,
} from '../schema/consents.js'
import { type Db, withQueries } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { Consent } from '../schema/rows.js'
import { repeatStatement } from '../transaction.js'
import { onFreshSnapshot } from './fresh-snapshot.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'
import { standingConsents } from './standing-consent.js'

const columns = [
  'user_id',
  'id',
  'granted_at',
  'revoked_at',
  'version',
  'ip_address',
  'created_at',
  'updated_at',
] as const

/** A transaction that began before the consent was given can still end it, but not before it was given. */
const endsNow = sql<Date>`greatest(now(), granted_at)`

/**
 * Records that a person agrees. At most one consent of a person stands: one to another version ends as the new one begins.
 * While consent to the same version stands nothing is written, and that one is given back with the address it came from.
 *
 * @throws {MissingReferenceError} The user does not exist.
 */
export async function grant(db: Db, consent: NewConsent): Promise<Consent> {
  const { user_id, version = '1.0', ip_address = null } = parseInput(newConsent, consent, 'The consent')
  const standing = await onFreshSnapshot(
    async () =>
      repeatStatement(db, () => grantOnce(db, user_id, version, ip_address).executeTakeFirst()).catch(translateError),
    async () => true,
  )
  return standing as Consent
}

function grantOnce(db: Db, userId: string, version: string, ipAddress: string | null) {
  return withQueries(db)
    .with('replaced', (cte) =>
      cte
        .updateTable('finance.consent_records')
        .set({ revoked_at: endsNow })
        .where('user_id', '=', userId)
        .where('granted_at', 'is not', null)
        .where('revoked_at', 'is', null)
        .where('version', '<>', version)
        .returning('id'),
    )
    .with('granted', (cte) =>
      cte
        .insertInto('finance.consent_records')
        .columns(['user_id', 'granted_at', 'version', 'ip_address'])
        .expression(
          cte
            // counting them makes the insert wait until they have ended
            .selectFrom(
              cte
                .selectFrom('replaced')
                .select(({ fn }) => fn.countAll().as('n'))
                .as('replaced'),
            )
            .select([
              sql<string>`${userId}::uuid`.as('user_id'),
              sql<Date>`now()`.as('granted_at'),
              sql<string>`${version}::text`.as('version'),
              sql<string | null>`${ipAddress}::text`.as('ip_address'),
            ]),
        )
        .onConflict((conflict) =>
          conflict.column('user_id').where('granted_at', 'is not', null).where('revoked_at', 'is', null).doNothing(),
        )
        .returning(columns),
    )
    .selectFrom('granted')
    .select(columns)
    .unionAll(standingConsents(db).select(columns).where('user_id', '=', userId).where('version', '=', version))
}

/**
 * Takes the standing consent back. The row stays, with its end.
 *
 * @throws {NotFoundError} None stands.
 */
export async function revoke(db: Db, userId: string): Promise<Consent> {
  const revoked = await onFreshSnapshot(
    async () =>
      db
        .updateTable('finance.consent_records')
        .set({ revoked_at: endsNow })
        .where('user_id', '=', userId)
        .where('granted_at', 'is not', null)
        .where('revoked_at', 'is', null)
        .returning(columns)
        .executeTakeFirst()
        .catch(translateError),
    async () => (await current(db, userId)) !== undefined,
  )
  if (revoked === undefined) throw new NotFoundError('consent')
  return revoked
}

/**
 * The consent that stands; undefined when there is none, or it is to an older version than the one asked for. Walks
 * `consent_records_user_id_key`.
 */
export async function current(
  db: Db,
  userId: string,
  requirement: ConsentRequirement = {},
): Promise<Consent | undefined> {
  return standingConsents(db, parseInput(consentRequirement, requirement, 'The requirement'))
    .select(columns)
    .where('user_id', '=', userId)
    .executeTakeFirst()
    .catch(translateError)
}

/** The history of a person, newest first. Walks `consent_records_pkey` backwards. */
export async function list(
  db: Db,
  userId: string,
  filter: ConsentFilter = {},
  request: PageRequest = {},
): Promise<Page<Consent>> {
  const { version, standing } = parseInput(consentFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.consent_records').select(columns).where('user_id', '=', userId)

  if (version !== undefined) query = query.where('version', '=', version)
  if (standing !== undefined) {
    query = query.where(({ eb, and, not }) => {
      const stands = and([eb('granted_at', 'is not', null), eb('revoked_at', 'is', null)])
      return standing ? stands : not(stands)
    })
  }
  if (request.after !== undefined) {
    const [id] = decodeCursor(request.after, z.tuple([z.guid()]))
    query = query.where('id', '<', id)
  }

  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ id }) => [id])
}
