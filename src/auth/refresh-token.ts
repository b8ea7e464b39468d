import { createHash, randomBytes } from 'node:crypto'

/** Names the kind of secret, so that scanners of code and logs can find one that leaked. */
const prefix = 'fdr_'
const pattern = /^fdr_[A-Za-z0-9_-]{86}$/

/** Half a key: 256 random bits, of which the database holds only the hash. */
export interface Secret {
  readonly bytes: Buffer
  readonly hash: string
}

export interface RefreshToken {
  readonly userId: string
  /** The row of `auth_sessions`. */
  readonly id: string
  readonly hash: string
}

export function newSecret(): Secret {
  const bytes = randomBytes(32)
  return { bytes, hash: hashOf(bytes) }
}

/** `fdr_` and 64 bytes in base64url: the primary key of the row, user first, then the secret. */
export function formatToken(userId: string, id: string, secret: Secret): string {
  const bytes = Buffer.concat([bytesOf(userId), bytesOf(id), secret.bytes])
  return prefix + bytes.toString('base64url')
}

/** Undefined for what {@link formatToken} cannot have made. */
export function parseToken(token: string): RefreshToken | undefined {
  if (typeof token !== 'string' || !pattern.test(token)) return undefined
  const bytes = Buffer.from(token.slice(prefix.length), 'base64url')
  if (bytes.toString('base64url') !== token.slice(prefix.length)) return undefined
  return { userId: uuidOf(bytes.subarray(0, 16)), id: uuidOf(bytes.subarray(16, 32)), hash: hashOf(bytes.subarray(32)) }
}

/** Plain SHA-256: nobody guesses 256 random bits, so there is nothing to slow down. */
function hashOf(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('hex')
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
