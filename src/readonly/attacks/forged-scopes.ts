import { randomBytes } from 'node:crypto'
import { type ScopeKey, signScope } from '../../roles/scope-token.js'

/**
 * Scopes for somebody that the database must not believe.
 *
 * @param key If known, an expired one and one for members are signed with it, and a good one of the caller is bent.
 */
export function forgedScopes(victim: string, me: string, key: ScopeKey | undefined): string[] {
  const soon = new Date(Date.now() + 3_600_000)
  const own: ScopeKey = { id: key?.id ?? 'k1', secret: randomBytes(32) }
  const forged = signScope(own, 'agent', victim, soon)
  const [, , , , , hash = ''] = forged.split('.')
  const list = [
    victim,
    '',
    'null',
    `v1..${victim}.9999999999.`,
    `v1.${own.id}.${victim}.9999999999.${'0'.repeat(64)}`,
    `v1.${own.id}.agent.${victim}.9999999999.${'0'.repeat(64)}`,
    forged,
    forged.toUpperCase(),
    `${forged}\n`,
    `${forged} `,
    signScope({ id: 'unknown', secret: own.secret }, 'agent', victim, soon),
    signScope({ id: own.id, secret: new Uint8Array(32) }, 'agent', victim, soon),
  ]
  if (key === undefined) return list

  const mine = signScope(key, 'agent', me, soon)
  const [version, id, kind, user, expiry, signature = ''] = mine.split('.')
  return [
    ...list,
    signScope(key, 'member', victim, soon),
    signScope(key, 'agent', victim, new Date(Date.now() - 1000)),
    [version, id, kind, victim, expiry, signature].join('.'),
    [version, id, kind, user, '9999999999', signature].join('.').replace(me, victim),
    [version, id, kind, `${user}.${victim}`, expiry, signature].join('.'),
    [version, id, 'member', user, expiry, signature].join('.'),
    `${mine}.${victim}`,
    `${mine}\n${forged}`,
    [version, id, kind, victim, expiry, signature.slice(0, -2)].join('.'),
    [version, id, kind, victim, expiry, hash, signature].join('.'),
  ]
}
