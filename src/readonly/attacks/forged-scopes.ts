import { randomBytes } from 'node:crypto'
import { type ScopeKey, signScope } from '../../roles/scope-token.js'

/**
 * Scopes for somebody that the database must not believe.
 *
 * @param key If known, an expired one is signed with it, and a good one of the caller is bent.
 */
export function forgedScopes(victim: string, me: string, key: ScopeKey | undefined): string[] {
  const soon = new Date(Date.now() + 3_600_000)
  const own: ScopeKey = { id: key?.id ?? 'k1', secret: randomBytes(32) }
  const forged = signScope(own, victim, soon)
  const [, , , , hash = ''] = forged.split('.')
  const list = [
    victim,
    '',
    'null',
    `v1..${victim}.9999999999.`,
    `v1.${own.id}.${victim}.9999999999.${'0'.repeat(64)}`,
    forged,
    forged.toUpperCase(),
    `${forged}\n`,
    `${forged} `,
    signScope({ id: 'unknown', secret: own.secret }, victim, soon),
    signScope({ id: own.id, secret: new Uint8Array(32) }, victim, soon),
  ]
  if (key === undefined) return list

  const mine = signScope(key, me, soon)
  const [version, id, user, expiry, signature = ''] = mine.split('.')
  return [
    ...list,
    signScope(key, victim, new Date(Date.now() - 1000)),
    [version, id, victim, expiry, signature].join('.'),
    [version, id, user, '9999999999', signature].join('.').replace(me, victim),
    [version, id, `${user}.${victim}`, expiry, signature].join('.'),
    `${mine}.${victim}`,
    `${mine}\n${forged}`,
    [version, id, victim, expiry, signature.slice(0, -2)].join('.'),
    [version, id, victim, expiry, hash, signature].join('.'),
  ]
}
