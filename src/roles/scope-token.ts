import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { InvalidConfigError } from '../errors.js'
import { parseInput } from '../schema/input.js'
import { uuid } from '../schema/values.js'

/** What scopes are signed with. The host keeps it like a password; the database has it to verify. */
export interface ScopeKey {
  /** 1 to 64 letters, digits, `_` or `-`. Names the key in scopes, so that keys can be changed one after another. */
  readonly id: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

const shape = 'must be `id:secret`, with an id of 1 to 64 letters, digits, "_" or "-" and 32 bytes in base64'

/**
 * Reads `id:base64`, as in the variable `FINANCE_SCOPE_KEY`. Make one with `openssl rand -base64 32`.
 *
 * @throws {InvalidConfigError} Without the text in its message.
 */
export function parseScopeKey(text: string): ScopeKey {
  const [, id, base64 = ''] = /^([A-Za-z0-9_-]{1,64}):([A-Za-z0-9+/_-]{43}=?)$/.exec(text.trim()) ?? []
  const secret = Buffer.from(base64, 'base64')
  if (id === undefined || secret.length !== 32) {
    throw new InvalidConfigError([{ path: 'scope key (variable FINANCE_SCOPE_KEY)', message: shape }])
  }
  return { id, secret }
}

/** The key to sign with of a text that has several after each other, as while keys are changed: the first. */
export function firstScopeKey(text: string): ScopeKey {
  return parseScopeKey(text.split(',', 1)[0] ?? '')
}

/** The kinds of roles whose rows a scope limits. */
export type ScopeKind = 'agent' | 'member'

const scope = z.strictObject({ kind: z.enum(['agent', 'member']), userId: uuid, expiresAt: z.date() })

/**
 * A scope: the permission to touch the rows of one user until then. For `select set_config('finance_db.scope', $1, true)`,
 * as a parameter and never in the text of a statement, which other sessions of the role can see.
 *
 * @param kind Of the roles that it is for: to others it is no scope, so that what leaks from an agent opens nothing that writes.
 * @param expiresAt Rounded down to the second. The server's clock decides.
 * @throws {InvalidInputError} @throws {InvalidConfigError}
 */
export function signScope(key: ScopeKey, kind: ScopeKind, userId: string, expiresAt: Date): string {
  checkScopeKey(key)
  const input = parseInput(scope, { kind, userId, expiresAt }, 'The scope')
  const signed = `v1.${key.id}.${input.kind}.${input.userId.toLowerCase()}.${Math.floor(input.expiresAt.getTime() / 1000)}`
  return `${signed}.${createHmac('sha256', key.secret).update(signed).digest('hex')}`
}

/** @throws {InvalidConfigError} */
export function checkScopeKey({ id, secret }: ScopeKey): void {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(id) && secret instanceof Uint8Array && secret.length === 32) return
  throw new InvalidConfigError([{ path: 'scope key', message: shape }])
}

/** RFC 2104: with these two, HMAC is two calls of a plain hash, which every PostgreSQL has. In hex. */
export function paddedKeys({ secret }: ScopeKey): { inner: string; outer: string } {
  const padded = Buffer.alloc(64)
  padded.set(secret)
  const xor = (pad: number) => Buffer.from(padded.map((byte) => byte ^ pad)).toString('hex')
  return { inner: xor(0x36), outer: xor(0x5c) }
}
