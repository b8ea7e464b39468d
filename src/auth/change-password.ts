import { InvalidCredentialsError, NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { transaction } from '../transaction.js'
import { type AttemptKey, attemptLimits, countAttempt, forgiveAttempts, outsideTransaction } from './attempts.js'
import { decoyHash, hashPassword, verifyPassword } from './hashing.js'
import { type PasswordChange, passwordChange } from './input.js'
import { type AuthSettings, replaceHash } from './log-in.js'
import { checkNewPassword } from './password.js'
import { logOutEverywhere } from './sessions.js'

interface Owner {
  readonly id: string
  readonly email: string
  readonly username: string | null
  readonly password_hash: string | null
  readonly is_active: boolean
}

/**
 * Replaces the password of who knows the present one, and ends every session of that person but `keepSession`. Wrong
 * guesses are counted as those of {@link logIn} are, so that a stolen session is not a way to try passwords.
 *
 * @throws {InvalidCredentialsError} `current` is wrong, or the person is unknown, inactive or without a password.
 * @throws {TooManyAttemptsError}
 * @throws {InvalidInputError} `next` is too short, well known, or refused by `passwords.refuse`.
 * @throws {UnsupportedError} Within a transaction.
 */
export async function changePassword(
  db: Db,
  userId: string,
  change: PasswordChange,
  options: AuthSettings & { readonly keepSession?: string } = {},
): Promise<void> {
  outsideTransaction(db, 'changePassword')
  const { passwords, cost, keepSession } = options
  const { current, next } = parseInput(passwordChange, change, 'The change')
  const limits = parseInput(attemptLimits, options.attempts, 'The attempt limits')
  const key: AttemptKey = { kind: 'user', value: userId }
  const person = await findOwner(db, userId)

  await countAttempt(db, key, limits.name)
  const hash = person?.is_active === true ? person.password_hash : null
  const right = await verifyPassword(hash ?? (await decoyHash(cost)), current)
  if (person === undefined || hash === null || !right) throw new InvalidCredentialsError()
  await forgiveAttempts(db, [key])

  await checkNewPassword({ what: 'The change', path: 'next', password: next }, namesOf(person), passwords)
  const replacement = await hashPassword(next, cost)
  await transaction(db, async (trx) => {
    // The lock of this update comes before the sessions are looked for: none opens with the old password in between.
    if (!(await replaceHash(trx, userId, hash, replacement))) throw new InvalidCredentialsError()
    await logOutEverywhere(trx, userId, keepSession === undefined ? {} : { except: keepSession })
  })
}

/**
 * Gives a person a password without asking for the present one, after the host has made sure in another way who asks.
 * Every session ends, and waits after wrong guesses are over.
 *
 * @throws {NotFoundError} No such person.
 * @throws {InvalidInputError} The password is too short, well known, or refused by `passwords.refuse`.
 */
export async function setPassword(
  db: Db,
  userId: string,
  password: string,
  { passwords, cost }: AuthSettings = {},
): Promise<void> {
  const person = await findOwner(db, userId)
  if (person === undefined) throw new NotFoundError('user')
  await checkNewPassword({ what: 'The password', path: '', password }, namesOf(person), passwords)
  const password_hash = await hashPassword(password, cost)
  await transaction(db, async (trx) => {
    await trx
      .updateTable('finance.users')
      .set({ password_hash })
      .where('id', '=', userId)
      .executeTakeFirstOrThrow()
      .catch(translateError)
    await logOutEverywhere(trx, userId)
    await forgiveAttempts(trx, [
      { kind: 'user', value: userId },
      { kind: 'email', value: person.email },
      ...(person.username === null ? [] : [{ kind: 'username', value: person.username } as const]),
    ])
  })
}

async function findOwner(db: Db, userId: string): Promise<Owner | undefined> {
  return db
    .selectFrom('finance.users')
    .select(['id', 'email', 'username', 'password_hash', 'is_active'])
    .where('id', '=', userId)
    .executeTakeFirst()
    .catch(translateError)
}

function namesOf({ email, username }: Owner): string[] {
  return username === null ? [email] : [email, username]
}
