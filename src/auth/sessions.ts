import { sql } from 'kysely'
import { z } from 'zod'
import { InvalidTokenError, NotFoundError, TokenReuseError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db, Trx } from '../schema/database.js'
import type { Role } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import type { InputOf } from '../schema/input-of.js'
import { transaction } from '../transaction.js'
import { outsideTransaction } from './attempts.js'
import { formatToken, newSecret, parseToken, type RefreshToken, type Secret } from './refresh-token.js'

const day = 24 * 3_600_000
const ms = z
  .number()
  .positive()
  .max(10 * 365 * day)

const sessionLimitsFields = {
  /** Ends when it is not refreshed for so long. Default 7 days. */
  idleMs: ms.default(7 * day),
  /** Ends so long after the log-in, however often it is refreshed. Default 30 days, as NIST SP 800-63B has it for AAL1. */
  absoluteMs: ms.default(30 * day),
  /** A token that was rotated so shortly before is refused, but does not end the session. Default 2 s; 0 for never. */
  graceMs: z.number().min(0).max(60_000).default(2_000),
}

/** How long a session lasts. */
export const sessionLimits = z.strictObject(sessionLimitsFields).prefault({})

export type SessionLimits = InputOf<typeof sessionLimitsFields>

/** Who asks, as an access token says or a session knows. */
export interface Identity {
  readonly userId: string
  readonly role: Role
  /** The same however often the session is refreshed. */
  readonly sessionId: string
}

/** A session with its refresh token, which is told once: the database has only its hash. */
export interface OpenSession extends Identity {
  readonly refreshToken: string
  /** Refresh before then. */
  readonly expiresAt: Date
  /** No refresh goes beyond. */
  readonly endsAt: Date
}

/** What a person is shown of a session. */
export interface SessionInfo {
  readonly sessionId: string
  readonly client: string | null
  readonly startedAt: Date
  readonly lastUsedAt: Date
  readonly expiresAt: Date
  readonly endsAt: Date
}

interface Opened {
  user_id: string
  id: string
  family_id: string
  role: Role
  expires_at: Date
  ends_at: Date
}

const users = sql.table('finance.users')
const authSessions = sql.table('finance.auth_sessions')
const newId = sql`${sql.table('finance.uuid_v7')}()`
const inMs = (value: number) => sql`${value}::double precision * interval '1 millisecond'`

/**
 * Opens a session if the person is active and still has the password that was verified; undefined if not. The share lock
 * makes it wait for a change of the password, and such a change wait for it, so that none slips through between.
 */
export async function openSession(
  db: Db,
  { userId, passwordHash, client }: { userId: string; passwordHash: string; client: string | undefined },
  limits: SessionLimits | undefined,
): Promise<OpenSession | undefined> {
  const { idleMs, absoluteMs } = parseInput(sessionLimits, limits, 'The session limits')
  const secret = newSecret()
  const { rows } = await sql<Opened>`
    with owner as (
      select id as user_id, role from ${users}
      where id = ${userId} and password_hash = ${passwordHash} and is_active for share
    ), fresh as materialized (
      select ${newId} as id
    ), opened as (
      insert into ${authSessions} (user_id, id, family_id, refresh_token_hash, started_at, expires_at, ends_at, client)
      select user_id, id, id, ${secret.hash}, now(),
        now() + ${inMs(Math.min(idleMs, absoluteMs))}, now() + ${inMs(absoluteMs)}, ${client ?? null}
      from owner, fresh
      returning user_id, id, family_id, expires_at, ends_at
    )
    select opened.*, role from opened, owner`
    .execute(db)
    .catch(translateError)
  return rows[0] && toSession(rows[0], secret)
}

/**
 * Exchanges a refresh token for the next one of its session. The old one is dead from then on; of several requests with
 * the same token exactly one gets the next.
 *
 * Not within a transaction: that a token was reused has to be remembered whatever becomes of the host's work.
 *
 * @throws {InvalidTokenError} Nobody here gave it out, or it expired, or its session ended.
 * @throws {TokenReuseError} It was used before. Unless that was `graceMs` ago or less, its whole session has ended now.
 */
export async function refresh(db: Db, refreshToken: string, limits?: SessionLimits): Promise<OpenSession> {
  outsideTransaction(db, 'refresh')
  const { idleMs, graceMs } = parseInput(sessionLimits, limits, 'The session limits')
  const token = parseToken(refreshToken)
  if (token === undefined) throw new InvalidTokenError('malformed')

  const secret = newSecret()
  const { rows } = await sql<Opened>`
    with owner as (
      select id as user_id, role from ${users} where id = ${token.userId} and is_active for share
    ), fresh as materialized (
      select ${newId} as id
    ), old as (
      update ${authSessions} s set revoked_at = now(), replaced_by = fresh.id
      from owner, fresh
      where s.user_id = owner.user_id and s.id = ${token.id} and s.refresh_token_hash = ${token.hash}
        and s.revoked_at is null and s.expires_at > now()
      returning s.user_id, s.replaced_by, s.family_id, s.started_at, s.ends_at, s.client, owner.role
    ), opened as (
      insert into ${authSessions} (user_id, id, family_id, refresh_token_hash, started_at, expires_at, ends_at, client)
      select user_id, replaced_by, family_id, ${secret.hash}, started_at,
        least(ends_at, now() + ${inMs(idleMs)}), ends_at, client
      from old
      returning user_id, id, family_id, expires_at, ends_at
    )
    select opened.*, old.role from opened, old`
    .execute(db)
    .catch(translateError)
  if (rows[0] !== undefined) return toSession(rows[0], secret)
  return refuse(db, token, graceMs)
}

/** Says why a token was not taken, and ends its session when it was used before. */
async function refuse(db: Db, token: RefreshToken, graceMs: number): Promise<never> {
  const row = await db
    .selectFrom('finance.auth_sessions as s')
    .select(({ exists, selectFrom }) => [
      's.family_id',
      sql<boolean>`s.replaced_by is not null and s.ends_at > now()`.as('replaced'),
      sql<boolean>`s.revoked_at is null and s.expires_at <= now()`.as('expired'),
      sql<boolean>`s.revoked_at > now() - ${inMs(graceMs)}`.as('recent'),
      exists(
        selectFrom('finance.auth_sessions as live')
          .select('live.id')
          .whereRef('live.user_id', '=', 's.user_id')
          .whereRef('live.family_id', '=', 's.family_id')
          .where('live.revoked_at', 'is', null),
      ).as('live'),
    ])
    .where('s.user_id', '=', token.userId)
    .where('s.id', '=', token.id)
    .where('s.refresh_token_hash', '=', token.hash)
    .executeTakeFirst()
    .catch(translateError)
  if (row === undefined) throw new InvalidTokenError('malformed')
  if (!row.replaced) throw new InvalidTokenError(row.expired ? 'expired' : 'ended')

  const sessionEnded = !(graceMs > 0 && row.recent && row.live)
  if (sessionEnded) await revoke(db, token.userId, { sessionId: row.family_id })
  throw new TokenReuseError({ userId: token.userId, sessionId: row.family_id, sessionEnded })
}

/** Ends the session that a refresh token belongs to, an old one of it too. A token that nobody gave out ends nothing. */
export async function logOut(db: Db, refreshToken: string): Promise<void> {
  const token = parseToken(refreshToken)
  if (token === undefined) return
  const session = await db
    .selectFrom('finance.auth_sessions')
    .select('family_id')
    .where('user_id', '=', token.userId)
    .where('id', '=', token.id)
    .where('refresh_token_hash', '=', token.hash)
    .executeTakeFirst()
    .catch(translateError)
  if (session !== undefined) await revoke(db, token.userId, { sessionId: session.family_id })
}

/** Ends every session of a person, but one if it is named. Gives how many ended. */
export async function logOutEverywhere(db: Db, userId: string, options: { except?: string } = {}): Promise<number> {
  return revoke(db, userId, options)
}

/** Ends one session of a person. @throws {NotFoundError} It ended before, or is another person's. */
export async function endSession(db: Db, userId: string, sessionId: string): Promise<void> {
  if ((await revoke(db, userId, { sessionId })) === 0) throw new NotFoundError('session')
}

/** The sessions in which a person is logged in, the newest first. Walks `auth_sessions_live_key`. */
export async function sessions(db: Db, userId: string): Promise<SessionInfo[]> {
  const rows = await db
    .selectFrom('finance.auth_sessions')
    .select(['family_id', 'client', 'started_at', 'created_at', 'expires_at', 'ends_at'])
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('started_at', 'desc')
    .orderBy('family_id', 'desc')
    .execute()
    .catch(translateError)
  return rows.map((row) => ({
    sessionId: row.family_id,
    client: row.client,
    startedAt: row.started_at,
    lastUsedAt: row.created_at,
    expiresAt: row.expires_at,
    endsAt: row.ends_at,
  }))
}

/**
 * Asks the database whether a session still lives and what the role of its person is now. An access token cannot know:
 * it stays good until it expires. For what should not wait for that, such as moving money.
 *
 * @throws {InvalidTokenError} The session ended, or the person is no longer active.
 */
export async function confirmSession(db: Db, { userId, sessionId }: Identity): Promise<Identity> {
  const row = await db
    .selectFrom('finance.users as u')
    .innerJoin('finance.auth_sessions as s', 's.user_id', 'u.id')
    .select('u.role')
    .where('u.id', '=', userId)
    .where('u.is_active', '=', true)
    .where('s.family_id', '=', sessionId)
    .where('s.revoked_at', 'is', null)
    .where('s.expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst()
    .catch(translateError)
  if (row === undefined) throw new InvalidTokenError('ended')
  return { userId, role: row.role, sessionId }
}

/**
 * Ends sessions. The lock on the person comes first, in a statement of its own: a refresh that is under way is over then,
 * and the token it made is seen.
 */
async function revoke(db: Db, userId: string, which: { sessionId?: string; except?: string }): Promise<number> {
  return transaction(db, async (trx: Trx) => {
    await trx.selectFrom('finance.users').select('id').where('id', '=', userId).forNoKeyUpdate().execute()
    let query = trx
      .updateTable('finance.auth_sessions')
      .set({ revoked_at: sql`now()` })
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', sql<Date>`now()`)
    if (which.sessionId !== undefined) query = query.where('family_id', '=', which.sessionId)
    if (which.except !== undefined) query = query.where('family_id', '!=', which.except)
    const { numUpdatedRows } = await query.executeTakeFirstOrThrow()
    return Number(numUpdatedRows)
  }).catch(translateError)
}

function toSession({ user_id, id, family_id, role, expires_at, ends_at }: Opened, secret: Secret): OpenSession {
  return {
    userId: user_id,
    role,
    sessionId: family_id,
    refreshToken: formatToken(user_id, id, secret),
    expiresAt: expires_at,
    endsAt: ends_at,
  }
}
