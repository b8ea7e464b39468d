import { ConnectionError, FinanceDbError, TimeoutError } from '../errors.js'
import { isBrokenConnection } from '../postgres-errors.js'
import { sqlState } from '../sql-state.js'

const unreachable = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // No socket file: a server that is down.
  'ENOENT',
])

/**
 * Whether the work failed because the database went away for a while, so that the same work may succeed later: a lost or refused
 * connection, a server that starts, stops or has no slot left, a full pool, or one that has become read-only after a failover
 * (`25006`). Conflicts with other transactions are not among it: `transaction` repeats those at once.
 */
export function isTransient(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof ConnectionError) return e.transient
    if (e instanceof TimeoutError) return e.waitedFor === 'connection'
    if (isBrokenConnection(e)) return true
    const state = sqlState(e)
    if (state === '53300' || state === '25006') return true
    if (!(e instanceof FinanceDbError) && 'code' in e && unreachable.has(String(e.code))) return true
  }
  return false
}
