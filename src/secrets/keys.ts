import { DecryptionError, InvalidConfigError } from '../errors.js'

/** Where the keys come from: a key management service, a mounted file, an environment that the host reads. */
export interface SecretKeys {
  /** Id of the key to encrypt with from now on: 1 to 64 letters, digits, `_` and `-`. It stands in every ciphertext. */
  readonly current: string
  /**
   * Id of the key for fingerprints, `current` when left out. Leave it as it is when `current` moves on: fingerprints by
   * two keys do not compare.
   */
  readonly fingerprint?: string | undefined
  /**
   * The 32 bytes of a key, or undefined where there is none of this id. Asked for once in a call and not remembered: keep it
   * in memory if it is far away. What it throws is thrown on unchanged.
   */
  get(keyId: string): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

const keyIdPattern = /^[A-Za-z0-9_-]{1,64}$/

/** Asks for each key once. */
export function keyRing(keys: SecretKeys) {
  const asked = new Map<string, Promise<Uint8Array | undefined>>()

  async function find(keyId: string): Promise<Uint8Array | undefined> {
    const known = asked.get(keyId)
    if (known !== undefined) return known
    const key = Promise.resolve(keys.get(keyId)).then((bytes) => checked(keyId, bytes))
    asked.set(keyId, key)
    return key
  }

  return {
    /** To write with. @throws {InvalidConfigError} There is no such key. */
    async forWriting(role: 'current' | 'fingerprint') {
      const id = (role === 'fingerprint' ? keys.fingerprint : undefined) ?? keys.current
      if (!keyIdPattern.test(id)) throw wrong(role, 'must be 1 to 64 letters, digits, "_" or "-"')
      const key = await find(id)
      if (key === undefined) throw wrong(role, 'names a key that `get` does not know')
      return { id, key }
    },
    /** To read what was written. @throws {DecryptionError} There is no such key any more. */
    async forReading(keyId: string): Promise<Uint8Array> {
      const key = await find(keyId)
      if (key === undefined) throw new DecryptionError('unknown-key', keyId)
      return key
    },
  }
}

function checked(keyId: string, bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined) return undefined
  if (!(bytes instanceof Uint8Array) || bytes.length !== 32) {
    throw wrong('get', `must give the 32 bytes of a key for AES-256; for ${keyId} it does not`)
  }
  return bytes
}

function wrong(path: string, message: string): InvalidConfigError {
  return new InvalidConfigError([{ path: `keys.${path}`, message }])
}
