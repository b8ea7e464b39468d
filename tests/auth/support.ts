import { sql } from 'kysely'
import { hashPassword } from '../../src/auth/hashing.js'
import { type LogInOptions, logIn } from '../../src/auth/index.js'
import type { Db, NewUser, User } from '../../src/index.js'
import { createUser } from '../people.js'

export const password = 'correct horse battery'

/** Someone who can log in with {@link password}. */
export async function createMember(db: Db, overrides: Partial<NewUser> = {}): Promise<User> {
  return createUser(db, { password_hash: await hashPassword(password), ...overrides })
}

/** Refusals at once: tests wait for none but those they are about. */
export const quick: LogInOptions = { refusalMs: 0 }

export function logInAs(db: Db, { email }: User, options: LogInOptions = {}) {
  return logIn(db, { email, password }, { ...quick, ...options })
}

export async function hashOf(db: Db, { id }: User): Promise<string | null> {
  const { password_hash } = await db
    .selectFrom('finance.users')
    .select('password_hash')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return password_hash
}

/** How many failures are counted for an email. */
export async function failuresOf(db: Db, email: string): Promise<number> {
  const row = await db
    .selectFrom('finance.auth_attempts')
    .select('failures')
    .where('key_hash', '=', sql<string>`encode(sha256(convert_to('email:' || lower(${email}), 'UTF8')), 'hex')`)
    .executeTakeFirst()
  return row?.failures ?? 0
}

/** The class of what each attempt came to. */
export async function outcomes(attempts: readonly Promise<unknown>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const result of await Promise.allSettled(attempts)) {
    const name = result.status === 'fulfilled' ? 'done' : result.reason.name
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
