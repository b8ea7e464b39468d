import { defaultSchema } from '../connection/schema-plugin.js'
import type { Step } from './batch.js'
import type { QueryLimits } from './limits.js'

export interface PreambleOptions {
  readonly schema: string
  readonly limits: Pick<QueryLimits, 'timeoutMs'>
  /** The signed scope. */
  readonly scope: string | undefined
  /** `server_version_num`; 0 before it is known. */
  readonly serverVersion: number
}

/** Opens the transaction. Nothing that a session has set before can make it write. */
export const begin: Step = { text: 'begin isolation level repeatable read, read only', values: [], rows: 0 }

/** Undoes all, locks of the session and prepared statements among it. In one batch, so that no pooler comes in between. */
export const cleanUp: readonly Step[] = [
  { text: 'rollback', values: [], rows: 0 },
  { text: 'discard all', values: [], rows: 0 },
]

/**
 * Scope, limits and whatever decides how text is read and printed, set for this transaction, by parameters that no other
 * session sees. Being a SELECT it takes the snapshot too, after which the transaction cannot be made writable (25001).
 */
export function preamble({ schema, limits, scope, serverVersion }: PreambleOptions): Step {
  const settings: Record<string, string> = {
    // Names of the catalogue first, so that nothing can stand in for them.
    search_path: `pg_catalog, "${schema || defaultSchema}", pg_temp`,
    statement_timeout: String(limits.timeoutMs),
    lock_timeout: String(Math.min(1000, limits.timeoutMs)),
    idle_in_transaction_session_timeout: String(limits.timeoutMs + 5000),
    ...(serverVersion >= 170_000 && { transaction_timeout: String(limits.timeoutMs + 10_000) }),
    // To compile an expression of 40,000 characters takes minutes, and no cancel ends it.
    jit: 'off',
    // Off, it refuses whatever a policy would limit.
    row_security: 'on',
    // The parser guard reads text as these say.
    standard_conforming_strings: 'on',
    array_nulls: 'on',
    transform_null_equals: 'off',
    client_min_messages: 'error',
    TimeZone: 'UTC',
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    bytea_output: 'hex',
    extra_float_digits: '1',
    quote_all_identifiers: 'off',
    'finance_db.scope': scope ?? '',
  }
  const calls = Object.keys(settings).map((name, i) => `pg_catalog.set_config('${name}', $${i + 1}, true)`)
  return { text: `select ${calls.join(', ')}`, values: Object.values(settings), rows: 0 }
}
