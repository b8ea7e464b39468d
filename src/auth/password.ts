import { randomBytes } from 'node:crypto'
import { InvalidInputError, UnsupportedError } from '../errors.js'

/** Characters at least: NIST SP 800-63B asks for 8 with a second factor and 15 without; length beats rules about signs. */
export const minPasswordLength = 12
const maxPasswordLength = 1000

/** Passwords that ship with tutorials and templates, and those that people type to have one. Compared without signs or case. */
const wellKnown: ReadonlySet<string> = new Set([
  'admin',
  'administrator',
  'changeme',
  'changethis',
  'default',
  'letmein',
  'pass',
  'password',
  'passw0rd',
  'postgres',
  'qwerty',
  'qwertyuiop',
  'root',
  'secret',
  'superuser',
  'test',
  'welcome',
])

/**
 * Refuses what would be guessed first: short passwords, well-known defaults such as `admin123`, one repeated sign, and
 * what the person is called.
 *
 * @param about Email and username of whom it is for.
 * @throws {InvalidInputError} Says what is wrong with it, never what it is.
 */
export function checkPassword(password: string, about: readonly string[] = []): void {
  const message = weakness(password, about)
  if (message !== undefined) throw new InvalidInputError('The password', [{ path: '', message }])
}

function weakness(password: string, about: readonly string[]): string | undefined {
  const bare = password.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const word = bare.replace(/^\d+|\d+$/g, '')
  if (wellKnown.has(bare) || wellKnown.has(word)) return 'it is a well-known default'
  if ([...password].length < minPasswordLength) return `it needs ${minPasswordLength} characters or more`
  if (password.length > maxPasswordLength) return `it may have ${maxPasswordLength} characters at most`
  if (new Set(password).size < 5) return 'it repeats too few different characters'
  if (about.some((name) => namesOf(name).includes(bare))) return 'it is the name or email it is for'
  return undefined
}

function namesOf(name: string): string[] {
  return [name, name.split('@')[0] ?? name].map((text) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
}

/**
 * An argon2id hash for `users.password_hash`, salted anew each time. Parameters are the OWASP minimum: 19 MiB, two passes,
 * one lane (Password Storage Cheat Sheet).
 *
 * @throws {UnsupportedError} `@node-rs/argon2` is not installed.
 */
export async function hashPassword(password: string): Promise<string> {
  const argon2 = await import('@node-rs/argon2').catch((cause: unknown) => {
    throw new UnsupportedError('Passwords are hashed with @node-rs/argon2: npm install @node-rs/argon2', { cause })
  })
  // 2 is Argon2id: the enum of the package is const and does not exist at run time.
  return argon2.hash(password, { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 })
}

/** 24 characters that are safe to paste: 144 random bits. */
export function generatePassword(): string {
  return randomBytes(18).toString('base64url')
}
