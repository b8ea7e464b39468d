import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** As `password_encryption = 'scram-sha-256'` does it (RFC 5803), so that the password itself never reaches the server or its log. */
export function scramVerifier(password: string, salt: Uint8Array = randomBytes(16), iterations = 4096): string {
  const { stored, server } = keys(password, salt, iterations)
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  return `SCRAM-SHA-256$${iterations}:${base64(salt)}$${base64(stored)}:${base64(server)}`
}

/** Whether a verifier, as `pg_authid` has it, is of this password. */
export function isVerifierOf(verifier: string, password: string): boolean {
  const [, iterations, salt, stored] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier) ?? []
  if (iterations === undefined || salt === undefined || stored === undefined) return false
  const expected = Buffer.from(stored, 'base64')
  const ours = keys(password, Buffer.from(salt, 'base64'), Number(iterations)).stored
  return expected.length === ours.length && timingSafeEqual(expected, ours)
}

function keys(password: string, salt: Uint8Array, iterations: number) {
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256')
  const hmac = (text: string) => createHmac('sha256', salted).update(text).digest()
  return { stored: createHash('sha256').update(hmac('Client Key')).digest(), server: hmac('Server Key') }
}
