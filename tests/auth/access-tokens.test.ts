import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import * as jose from 'jose'
import { describe, expect, test } from 'vitest'
import {
  createTokens,
  type Identity,
  InvalidTokenError,
  RoleRequiredError,
  requireRole,
  type TokenKey,
  type TokenOptions,
} from '../../src/auth/index.js'
import { InvalidInputError } from '../../src/index.js'

const person: Identity = { userId: randomUUID(), role: 'operator', sessionId: randomUUID() }

const ed25519 = (id: string): TokenKey => ({ id, key: generateKeyPairSync('ed25519').privateKey })
const secret = (id: string, bytes = 32): TokenKey => ({ id, key: createSecretKey(randomBytes(bytes)) })
const publicHalf = ({ id, key }: TokenKey): TokenKey => ({ id, key: createPublicKey(key) })

function tokensOf(keys: TokenKey[], options: Partial<TokenOptions> = {}) {
  return createTokens({ issuer: 'https://bank.example', audience: 'app', keys: () => keys, ...options })
}

const claims = { role: person.role, sid: person.sessionId }

/** A token that is right in everything but what a test changes. */
function signed(
  key: TokenKey,
  { header = {}, payload = {} }: { header?: object; payload?: Record<string, unknown> } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const body = { iss: 'https://bank.example', aud: 'app', sub: person.userId, iat: now, exp: now + 60, ...claims }
  const alg = key.key.type === 'secret' ? 'HS256' : 'EdDSA'
  return new jose.SignJWT({ ...body, ...payload })
    .setProtectedHeader({ alg, kid: key.id, typ: 'at+jwt', ...header })
    .sign(key.key)
}

async function reasonOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => 'done',
    (error: unknown) => (error instanceof InvalidTokenError ? error.reason : error),
  )
}

describe('an access token', () => {
  test.each([
    ['EdDSA', ed25519('one')],
    ['HS256', secret('one')],
  ])('signed with %s says who asks', async (alg, key) => {
    const tokens = tokensOf([key], { ttlMs: 90_000 })

    const token = await tokens.issue(person)

    expect(await tokens.authenticate(token)).toEqual(person)
    expect(jose.decodeProtectedHeader(token)).toEqual({ alg, kid: 'one', typ: 'at+jwt' })
    const { iat = 0, exp = 0, jti, ...rest } = jose.decodeJwt(token)
    expect(rest).toEqual({ iss: 'https://bank.example', aud: 'app', sub: person.userId, ...claims })
    expect(exp - iat).toBe(90)
    expect(jti).not.toBe(jose.decodeJwt(await tokens.issue(person)).jti)
  })

  test('lasts ten minutes unless the host says otherwise, and an hour at most', async () => {
    const { iat = 0, exp = 0 } = jose.decodeJwt(await tokensOf([secret('one')]).issue(person))

    expect(exp - iat).toBe(600)
    expect(() => tokensOf([], { ttlMs: 3_600_001 })).toThrow(InvalidInputError)
    expect(() => tokensOf([], { audience: '' })).toThrow(InvalidInputError)
  })

  test('is taken by who has only the public key, who cannot sign', async () => {
    const key = ed25519('one')
    const reader = tokensOf([publicHalf(key)])

    expect(await reader.authenticate(await tokensOf([key]).issue(person))).toEqual(person)
    await expect(reader.issue(person)).rejects.toThrow(InvalidInputError)
  })

  test('outlives a rotation of keys until the old key is dropped', async () => {
    const [old, next] = [ed25519('2026-01'), ed25519('2026-02')]
    let keys = [old]
    const tokens = createTokens({ issuer: 'i', audience: 'a', keys: async () => keys })
    const before = await tokens.issue(person)

    keys = [old, next]
    expect(jose.decodeProtectedHeader(await tokens.issue(person)).kid).toBe('2026-01')
    keys = [next, publicHalf(old)]
    const after = await tokens.issue(person)
    expect(jose.decodeProtectedHeader(after).kid).toBe('2026-02')
    expect(await tokens.authenticate(before)).toEqual(person)
    keys = [next]

    expect(await reasonOf(tokens.authenticate(before))).toBe('malformed')
    expect(await tokens.authenticate(after)).toEqual(person)
  })

  test('expires, a few seconds of which are forgiven to the clocks', async () => {
    const key = secret('one')
    const now = Math.floor(Date.now() / 1000)
    const ended = (ago: number) => signed(key, { payload: { exp: now - ago } })
    const tokens = tokensOf([key])

    expect(await reasonOf(tokens.authenticate(await ended(2)))).toBe('done')
    expect(await reasonOf(tokens.authenticate(await ended(8)))).toBe('expired')
    expect(await reasonOf(tokensOf([key], { clockToleranceMs: 0 }).authenticate(await ended(2)))).toBe('expired')
    expect(await reasonOf(tokensOf([key], { clockToleranceMs: 60_000 }).authenticate(await ended(8)))).toBe('done')
  })

  test('is refused when anything in it is not as it should be', async () => {
    const key = ed25519('one')
    const tokens = tokensOf([key, secret('other')])
    const good = await signed(key)
    const [header = '', payload = '', signature = ''] = good.split('.')
    const now = Math.floor(Date.now() / 1000)
    expect(await tokens.authenticate(good)).toEqual(person)

    const bad = {
      'another issuer': signed(key, { payload: { iss: 'https://evil.example' } }),
      'another audience': signed(key, { payload: { aud: 'other-app' } }),
      'an unknown role': signed(key, { payload: { role: 'root' } }),
      'no role': signed(key, { payload: { role: undefined } }),
      'no session': signed(key, { payload: { sid: undefined } }),
      'no subject': signed(key, { payload: { sub: undefined } }),
      'a subject that is no id': signed(key, { payload: { sub: 'ada' } }),
      'no expiry': signed(key, { payload: { exp: undefined } }),
      'no time of issue': signed(key, { payload: { iat: undefined } }),
      'not yet': signed(key, { payload: { nbf: now + 60 } }),
      'another type': signed(key, { header: { typ: 'JWT' } }),
      'no type': signed(key, { header: { typ: undefined } }),
      'an unknown key': signed(key, { header: { kid: 'nobody' } }),
      'no key id': signed(key, { header: { kid: undefined } }),
      'the id of another key': signed(key, { header: { kid: 'other' } }),
      'a stranger with the same id': signed(ed25519('one')),
      'another payload': `${header}.${Buffer.from(Buffer.from(payload, 'base64url').toString().replace('operator', 'admin')).toString('base64url')}.${signature}`,
      'no signature': `${header}.${payload}.`,
      'one part': header,
      nothing: '',
      'more than a header holds': signed(key, { payload: { more: 'A'.repeat(4096) } }),
      megabytes: `${good}${'A'.repeat(1_000_000)}`,
    }
    for (const [what, token] of Object.entries(bad)) {
      expect(await reasonOf(tokens.authenticate(await token)), what).toBe('malformed')
    }
    expect(await reasonOf(tokens.authenticate(undefined as unknown as string))).toBe('malformed')
  })

  test('is not taken without a signature, or with the public key as the secret', async () => {
    const key = ed25519('one')
    const tokens = tokensOf([key])
    const [, payload = ''] = (await signed(key)).split('.')
    const encoded = (header: object) => Buffer.from(JSON.stringify(header)).toString('base64url')
    const der = createPublicKey(key.key).export({ type: 'spki', format: 'der' })
    const pem = createPublicKey(key.key).export({ type: 'spki', format: 'pem' })
    const raw = Buffer.from(createPublicKey(key.key).export({ format: 'jwk' }).x ?? '', 'base64url')

    const none = `${encoded({ alg: 'none', kid: 'one', typ: 'at+jwt' })}.${payload}.`
    expect(await reasonOf(tokens.authenticate(none))).toBe('malformed')
    for (const asSecret of [der, pem, raw]) {
      const start = `${encoded({ alg: 'HS256', kid: 'one', typ: 'at+jwt' })}.${payload}`
      const forged = `${start}.${createHmac('sha256', asSecret).update(start).digest('base64url')}`
      expect(await reasonOf(tokens.authenticate(forged))).toBe('malformed')
    }
  })

  test('needs keys that are there, strong and of one of two kinds', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    const lists = [[], [secret('weak', 31)], [{ id: 'rsa', key: rsa }], [secret('a'), secret('a')], [secret('')]]
    for (const keys of lists) {
      await expect(tokensOf(keys).issue(person)).rejects.toThrow(InvalidInputError)
      await expect(tokensOf(keys).authenticate('x')).rejects.toThrow(InvalidInputError)
    }
    const lost = new Error('the vault is sealed')
    const tokens = createTokens({ issuer: 'i', audience: 'a', keys: () => Promise.reject(lost) })
    await expect(tokens.authenticate('x')).rejects.toBe(lost)
  })

  test('is issued to nobody without an id, a role and a session', async () => {
    const tokens = tokensOf([secret('one')])
    for (const identity of [
      { ...person, userId: 'ada' },
      { ...person, role: 'root' },
      { ...person, sessionId: '' },
    ]) {
      await expect(tokens.issue(identity as Identity)).rejects.toThrow(InvalidInputError)
    }
  })

  test('can be verified by other services, with the public keys and no others', async () => {
    const keys = [ed25519('one'), secret('two'), publicHalf(ed25519('three'))]
    const tokens = tokensOf(keys)
    const set = await tokens.jwks()

    expect(set.keys.map(({ kid, kty, use, d, k }) => [kid, kty, use, d, k])).toEqual([
      ['one', 'OKP', 'sig', undefined, undefined],
      ['three', 'OKP', 'sig', undefined, undefined],
    ])
    const remote = jose.createLocalJWKSet(set as jose.JSONWebKeySet)
    const { payload } = await jose.jwtVerify(await tokens.issue(person), remote, { typ: 'at+jwt', audience: 'app' })
    expect(payload.sub).toBe(person.userId)
  })
})

test('requireRole lets pass who has one of the roles, and knows no order among them', () => {
  expect(() => requireRole(person, 'operator')).not.toThrow()
  expect(() => requireRole(person, 'admin', 'operator')).not.toThrow()
  expect(() => requireRole(person, 'admin')).toThrow(RoleRequiredError)
  expect(() => requireRole({ role: 'admin' }, 'operator')).toThrow('operator')
})
