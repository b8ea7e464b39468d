import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { InvalidCredentialsError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import * as users from '../repositories/users.js'
import type { Db } from '../schema/database.js'
import type { Role } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import type { User } from '../schema/rows.js'
import { lowerCase } from '../schema/texts.js'
import {
  type AttemptKey,
  type AttemptLimits,
  attemptLimits,
  countAttempt,
  forgiveAttempts,
  outsideTransaction,
  uncountAttempt,
} from './attempts.js'
import { decoyHash, type HashCost, hashPassword, isCutByBcrypt, needsRehash, verifyPassword } from './hashing.js'
import { type Credentials, credentials, type Origin, origin, type Registration, registration } from './input.js'
import { checkNewPassword, type PasswordRules } from './password.js'
import { type OpenSession, openSession, type SessionLimits } from './sessions.js'

/** What a host sets once and gives to every call that it concerns. */
export interface AuthSettings {
  readonly passwords?: PasswordRules | undefined
  readonly cost?: HashCost | undefined
  readonly attempts?: AttemptLimits | undefined
  readonly sessions?: SessionLimits | undefined
  /**
   * A refused log-in takes this long at least. Unknown names cost the time of a hash anyway; this hides also that a hash
   * is of an older kind, whose time differs. Default 500; 0 for none.
   */
  readonly refusalMs?: number | undefined
}

export interface LogInOptions extends AuthSettings, Origin {}

/**
 * Adds a person with a password. Everyone who registers is a consumer unless `role` says otherwise.
 *
 * @throws {InvalidInputError} Also when the password is too short, well known, or refused by `passwords.refuse`.
 * @throws {ConflictError} The email or username is taken. Whoever must not learn that should be sent an email instead.
 * @throws {UnsupportedError} `@node-rs/argon2` is not installed.
 */
export async function register(
  db: Db,
  person: Registration,
  { passwords, cost, role }: AuthSettings & { readonly role?: Role } = {},
): Promise<User> {
  const what = 'The registration'
  const { password, ...fields } = parseInput(registration, person, what)
  const about = [fields.email, ...(fields.username ? [fields.username] : [])]
  await checkNewPassword({ what, path: 'password', password }, about, passwords)
  const password_hash = await hashPassword(password, cost)
  return users.create(db, { ...fields, password_hash, ...(role !== undefined && { role }) })
}

/**
 * Opens a session for who knows the password. Unknown names, wrong passwords and people who may not log in get the same
 * error after the same time. A hash from an older system, or made at a lower cost, is replaced on the way.
 *
 * Every attempt is counted before it is looked at, for its name and for `clientKey`. Not within a transaction: the count
 * has to outlive a rollback.
 *
 * @throws {InvalidCredentialsError}
 * @throws {TooManyAttemptsError} Nothing was looked at; `retryAfterMs` says when to come back.
 * @throws {InvalidInputError} No name, or a password of more than 1024 characters.
 * @throws {UnsupportedError} Within a transaction, or the package for this kind of hash is not installed.
 */
export async function logIn(db: Db, given: Credentials, options: LogInOptions = {}): Promise<OpenSession> {
  outsideTransaction(db, 'logIn')
  const { cost, refusalMs = 500, clientKey, client } = options
  const { password, ...by } = parseInput(credentials, given, 'The log-in')
  const limits = parseInput(attemptLimits, options.attempts, 'The attempt limits')
  parseInput(origin, { clientKey, client }, 'The origin')
  const name: AttemptKey = 'email' in by ? { kind: 'email', value: by.email } : { kind: 'username', value: by.username }
  const from: AttemptKey | undefined = clientKey === undefined ? undefined : { kind: 'client', value: clientKey }

  await decoyHash(cost) // made here, so that the first unknown name does not wait for it
  const started = performance.now()
  if (from !== undefined) await countAttempt(db, from, limits.client)
  await countAttempt(db, name, limits.name)

  const session = await openFor(db, by, password, options)
  if (session === undefined) {
    await sleep(Math.max(0, started + refusalMs - performance.now()))
    throw new InvalidCredentialsError()
  }
  await forgiveAttempts(db, [name])
  if (from !== undefined) await uncountAttempt(db, from, limits.client)
  return session
}

type Name = { readonly email: string } | { readonly username: string }

async function openFor(
  db: Db,
  by: Name,
  password: string,
  { cost, sessions, client }: LogInOptions,
): Promise<OpenSession | undefined> {
  // A second time when the hash changed meanwhile: another log-in of the same person has replaced an old one, say.
  for (let attempt = 0; attempt < 2; attempt++) {
    const person = await findFor(db, by)
    const hash = person?.is_active === true ? person.password_hash : null
    const right = await verifyPassword(hash ?? (await decoyHash(cost)), password)
    if (person === undefined || hash === null || !right) return undefined

    const session = await openSession(db, { userId: person.id, passwordHash: hash, client }, sessions)
    if (session === undefined) continue
    if (needsRehash(hash, cost) && !isCutByBcrypt(hash, password)) {
      await replaceHash(db, person.id, hash, await hashPassword(password, cost))
    }
    return session
  }
  return undefined
}

async function findFor(db: Db, by: Name) {
  const [column, value] = 'email' in by ? (['email', by.email] as const) : (['username', by.username] as const)
  return db
    .selectFrom('finance.users')
    .select(['id', 'password_hash', 'is_active'])
    .where(lowerCase(sql.ref(column)), '=', lowerCase(sql.val(value)))
    .executeTakeFirst()
    .catch(translateError)
}

/** Puts one hash in the place of another; false when that is not there any more. */
export async function replaceHash(db: Db, userId: string, from: string, to: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('finance.users')
    .set({ password_hash: to })
    .where('id', '=', userId)
    .where('password_hash', '=', from)
    .executeTakeFirstOrThrow()
    .catch(translateError)
  return numUpdatedRows > 0n
}
