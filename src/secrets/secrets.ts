import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { DecryptionError } from '../errors.js'
import { keyRing, type SecretKeys } from './keys.js'

/**
 * Which field of which row a ciphertext belongs to. It is authenticated with it: copied to another row, column or user,
 * a ciphertext cannot be decrypted.
 */
export interface FieldAddress {
  /** As in SQL, such as `finance.cards`, whatever the schema is called. */
  readonly table: string
  readonly column: string
  readonly user_id: string
  /** The id of the row. */
  readonly id: string
}

/** Encrypts single fields of rows. Made by {@link createSecrets}. */
export interface Secrets {
  /**
   * `v1.<key id>.<nonce>.<tag and ciphertext>`, in base64url; 12 bytes of random nonce and 16 of tag. Another text each time.
   *
   * @throws {InvalidConfigError} The current key is missing or not 32 bytes.
   */
  encrypt(text: string, field: FieldAddress): Promise<string>
  /** @throws {DecryptionError} `reason` says whether the key is missing or the ciphertext is not what was written there. */
  decrypt(ciphertext: string, field: FieldAddress): Promise<string>
  /**
   * `v1.<key id>.<HMAC-SHA-256>`: the same for the same text and `purpose`, so that equal texts can be found, and nothing
   * to be guessed by without the key.
   *
   * @throws {InvalidConfigError} The fingerprint key is missing or not 32 bytes.
   */
  fingerprint(text: string, purpose: string): Promise<string>
}

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
const envelope = /^v1\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{22,})$/

/**
 * Field encryption by AES-256-GCM with the host's keys. Of one key take at most 2^32 ciphertexts (NIST SP 800-38D, 8.3),
 * then make another one current. Keys are asked for once, so make this anew for each piece of work.
 */
export function createSecrets(keys: SecretKeys): Secrets {
  const ring = keyRing(keys)
  return {
    async encrypt(text, field) {
      const { id, key } = await ring.forWriting('current')
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes }).setAAD(authenticated(field))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      const sealed = Buffer.concat([cipher.getAuthTag(), body])
      return `v1.${id}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`
    },

    async decrypt(ciphertext, field) {
      const [, keyId = '', nonceText = '', sealedText = ''] = envelope.exec(ciphertext) ?? []
      const sealed = Buffer.from(sealedText, 'base64url')
      // The last character may have bits to spare: only one spelling counts.
      if (keyId === '' || sealed.toString('base64url') !== sealedText) throw new DecryptionError('malformed')
      const key = await ring.forReading(keyId)
      const decipher = createDecipheriv(algorithm, key, Buffer.from(nonceText, 'base64url'), {
        authTagLength: tagBytes,
      })
        .setAAD(authenticated(field))
        .setAuthTag(sealed.subarray(0, tagBytes))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(tagBytes)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new DecryptionError('not-authentic', keyId, { cause })
      }
    },

    async fingerprint(text, purpose) {
      const { id, key } = await ring.forWriting('fingerprint')
      // A key of its own, so that one key of the host may serve both.
      const derived = Buffer.from(hkdfSync('sha256', key, '', `finance-db v1 fingerprint ${purpose}`, 32))
      return `v1.${id}.${createHmac('sha256', derived).update(text, 'utf8').digest('base64url')}`
    },
  }
}

function authenticated({ table, column, user_id, id }: FieldAddress): Buffer {
  return Buffer.from(JSON.stringify(['finance-db', 'v1', table, column, user_id.toLowerCase(), id.toLowerCase()]))
}
