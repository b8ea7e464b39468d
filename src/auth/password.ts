import { randomBytes } from 'node:crypto'
import { InvalidInputError } from '../errors.js'

/** Characters at least: NIST SP 800-63B asks for 8 with a second factor and 15 without; length beats rules about signs. */
export const minPasswordLength = 12
/** UTF-16 units at most, so that nobody sends megabytes to be hashed. NIST SP 800-63B asks for 64 or more. */
export const maxPasswordLength = 1024

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

/** What a new password must be. */
export interface PasswordRules {
  /** Characters at least, 8 or more. Default {@link minPasswordLength}. */
  readonly minLength?: number | undefined
  /** True for a password that leaked, or that the host refuses for another reason: the place to ask a breach list. */
  readonly refuse?: ((password: string) => boolean | Promise<boolean>) | undefined
}

/**
 * Refuses what would be guessed first: short passwords, well-known defaults such as `admin123`, one repeated sign, and
 * what the person is called. `rules.refuse` is not asked: see {@link checkNewPassword}.
 *
 * @param about Email and username of whom it is for.
 * @throws {InvalidInputError} Says what is wrong with it, never what it is.
 */
export function checkPassword(password: string, about: readonly string[] = [], rules: PasswordRules = {}): void {
  const message = weakness(password, about, rules)
  if (message !== undefined) throw new InvalidInputError('The password', [{ path: '', message }])
}

/** {@link checkPassword} of the field `path` of what was given, then `rules.refuse`. @throws {InvalidInputError} As there. */
export async function checkNewPassword(
  { what, path, password }: { readonly what: string; readonly path: string; readonly password: string },
  about: readonly string[],
  rules: PasswordRules = {},
): Promise<void> {
  const known = 'it is known to others: choose another'
  const message = weakness(password, about, rules) ?? ((await rules.refuse?.(password)) === true ? known : undefined)
  if (message !== undefined) throw new InvalidInputError(what, [{ path, message }])
}

function weakness(
  password: string,
  about: readonly string[],
  { minLength = minPasswordLength }: PasswordRules,
): string | undefined {
  if (!(minLength >= 8))
    throw new InvalidInputError('The option', [{ path: 'minLength', message: 'must be 8 or more' }])
  const bare = password.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  const word = bare.replace(/^\d+|\d+$/g, '')
  if (wellKnown.has(bare) || wellKnown.has(word)) return 'it is a well-known default'
  if (password.length > maxPasswordLength) return `it may have ${maxPasswordLength} characters at most`
  if ([...password].length < minLength) return `it needs ${minLength} characters or more`
  if (new Set(password).size < 5) return 'it repeats too few different characters'
  if (!password.isWellFormed()) return 'it is not well-formed Unicode'
  if (about.some((name) => namesOf(name).includes(bare))) return 'it is the name or email it is for'
  return undefined
}

function namesOf(name: string): string[] {
  return [name, name.split('@')[0] ?? name]
    .map((text) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
    .filter((text) => text !== '') // a password without a Latin letter is not the name of someone without one
}

/** 24 characters that are safe to paste: 144 random bits. */
export function generatePassword(): string {
  return randomBytes(18).toString('base64url')
}
