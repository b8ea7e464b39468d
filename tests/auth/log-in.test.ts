import { setTimeout as sleep } from 'node:timers/promises'
import { hash as argon2 } from '@node-rs/argon2'
import bcrypt from 'bcryptjs'
import { describe, expect } from 'vitest'
import {
  changePassword,
  hashPassword,
  InvalidCredentialsError,
  logIn,
  register,
  sessions,
  setPassword,
  TooManyAttemptsError,
  verifyPassword,
} from '../../src/auth/index.js'
import { replaceHash } from '../../src/auth/log-in.js'
import {
  ConflictError,
  InvalidInputError,
  NotFoundError,
  transaction,
  UnsupportedError,
  users,
} from '../../src/index.js'
import { createUser } from '../people.js'
import { waitingIn } from '../server.js'
import { freshDatabase, pgliteDb, test } from '../support.js'
import { createMember, failuresOf, hashOf, logInAs, outcomes, password, quick } from './support.js'

const other = 'another long password'

describe('register', () => {
  test('adds a consumer whose password is kept as a hash alone', async ({ db }) => {
    const user = await register(db, { email: 'ada@example.org', username: 'ada', first_name: 'Ada', password })

    expect(user).toMatchObject({ email: 'ada@example.org', role: 'consumer', first_name: 'Ada', is_active: true })
    expect(JSON.stringify(user)).not.toContain('argon2')
    expect(await verifyPassword((await hashOf(db, user)) ?? '', password)).toBe(true)
  })

  test('refuses a taken email, and leaves who has it alone', async ({ db }) => {
    const user = await register(db, { email: 'ada@example.org', password })
    const before = await hashOf(db, user)

    await expect(register(db, { email: 'ADA@example.org', password: other })).rejects.toThrow(ConflictError)

    expect(await hashOf(db, user)).toBe(before)
  })

  test('lets nobody choose a role, an id or a hash', async ({ db }) => {
    for (const extra of [
      { role: 'admin' },
      { id: crypto.randomUUID() },
      { password_hash: '$2b$' },
      { is_active: true },
    ]) {
      const person = { email: 'eve@example.org', password, ...extra }
      await expect(register(db, person)).rejects.toThrow(InvalidInputError)
    }
    expect((await register(db, { email: 'eve@example.org', password }, { role: 'operator' })).role).toBe('operator')
  })

  test('refuses weak and leaked passwords, without repeating them', async ({ db }) => {
    const person = { email: 'ada.lovelace@example.org' }
    const leaked = async (candidate: string) => candidate === password

    await expect(register(db, { ...person, password: 'Ada-Lovelace!' })).rejects.toThrow('name or email')
    await expect(register(db, { ...person, password: 'short' })).rejects.toMatchObject({
      message: 'The registration is not valid: password: it needs 12 characters or more',
      issues: [{ path: 'password' }],
    })
    await expect(register(db, { ...person, password }, { passwords: { refuse: leaked } })).rejects.toThrow(
      /^(?!.*correct).*known to others/,
    )
    expect(await users.findByEmail(db, person.email)).toBeUndefined()
  })
})

describe('logIn', () => {
  test('opens a session, by email or username, without regard to case', async ({ db }) => {
    const user = await createMember(db, { email: 'ada@example.org', username: 'Ada', role: 'operator' })

    const byEmail = await logIn(db, { email: 'ADA@example.org', password }, { client: 'Firefox' })
    const byName = await logIn(db, { username: 'aDA', password })

    expect(byEmail).toMatchObject({ userId: user.id, role: 'operator' })
    expect(byEmail.sessionId).not.toBe(byName.sessionId)
    expect((await sessions(db, user.id)).map(({ client }) => client).sort()).toEqual(['Firefox', null])
  })

  test('gives one error for unknown names, wrong passwords, inactive people and those without a password', async ({
    db,
  }) => {
    const member = await createMember(db)
    const inactive = await createMember(db, { is_active: false })
    const outside = await createUser(db, { external_auth_id: 'cognito|1' })

    const refusals = await Promise.all(
      [
        logIn(db, { email: member.email, password: other }, quick),
        logIn(db, { email: 'nobody@example.org', password }, quick),
        logIn(db, { username: 'nobody', password }, quick),
        logIn(db, { email: inactive.email, password }, quick),
        logIn(db, { email: outside.email, password }, quick),
      ].map((attempt) => attempt.catch((error: unknown) => error)),
    )

    for (const error of refusals) expect(error).toBeInstanceOf(InvalidCredentialsError)
    expect(new Set(refusals.map((error) => JSON.stringify([error, (error as Error).message]))).size).toBe(1)
  })

  test('refuses what is no log-in before anything is counted', async ({ db }) => {
    const email = 'ada@example.org'
    for (const given of [
      { password },
      { email },
      { email, username: 'ada', password },
      { email, password: 'x'.repeat(1025) },
      { email: 'a\0b', password },
    ]) {
      await expect(logIn(db, given as { email: string; password: string })).rejects.toThrow(InvalidInputError)
    }
    expect(await failuresOf(db, email)).toBe(0)
  })

  test('is not for transactions, whose rollback would forget the failures', async ({ db }) => {
    const user = await createMember(db)

    await expect(transaction(db, (trx) => logInAs(trx, user))).rejects.toThrow(UnsupportedError)
  })

  test('replaces a hash of an older system, or of less cost, and no other', async ({ db }) => {
    const cheap = { algorithm: 2, memoryCost: 4096, timeCost: 1, parallelism: 1 }
    for (const old of [await bcrypt.hash(password, 4), await argon2(password, cheap)]) {
      const user = await createUser(db, { password_hash: old })
      await expect(logIn(db, { email: user.email, password: other }, quick)).rejects.toThrow(InvalidCredentialsError)
      expect(await hashOf(db, user)).toBe(old)

      await logInAs(db, user)

      const replaced = await hashOf(db, user)
      expect(replaced).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
      await logInAs(db, user)
      expect(await hashOf(db, user)).toBe(replaced)
      await logInAs(db, user, { cost: { memoryKiB: 32_768 } })
      expect(await hashOf(db, user)).toContain('m=32768,t=2')
    }
  })

  test('keeps a bcrypt hash of more than 72 bytes: what is typed after them proves nothing', async ({ db }) => {
    const long = 'x1-Y'.repeat(20)
    const old = await bcrypt.hash(long, 4)
    const user = await createUser(db, { password_hash: old })

    await logIn(db, { email: user.email, password: `${long}, or so` })

    expect(await hashOf(db, user)).toBe(old)
  })

  test('lets many log in at once while their old hash is replaced', async () => {
    await using fresh = await freshDatabase()
    const user = await createUser(fresh.db, { password_hash: await bcrypt.hash(password, 4) })

    const attempts = { name: { free: 20 } }
    const all = await outcomes(Array.from({ length: 12 }, () => logInAs(fresh.db, user, { attempts })))

    expect(all).toEqual({ done: 12 })
    expect(await hashOf(fresh.db, user)).toContain('argon2id')
    expect(await sessions(fresh.db, user.id)).toHaveLength(12)
  })

  test('opens no session with a password that is being changed', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)
    let attempt: Promise<unknown> = Promise.resolve()

    await transaction(db, async (trx) => {
      await setPassword(trx, user.id, other)
      attempt = logInAs(db, user).catch((error: unknown) => error)
      expect(await Promise.race([attempt, sleep(500, 'waits')])).toBe('waits')
    })

    expect(await attempt).toBeInstanceOf(InvalidCredentialsError)
    expect(await sessions(db, user.id)).toEqual([])
    expect(await logIn(db, { email: user.email, password: other })).toMatchObject({ userId: user.id })
  })

  test('works in PGlite', { timeout: 60_000 }, async () => {
    await using embedded = await pgliteDb()
    const { db } = embedded
    const user = await register(db, { email: 'ada@example.org', password })

    await expect(logIn(db, { email: user.email, password: other }, quick)).rejects.toThrow(InvalidCredentialsError)
    expect(await failuresOf(db, user.email)).toBe(1)
    const session = await logIn(db, { email: user.email, password }, { clientKey: '::1', client: 'test' })

    expect(session.expiresAt.getTime() - Date.now()).toBeGreaterThan(6 * 24 * 3_600_000)
    expect(await failuresOf(db, user.email)).toBe(0)
    const strict = { ...quick, attempts: { name: { waitMs: 60_000 } } }
    await expect(
      Promise.any(Array.from({ length: 6 }, () => logIn(db, { email: 'x@example.org', password }, strict))),
    ).rejects.toMatchObject({ errors: expect.arrayContaining([expect.any(TooManyAttemptsError)]) })
  })
})

describe('changePassword', () => {
  test('takes the new password, ends the other sessions and keeps the one that is named', async ({ db }) => {
    const user = await createMember(db)
    const [here] = [await logInAs(db, user), await logInAs(db, user)]

    await changePassword(db, user.id, { current: password, next: other }, { keepSession: here.sessionId })

    expect((await sessions(db, user.id)).map(({ sessionId }) => sessionId)).toEqual([here.sessionId])
    await expect(logInAs(db, user)).rejects.toThrow(InvalidCredentialsError)
    await logIn(db, { email: user.email, password: other })
    await changePassword(db, user.id, { current: other, next: password })
    expect(await sessions(db, user.id)).toEqual([])
  })

  test('counts wrong guesses, and changes nothing', async ({ db }) => {
    const user = await createMember(db)
    await logInAs(db, user)
    const guess = () => changePassword(db, user.id, { current: 'a wrong guess', next: other })

    for (let i = 0; i < 5; i++) await expect(guess()).rejects.toThrow(InvalidCredentialsError)
    await expect(guess()).rejects.toThrow(TooManyAttemptsError)
    await expect(changePassword(db, crypto.randomUUID(), { current: password, next: other })).rejects.toThrow(
      InvalidCredentialsError,
    )
    await expect(
      transaction(db, (trx) => changePassword(trx, user.id, { current: password, next: other })),
    ).rejects.toThrow(UnsupportedError)

    expect(await sessions(db, user.id)).toHaveLength(1)
    expect(await logInAs(db, user)).toMatchObject({ userId: user.id })
  })

  test('says of a weak password which field it is, and keeps the present one', async ({ db }) => {
    const user = await createMember(db)

    await expect(changePassword(db, user.id, { current: password, next: 'short' })).rejects.toMatchObject({
      issues: [{ path: 'next', message: expect.stringContaining('12 characters') }],
    })

    expect(await logInAs(db, user)).toMatchObject({ userId: user.id })
  })

  test('forgives the wrong guesses before it', async ({ db }) => {
    const user = await createMember(db)
    const change = (current: string) => changePassword(db, user.id, { current, next: password })
    const failures = () => db.selectFrom('finance.auth_attempts').select('failures').where('failures', '>', 0).execute()
    await expect(change('a wrong guess')).rejects.toThrow(InvalidCredentialsError)
    expect(await failures()).toHaveLength(1)

    await change(password)

    expect(await failures()).toEqual([])
  })

  test('is refused to who is no longer active, with the right password', async ({ db }) => {
    const user = await createMember(db, { is_active: false })

    await expect(changePassword(db, user.id, { current: password, next: other })).rejects.toThrow(
      InvalidCredentialsError,
    )
  })

  test('gives way to one that was quicker', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)

    const { late } = await transaction(db, async (trx) => {
      await setPassword(trx, user.id, other)
      const late = changePassword(db, user.id, { current: password, next: 'a third long password' }).catch(
        (error: unknown) => error,
      )
      await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
      return { late }
    })

    expect(await late).toBeInstanceOf(InvalidCredentialsError)
    expect(await logIn(db, { email: user.email, password: other })).toMatchObject({ userId: user.id })
  })

  test('refuses a weak one, and the name of the person', async ({ db }) => {
    const user = await createMember(db, { username: 'ada-lovelace-1815' })
    const change = (next: string) => changePassword(db, user.id, { current: password, next })

    await expect(change('short')).rejects.toThrow(InvalidInputError)
    await expect(change('AdaLovelace1815')).rejects.toThrow('name or email')
    await logInAs(db, user)
  })
})

describe('setPassword', () => {
  test('gives a password to who has none or forgot it, ends every session and every wait', async ({ db }) => {
    const user = await createMember(db)
    await logInAs(db, user)
    for (let i = 0; i < 5; i++) {
      await logIn(db, { email: user.email, password: other }, quick).catch(() => {})
    }
    await expect(logInAs(db, user)).rejects.toThrow(TooManyAttemptsError)
    const change = (current: string) =>
      changePassword(db, user.id, { current, next: password }, { attempts: { name: { waitMs: 60_000 } } })
    for (let i = 0; i < 5; i++) await change('a wrong guess').catch(() => {})
    await expect(change(password)).rejects.toThrow(TooManyAttemptsError)

    await setPassword(db, user.id, other)

    expect(await sessions(db, user.id)).toEqual([])
    expect(await logIn(db, { email: user.email, password: other })).toMatchObject({ userId: user.id })
    await change(other)
    await expect(setPassword(db, crypto.randomUUID(), other)).rejects.toThrow(NotFoundError)
  })
})

describe('a hash that changes while somebody logs in', () => {
  test('is never taken back by the new one of the old password', async ({ db }) => {
    const user = await createMember(db)
    const before = await hashOf(db, user)

    expect(await replaceHash(db, user.id, 'one that was there', 'another')).toBe(false)
    expect(await hashOf(db, user)).toBe(before)
    expect(await replaceHash(db, user.id, before ?? '', 'another')).toBe(true)
    expect(await hashOf(db, user)).toBe('another')
  })

  test('is tried again, since it may be of the same password', async () => {
    await using fresh = await freshDatabase()
    const { db } = fresh
    const user = await createMember(db)
    const again = await hashPassword(password)

    const { entering } = await transaction(db, async (trx) => {
      await replaceHash(trx, user.id, (await hashOf(trx, user)) ?? '', again)
      const entering = logInAs(db, user)
      await expect.poll(() => waitingIn(db), { timeout: 10_000 }).toBe(1)
      return { entering }
    })

    expect(await entering).toMatchObject({ userId: user.id })
  })
})
