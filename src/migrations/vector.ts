import { type Kysely, sql, type Transaction } from 'kysely'
import { PermissionDeniedError, UnsupportedError } from '../errors.js'
import { identifier } from '../quoting.js'
import { sqlState } from '../sql-state.js'
import type { VectorState } from './history.js'
import { DEFAULT_NAMES } from './names.js'

/**
 * What to do about migrations that need pgvector. `auto`: apply them where pgvector is installed or can be created.
 * `require`: fail where it is not. `off`: leave them out.
 */
export type VectorMode = 'auto' | 'require' | 'off'

/** Why the migrations that need pgvector cannot be applied; undefined when they can. */
export function whyNoVector(mode: VectorMode, state: VectorState | undefined): string | undefined {
  if (mode === 'off') return 'pgvector is switched off by the option `vector`'
  if (state === undefined || state.creatable === true) return undefined
  return state.creatable === null
    ? 'the extension pgvector is not available on this server'
    : 'this role may not create the extension pgvector: run `create extension vector` as an administrator'
}

/**
 * The quoted schema of pgvector, which is created if need be: in `public`, where everyone looks for it and where it
 * outlives our schema, since other tables of the database may come to use it. It can be moved by `alter extension`.
 *
 * @returns The reason why not, when the server refuses and `mode` is `auto`.
 */
export async function ensureVector(
  trx: Transaction<unknown>,
  schema: string,
  mode: VectorMode,
  state: VectorState | undefined,
): Promise<{ vector: string } | { refused: string }> {
  if (state === undefined) return { vector: DEFAULT_NAMES.vector }
  if (state.schema !== null) return { vector: identifier(state.schema) }

  const vector = identifier(state.public ? 'public' : schema)
  await sql.raw('savepoint before_vector').execute(trx)
  try {
    await sql.raw(`create extension if not exists vector with schema ${vector}`).execute(trx)
    return { vector }
  } catch (cause) {
    // insufficient_privilege, undefined_file, feature_not_supported, object_not_in_prerequisite_state
    if (!['42501', '58P01', '0A000', '55000'].includes(sqlState(cause) ?? '')) throw cause
    const refused = `the server refused to create the extension pgvector (SQLSTATE ${sqlState(cause)})`
    if (mode === 'require') {
      const Refusal = sqlState(cause) === '42501' ? PermissionDeniedError : UnsupportedError
      throw new Refusal(`Cannot migrate: ${refused}. Run \`create extension vector\` as an administrator.`, { cause })
    }
    await sql.raw('rollback to savepoint before_vector').execute(trx)
    return { refused }
  }
}

/** The quoted schema that pgvector is in, or the usual one. */
export async function vectorSchema(db: Kysely<unknown>): Promise<string> {
  const { rows } = await sql<{ nspname: string }>`select n.nspname from pg_extension e
  join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`.execute(db)
  return rows[0] ? identifier(rows[0].nspname) : DEFAULT_NAMES.vector
}
