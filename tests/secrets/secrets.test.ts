import { createCipheriv, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSecrets, DecryptionError, InvalidConfigError, type SecretKeys } from '../../src/index.js'

const key = Buffer.alloc(32, 7)
const keys = (over: Partial<SecretKeys> = {}): SecretKeys => ({
  current: 'k1',
  get: (id) => (id === 'k1' ? key : undefined),
  ...over,
})
const field = {
  table: 'finance.cards',
  column: 'token',
  user_id: '01890000-0000-7000-8000-00000000000a',
  id: '01890000-0000-7000-8000-00000000000b',
}

async function reasonOf(decryption: Promise<string>): Promise<DecryptionError['reason']> {
  const error = await decryption.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof DecryptionError)) throw new Error('was decrypted, or failed in another way', { cause: error })
  return error.reason
}

describe('secrets', () => {
  test('come back as they were, and never as the same ciphertext', async () => {
    const secrets = createSecrets(keys())
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        fc.pre(text.isWellFormed())
        const [one, two] = [await secrets.encrypt(text, field), await secrets.encrypt(text, field)]
        expect(one).not.toBe(two)
        expect(one).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]{22,}$/)
        expect(await secrets.decrypt(one, field)).toBe(text)
        expect(await secrets.decrypt(two, field)).toBe(text)
      }),
    )
  })

  test('are AES-256-GCM as documented, which another program can write', async () => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(Buffer.from(JSON.stringify(['finance-db', 'v1', field.table, field.column, field.user_id, field.id])))
    const body = Buffer.concat([cipher.update('tok_1'), cipher.final()])
    const sealed = Buffer.concat([cipher.getAuthTag(), body]).toString('base64url')

    const ciphertext = `v1.k1.${nonce.toString('base64url')}.${sealed}`

    expect(await createSecrets(keys()).decrypt(ciphertext, field)).toBe('tok_1')
  })

  test.for([
    { table: 'finance.users' },
    { column: 'brand' },
    { user_id: field.id },
    { id: field.user_id },
    { user_id: field.id, id: field.user_id },
  ])('cannot be moved to %o', async (other) => {
    const secrets = createSecrets(keys())
    const ciphertext = await secrets.encrypt('tok_1', field)

    expect(await reasonOf(secrets.decrypt(ciphertext, { ...field, ...other }))).toBe('not-authentic')
    const capital = { ...field, user_id: field.user_id.toUpperCase(), id: field.id.toUpperCase() }
    expect(await secrets.decrypt(ciphertext, capital)).toBe('tok_1')
  })

  test('cannot be changed by a single character', async () => {
    const secrets = createSecrets(keys())
    // 22 bytes: the last character of the base64url has bits to spare.
    const ciphertext = await secrets.encrypt('tok_12', field)
    const last = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']

    for (let at = 0; at < ciphertext.length; at++) {
      const others = at === ciphertext.length - 1 ? last : ['A', 'B', 'w', '.', '=', '']
      for (const character of others.filter((other) => other !== ciphertext[at])) {
        const changed = ciphertext.slice(0, at) + character + ciphertext.slice(at + 1)
        expect(await reasonOf(secrets.decrypt(changed, field)), changed).toMatch(/malformed|not-authentic|unknown-key/)
      }
    }
    for (const cut of [1, 4, 10, 21]) {
      expect(await reasonOf(secrets.decrypt(ciphertext.slice(0, -cut), field))).toMatch(/malformed|not-authentic/)
    }
    for (const more of [` ${ciphertext}`, `${ciphertext}\n`]) {
      expect(await reasonOf(secrets.decrypt(more, field))).toBe('malformed')
    }
  })

  test('say when their key is gone, and when it is another one now', async () => {
    const ciphertext = await createSecrets(keys()).encrypt('tok_1', field)

    const without = createSecrets(keys({ get: () => undefined }))
    expect(await reasonOf(without.decrypt(ciphertext, field))).toBe('unknown-key')
    const changed = createSecrets(keys({ get: async () => Buffer.alloc(32, 8) }))
    expect(await reasonOf(changed.decrypt(ciphertext, field))).toBe('not-authentic')
    await expect(without.decrypt(ciphertext, field)).rejects.toMatchObject({ code: 'DECRYPTION_FAILED', keyId: 'k1' })
    expect(await reasonOf(without.decrypt('tok_1', field))).toBe('malformed')
  })

  test('are in no message', async () => {
    const secret = 'tok_very_secret'
    const ciphertext = await createSecrets(keys()).encrypt(secret, field)
    const error = await createSecrets(keys({ get: () => Buffer.alloc(32, 8) }))
      .decrypt(ciphertext, field)
      .catch((thrown: Error) => thrown)

    const printed = JSON.stringify(error) + String(error) + String((error as Error).cause)
    expect(printed).not.toContain(secret)
    expect(printed).not.toContain(ciphertext.slice(30))
    expect(printed).not.toContain(key.toString('base64url'))
  })

  test.for<Partial<SecretKeys>>([
    { get: () => undefined },
    { get: () => Buffer.alloc(16) },
    { get: () => 'x'.repeat(32) as unknown as Buffer },
    { current: '', get: () => key },
    { current: 'a.b', get: () => key },
    { current: 'x'.repeat(65), get: () => key },
  ])('are not written with keys %o', async (over) => {
    await expect(createSecrets(keys(over)).encrypt('tok_1', field)).rejects.toThrow(InvalidConfigError)
    await expect(createSecrets(keys(over)).fingerprint('tok_1', 'test')).rejects.toThrow(InvalidConfigError)
  })

  test('ask for each key once, and pass on what the host throws', async () => {
    const asked: string[] = []
    const get = async (id: string) => {
      asked.push(id)
      return key
    }
    const secrets = createSecrets(keys({ get }))
    const down = new Error('the key service is down')
    const broken = createSecrets(keys({ get: () => Promise.reject(down) }))

    await Promise.all([secrets.encrypt('a', field), secrets.encrypt('b', field), secrets.fingerprint('c', 'test')])

    expect(asked).toEqual(['k1'])
    await expect(broken.encrypt('a', field)).rejects.toBe(down)
  })
})

describe('fingerprints', () => {
  test('are equal for equal texts, by one key and for one purpose only', async () => {
    const fingerprint = (text: string, purpose = 'test', over: Partial<SecretKeys> = {}) =>
      createSecrets(keys(over)).fingerprint(text, purpose)
    const one = await fingerprint('tok_1')

    // Those that are stored are compared with it: another derivation would find none of them.
    expect(one).toBe('v1.k1.au074lqCgOrKvy6RsFicBHcURIMCmshHD3pKeTP0KhE')
    expect(await fingerprint('tok_1')).toBe(one)
    expect(await fingerprint('tok_2')).not.toBe(one)
    expect(await fingerprint('tok_1', 'other')).not.toBe(one)
    const other = await fingerprint('tok_1', 'test', { get: () => Buffer.alloc(32, 8) })
    expect(other.slice(6)).not.toBe(one.slice(6))
  })

  test('stay when the current key moves on', async () => {
    const one = await createSecrets(keys()).fingerprint('tok_1', 'test')
    const moved = keys({ current: 'k2', fingerprint: 'k1', get: (id) => (id === 'k1' ? key : Buffer.alloc(32, 9)) })

    expect(await createSecrets(moved).fingerprint('tok_1', 'test')).toBe(one)
    expect(await createSecrets(moved).encrypt('tok_1', field)).toMatch(/^v1\.k2\./)
  })
})
