import { createHmac } from 'node:crypto'
import { InvalidConfigError, InvalidInputError } from '../errors.js'
import { parseInput } from '../schema/input.js'
import { uuid } from '../schema/values.js'

/** What signs whose rows a session may see. The database holds what verifies it, under the same id. */
export interface ScopeKey {
  readonly id: string
  /** 32 bytes. */
  readonly secret: Uint8Array
}

const keyPattern = /^([A-Za-z0-9_-]{1,40}):([A-Za-z0-9+/]{43}=)$/

/**
 * Reads `id:base64`, 32 bytes in base64, as `FINANCE_SCOPE_KEY` has it.
 *
 * @throws {InvalidConfigError} It has another form; the message does not show it.
 */
export function parseScopeKey(text: string): ScopeKey {
  const [, id, secret] = keyPattern.exec(text.trim()) ?? []
  if (id === undefined || secret === undefined) {
    throw new InvalidConfigError([{ path: 'FINANCE_SCOPE_KEY', message: 'must be an id, ":" and 32 bytes in base64' }])
  }
  return { id, secret: Buffer.from(secret, 'base64') }
}

/** `v1.<key id>.<user id>.<expiry in epoch seconds>.<HMAC-SHA256 in hex of all before>`: that until then, it is this user. */
export function signScope(key: ScopeKey, userId: string, expiresAt: Date): string {
  const seconds = Math.floor(expiresAt.getTime() / 1000)
  if (!Number.isSafeInteger(seconds)) {
    throw new InvalidInputError('The scope', [{ path: 'expiresAt', message: 'must be a valid instant' }])
  }
  const user = parseInput(uuid, userId, 'The user id').toLowerCase()
  const claim = `v1.${key.id}.${user}.${seconds}`
  return `${claim}.${createHmac('sha256', key.secret).update(claim).digest('hex')}`
}
