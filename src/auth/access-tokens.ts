import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto'
import { z } from 'zod'
import { InvalidInputError, InvalidTokenError, RoleRequiredError } from '../errors.js'
import { type Role, roles } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import { uuid } from '../schema/values.js'
import { loadJose } from './peers.js'
import type { Identity } from './sessions.js'

/**
 * A key for access tokens, from `node:crypto`. Its type decides the algorithm: an Ed25519 key signs and verifies `EdDSA`
 * (its public half verifies only), a secret key of 32 bytes or more `HS256`. There are no others.
 */
export interface TokenKey {
  /** `kid` in the header of the tokens. Never reuse one. */
  readonly id: string
  readonly key: KeyObject
}

export interface TokenOptions {
  /** Who issues the tokens, and for whom: both must match when a token is read. */
  readonly issuer: string
  readonly audience: string
  /**
   * Asked for every token, so that keys can be rotated while the process runs: the first that can sign does, all verify.
   * Put a new key last everywhere, then first everywhere, and drop the old one a `ttlMs` later.
   */
  readonly keys: () => readonly TokenKey[] | Promise<readonly TokenKey[]>
  /** Default 10 minutes, at most an hour: until then nothing takes a token back. */
  readonly ttlMs?: number | undefined
  /** How far clocks may differ. Default 5 s. */
  readonly clockToleranceMs?: number | undefined
}

export interface Tokens {
  /** An access token for who has just logged in or refreshed. */
  issue(identity: Identity): Promise<string>
  /**
   * Who asks. Nothing is read from the database: see {@link confirmSession} for what must not wait for expiry.
   *
   * @throws {InvalidTokenError} `expired`: refresh. `malformed`: signed by nobody here, for something else, or not a token.
   */
  authenticate(token: string): Promise<Identity>
  /** The public keys (RFC 7517), for other services to verify with. Secret keys are not among them. */
  jwks(): Promise<{ keys: Record<string, unknown>[] }>
}

type Algorithm = 'EdDSA' | 'HS256'

interface ReadyKey {
  readonly id: string
  readonly alg: Algorithm
  readonly sign: KeyObject | undefined
  readonly verify: KeyObject
}

const settings = z.object({
  issuer: z.string().min(1),
  audience: z.string().min(1),
  ttlMs: z.number().min(1000).max(3_600_000).default(600_000),
  clockToleranceMs: z.number().min(0).max(300_000).default(5_000),
})

const identitySchema = z.object({ sub: uuid, role: z.enum(roles), sid: uuid })

/** The `typ` of RFC 9068, so that an id token or another JWT of the same issuer is not taken for an access token. */
const typ = 'at+jwt'

/**
 * Access tokens: JWTs that carry who asks (`sub`), the role and the session (`sid`), for a few minutes.
 *
 * Each call throws {@link UnsupportedError} where `jose` is not installed, and {@link InvalidInputError} when `keys` gives
 * none that can do it, or a key that is too weak or of another kind.
 */
export function createTokens(options: TokenOptions): Tokens {
  const { keys, ...given } = options
  const { issuer, audience, ttlMs, clockToleranceMs } = parseInput(settings, given, 'The token options')
  const ready = async () => readyKeys(await keys())

  return {
    async issue(identity) {
      const jose = await loadJose()
      const key = (await ready()).find(({ sign }) => sign !== undefined)
      if (key?.sign === undefined) throw keyProblem('', 'none of them can sign')
      const { sub, ...claims } = parseInput(
        identitySchema,
        { sub: identity.userId, role: identity.role, sid: identity.sessionId },
        'The identity',
      )
      const now = Math.floor(Date.now() / 1000)
      return new jose.SignJWT(claims)
        .setProtectedHeader({ alg: key.alg, kid: key.id, typ })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(sub)
        .setJti(randomUUID())
        .setIssuedAt(now)
        .setExpirationTime(now + Math.ceil(ttlMs / 1000))
        .sign(key.sign)
    },

    async authenticate(token) {
      const jose = await loadJose()
      if (typeof token !== 'string' || token.length > 4096) throw new InvalidTokenError('malformed')
      const known = await ready()
      try {
        const { payload } = await jose.jwtVerify(
          token,
          ({ kid, alg }) => {
            // The key says which algorithm, not the token: else a public key would serve as the secret of HS256.
            const key = known.find(({ id }) => id === kid)
            if (key === undefined || key.alg !== alg) throw new InvalidTokenError('malformed')
            return key.verify
          },
          {
            issuer,
            audience,
            typ,
            algorithms: ['EdDSA', 'HS256'],
            clockTolerance: clockToleranceMs / 1000,
            requiredClaims: ['exp', 'iat', 'sub'],
          },
        )
        const { sub, role, sid } = identitySchema.parse(payload)
        return { userId: sub, role, sessionId: sid }
      } catch (cause) {
        if (cause instanceof jose.errors.JWTExpired) throw new InvalidTokenError('expired', { cause })
        if (cause instanceof jose.errors.JOSEError || cause instanceof z.ZodError) {
          throw new InvalidTokenError('malformed', { cause })
        }
        throw cause
      }
    },

    async jwks() {
      const jose = await loadJose()
      const open = (await ready()).filter(({ alg }) => alg === 'EdDSA')
      return {
        keys: await Promise.all(
          open.map(async ({ id, alg, verify }) => ({ ...(await jose.exportJWK(verify)), kid: id, alg, use: 'sig' })),
        ),
      }
    },
  }
}

/** Lets who has one of these roles pass. There is no order among roles: name every one that may. @throws {RoleRequiredError} */
export function requireRole({ role }: { readonly role: Role }, ...allowed: readonly [Role, ...Role[]]): void {
  if (!allowed.includes(role)) throw new RoleRequiredError(allowed)
}

/** The same object for the same key, because jose keeps what it made of it. */
const publicHalves = new WeakMap<KeyObject, KeyObject>()

function readyKeys(keys: readonly TokenKey[]): ReadyKey[] {
  if (keys.length === 0) throw keyProblem('', 'there are none')
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw keyProblem('', 'two have the same id')
  return keys.map(({ id, key }) => {
    if (id === '') throw keyProblem('', 'each needs an id')
    if (key.type === 'secret') {
      if ((key.symmetricKeySize ?? 0) < 32) throw keyProblem(id, 'HS256 needs 32 bytes or more (RFC 7518)')
      return { id, alg: 'HS256', sign: key, verify: key }
    }
    if (key.asymmetricKeyType !== 'ed25519') throw keyProblem(id, 'only Ed25519 keys and secret keys are taken')
    if (key.type === 'public') return { id, alg: 'EdDSA', sign: undefined, verify: key }
    const verify = publicHalves.get(key) ?? createPublicKey(key)
    publicHalves.set(key, verify)
    return { id, alg: 'EdDSA', sign: key, verify }
  })
}

function keyProblem(path: string, message: string): InvalidInputError {
  return new InvalidInputError('The list of keys', [{ path, message }])
}
