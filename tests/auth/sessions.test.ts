import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect } from 'vitest'
import {
  confirmSession,
  endSession,
  InvalidTokenError,
  logOut,
  logOutEverywhere,
  type OpenSession,
  refresh,
  sessions,
  sweep,
  TokenReuseError,
} from '../../src/auth/index.js'
import type { Db } from '../../src/index.js'
import { InvalidInputError, NotFoundError, transaction, UnsupportedError, users } from '../../src/index.js'
import { execute, waitingIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'
import { createMember, logInAs, outcomes } from './support.js'

const day = 24 * 3_600_000

async function opened(db: Db): Promise<OpenSession> {
  return logInAs(db, await createMember(db))
}

/** Moves a session into the past, as if it had been opened so long ago. */
async function age(db: Db, { userId }: OpenSession, ms: number): Promise<void> {
  const back = sql<Date>`interval '1 millisecond' * ${ms}::double precision`
  await db
    .updateTable('finance.auth_sessions')
    .set({
      expires_at: sql`expires_at - ${back}`,
      ends_at: sql`ends_at - ${back}`,
      started_at: sql`started_at - ${back}`,
      revoked_at: sql`revoked_at - ${back}`,
    })
    .where('user_id', '=', userId)
    .execute()
}

const reasonOf = async (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (error: unknown) => (error instanceof InvalidTokenError ? error.reason : error),
  )

describe('a refresh token', () => {
  test('has 256 random bits, and is in the database as a hash alone', async ({ db }) => {
    const one = await opened(db)
    const two = await refresh(db, one.refreshToken)

    const rows = await db.selectFrom('finance.auth_sessions').selectAll().execute()
    const secrets = [one, two].map(({ refreshToken }) => Buffer.from(refreshToken.slice(4), 'base64url').subarray(32))
    expect(one.refreshToken).toMatch(/^fdr_[A-Za-z0-9_-]{86}$/)
    expect(secrets.map(({ length }) => length)).toEqual([32, 32])
    expect(secrets[0]).not.toEqual(secrets[1])
    for (const secret of secrets) {
      const text = JSON.stringify(rows)
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(text).not.toContain(secret.toString(encoding))
    }
    for (const { refresh_token_hash } of rows) expect(refresh_token_hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is exchanged for the next of the same session, which knows the role of today', async ({ db }) => {
    const first = await opened(db)
    await users.update(db, first.userId, { role: 'operator' })

    const second = await refresh(db, first.refreshToken)
    const third = await refresh(db, second.refreshToken)

    expect(third).toMatchObject({ userId: first.userId, sessionId: first.sessionId, role: 'operator' })
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3)
    expect(await sessions(db, first.userId)).toHaveLength(1)
  })

  test('used a second time ends its session, and no other', async ({ db }) => {
    const user = await createMember(db)
    const [stolen, elsewhere] = [await logInAs(db, user), await logInAs(db, user)]
    const thief = await refresh(db, stolen.refreshToken)
    // As rounding to milliseconds does half of the time.
    await sql`update finance.auth_sessions set revoked_at = now() + interval '1 ms' where revoked_at is not null`.execute(
      db,
    )

    const reuse = refresh(db, stolen.refreshToken, { graceMs: 0 })

    await expect(reuse).rejects.toThrow(TokenReuseError)
    await expect(reuse).rejects.toMatchObject({ userId: user.id, sessionId: stolen.sessionId, sessionEnded: true })
    expect(await reasonOf(refresh(db, thief.refreshToken))).toBe('ended')
    expect((await sessions(db, user.id)).map(({ sessionId }) => sessionId)).toEqual([elsewhere.sessionId])
    await refresh(db, elsewhere.refreshToken)
  })

  test('of long ago in the chain ends the session too', async ({ db }) => {
    const first = await opened(db)
    let latest = first
    for (let i = 0; i < 5; i++) latest = await refresh(db, latest.refreshToken)

    await age(db, first, 3_000)
    await expect(refresh(db, first.refreshToken)).rejects.toMatchObject({ sessionEnded: true })

    expect(await reasonOf(refresh(db, latest.refreshToken))).toBe('ended')
  })

  test('sent by two requests at once is exchanged once, and the session goes on', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    for (let round = 0; round < 5; round++) {
      const first = await opened(db)
      const attempts = Array.from({ length: 20 }, () => refresh(db, first.refreshToken, { graceMs: 60_000 }))

      expect(await outcomes(attempts)).toEqual({ done: 1, TokenReuseError: 19 })

      for (const result of await Promise.allSettled(attempts)) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ sessionEnded: false })
        else await refresh(db, result.value.refreshToken)
      }
    }
  })

  test('sent twice without a grace is exchanged once, and the session ends', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const first = await opened(db)
    const attempts = Array.from({ length: 20 }, () => refresh(db, first.refreshToken, { graceMs: 0 }))

    expect(await outcomes(attempts)).toEqual({ done: 1, TokenReuseError: 19 })

    expect(await sessions(db, first.userId)).toEqual([])
  })

  test('has no grace once its session ended', async ({ db }) => {
    const user = await createMember(db)
    const [first, elsewhere] = [await logInAs(db, user), await logInAs(db, user)]
    const { refreshToken } = await refresh(db, first.refreshToken)
    await logOut(db, refreshToken)

    await expect(refresh(db, first.refreshToken)).rejects.toMatchObject({ sessionEnded: true })
    expect(await reasonOf(confirmSession(db, first))).toBe('ended')
    expect(await confirmSession(db, elsewhere)).toMatchObject({ sessionId: elsewhere.sessionId })
  })

  test('that nobody gave out is malformed, and ends nothing', async ({ db }) => {
    const one = await opened(db)
    const bytes = Buffer.from(one.refreshToken.slice(4), 'base64url')
    const forge = (from: number) => {
      const forged = Buffer.from(bytes)
      forged[from] = (forged[from] ?? 0) ^ 1
      return `fdr_${forged.toString('base64url')}`
    }

    const last = one.refreshToken.at(-1) ?? ''
    const sameBytes = one.refreshToken.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
    for (const token of [
      '',
      'fdr_',
      one.refreshToken.slice(4),
      `${one.refreshToken}=`,
      sameBytes,
      forge(0),
      forge(20),
      forge(40),
    ]) {
      expect(await reasonOf(refresh(db, token))).toBe('malformed')
      await logOut(db, token)
    }
    expect(await reasonOf(refresh(db, undefined as unknown as string))).toBe('malformed')
    await refresh(db, one.refreshToken)
  })

  test('expires when it is idle, and at the latest when its session ends', async ({ db }) => {
    const first = await opened(db)
    const limits = { idleMs: 10 * day }
    expect(first.expiresAt.getTime() - Date.now()).toBeCloseTo(7 * day, -5)
    expect(first.endsAt.getTime() - Date.now()).toBeCloseTo(30 * day, -5)

    await age(db, first, 6 * day)
    const second = await refresh(db, first.refreshToken, limits)
    expect(second.expiresAt.getTime() - Date.now()).toBeCloseTo(10 * day, -5)
    await age(db, first, 9 * day)
    const third = await refresh(db, second.refreshToken, limits)
    await age(db, first, 9 * day)
    const fourth = await refresh(db, third.refreshToken, limits)
    expect(fourth.expiresAt).toEqual(fourth.endsAt)
    expect(fourth.endsAt.getTime() - Date.now()).toBeCloseTo(6 * day, -5)
    await age(db, first, 6 * day + 1000)

    expect(await reasonOf(refresh(db, fourth.refreshToken))).toBe('expired')
    expect(await reasonOf(confirmSession(db, fourth))).toBe('ended')
    await expect(endSession(db, first.userId, first.sessionId)).rejects.toThrow(NotFoundError)
    expect(await reasonOf(refresh(db, first.refreshToken))).toBe('ended')
    expect(await sessions(db, first.userId)).toEqual([])
  })

  test('of a session that ends before it can be idle for long expires with it', async ({ db }) => {
    const session = await logInAs(db, await createMember(db), { sessions: { absoluteMs: day } })

    expect(session.expiresAt).toEqual(session.endsAt)
    expect(session.endsAt.getTime() - Date.now()).toBeCloseTo(day, -5)
  })

  test('of someone who is no longer active is refused', async ({ db }) => {
    const session = await opened(db)
    await users.update(db, session.userId, { is_active: false })

    expect(await reasonOf(refresh(db, session.refreshToken))).toBe('ended')
    expect(await reasonOf(confirmSession(db, session))).toBe('ended')
  })

  test('is not exchanged in a transaction, whose rollback would forget that it was reused', async ({ db }) => {
    const { refreshToken } = await opened(db)

    await expect(transaction(db, (trx) => refresh(trx, refreshToken))).rejects.toThrow(UnsupportedError)
    await expect(refresh(db, refreshToken, { idleMs: -1 })).rejects.toThrow(InvalidInputError)
    await refresh(db, refreshToken)
  })

  test('is one per session in the database too, whoever writes', async ({ db }) => {
    const { userId, sessionId } = await opened(db)

    const second =
      sql`insert into finance.auth_sessions (user_id, family_id, refresh_token_hash, started_at, expires_at, ends_at)
      values (${userId}, ${sessionId}, 'x', now(), now(), now())`.execute(db)

    await expect(second).rejects.toMatchObject({ constraint: 'auth_sessions_live_key' })
  })

  test('rotates in PGlite', { timeout: 60_000 }, async () => {
    await using embedded = await pgliteDb()
    const { db } = embedded
    const first = await opened(db)
    const second = await refresh(db, first.refreshToken)

    await expect(refresh(db, first.refreshToken, { graceMs: 60_000 })).rejects.toMatchObject({ sessionEnded: false })
    const { refreshToken } = await refresh(db, second.refreshToken)
    await expect(refresh(db, first.refreshToken, { graceMs: 0 })).rejects.toMatchObject({ sessionEnded: true })
    expect(await reasonOf(refresh(db, refreshToken))).toBe('ended')
  })
})

describe('sessions', () => {
  test('are shown to their person, the newest first, each once however often it is refreshed', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)
    const phone = await logInAs(db, user, { client: 'Phone' })
    await sleep(5)
    await logInAs(db, user, { client: 'Laptop' })
    await sleep(5)
    const { expiresAt } = await refresh(db, phone.refreshToken)
    await opened(db)

    const list = await sessions(db, user.id)

    expect(list.map(({ client }) => client)).toEqual(['Laptop', 'Phone'])
    await sql`update finance.auth_sessions set started_at = started_at - interval '1 h' where client = 'Laptop'`.execute(
      db,
    )
    expect((await sessions(db, user.id)).map(({ client }) => client)).toEqual(['Phone', 'Laptop'])
    const [laptop, onPhone] = list
    expect(onPhone).toMatchObject({ sessionId: phone.sessionId, expiresAt, endsAt: phone.endsAt })
    expect(onPhone?.lastUsedAt.getTime()).toBeGreaterThan(onPhone?.startedAt.getTime() ?? 0)
    expect(laptop?.lastUsedAt).toEqual(laptop?.startedAt)
  })

  test('end by the token, an old one too, and again without complaint', async ({ db }) => {
    const first = await opened(db)
    const second = await refresh(db, first.refreshToken)

    await logOut(db, first.refreshToken)
    await logOut(db, first.refreshToken)

    expect(await reasonOf(refresh(db, second.refreshToken))).toBe('ended')
    expect(await reasonOf(confirmSession(db, first))).toBe('ended')
  })

  test('end one by one or all at once, of one person only', async ({ db }) => {
    const user = await createMember(db)
    const [a, b, c] = [await logInAs(db, user), await logInAs(db, user), await logInAs(db, user)]
    const theirs = await opened(db)

    await endSession(db, user.id, a.sessionId)
    await expect(endSession(db, user.id, a.sessionId)).rejects.toThrow(NotFoundError)
    await expect(endSession(db, user.id, theirs.sessionId)).rejects.toThrow(NotFoundError)
    expect(await logOutEverywhere(db, user.id, { except: b.sessionId })).toBe(1)
    expect(await reasonOf(refresh(db, c.refreshToken))).toBe('ended')
    expect(await confirmSession(db, b)).toEqual({ userId: user.id, role: 'consumer', sessionId: b.sessionId })
    expect(await logOutEverywhere(db, user.id)).toBe(1)
    expect(await reasonOf(confirmSession(db, b))).toBe('ended')
    await refresh(db, theirs.refreshToken)
  })

  test('end whatever is refreshed at the same moment', { timeout: 60_000 }, async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)

    for (let round = 0; round < 25; round++) {
      const all = await Promise.all(Array.from({ length: 4 }, () => logInAs(db, user)))
      await Promise.all([
        ...all.map(({ refreshToken }) => refresh(db, refreshToken).catch(() => {})),
        sleep(round % 5).then(() => logOutEverywhere(db, user.id)),
      ])
      expect(await sessions(db, user.id)).toEqual([])
    }
  })

  test('end also when a refresh is under way, whose token nobody could see yet', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const session = await opened(db)
    await execute(
      fresh.url,
      `create function public.hold() returns trigger language plpgsql
        as $$ begin perform pg_advisory_xact_lock(7); return new; end $$`,
      'create trigger hold before insert on finance.auth_sessions for each row execute function public.hold()',
    )
    const holder = await db.startTransaction().execute()
    await sql`select pg_advisory_xact_lock(7)`.execute(holder)
    const waiting = async (count: number) => {
      while ((await waitingIn(db)) < count) await sleep(10)
    }

    const refreshing = refresh(db, session.refreshToken)
    await waiting(1)
    const ending = logOutEverywhere(db, session.userId)
    await waiting(2)
    await holder.commit().execute()
    const { refreshToken } = await refreshing

    expect(await ending).toBe(1)
    expect(await reasonOf(refresh(db, refreshToken))).toBe('ended')
  })

  test('are confirmed with the role of today', async ({ db }) => {
    const session = await opened(db)
    await users.update(db, session.userId, { role: 'admin' })

    expect(await confirmSession(db, session)).toMatchObject({ role: 'admin' })
    expect(await reasonOf(confirmSession(db, { ...session, userId: crypto.randomUUID() }))).toBe('ended')
  })

  test('are swept a week after their end, with every token, and no other', async ({ db }) => {
    const [old, recent] = [await opened(db), await opened(db)]
    await refresh(db, old.refreshToken)
    await refresh(db, recent.refreshToken)
    await age(db, old, 38 * day)
    await age(db, recent, 36 * day)
    await sql`alter table finance.auth_attempts disable trigger auth_attempts_touch`.execute(db)
    await sql`insert into finance.auth_attempts (key_hash, failures, updated_at) values
      (repeat('a', 64), 1, now() - interval '8 days'), (repeat('b', 64), 1, now() - interval '6 days')`.execute(db)

    expect(await sweep(db)).toEqual({ sessions: 2, attempts: 1 })

    const left = await db.selectFrom('finance.auth_sessions').select('user_id').execute()
    expect(left).toEqual([{ user_id: recent.userId }, { user_id: recent.userId }])
  })
})
