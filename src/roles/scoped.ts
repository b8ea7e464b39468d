import { type Kysely, sql, type Transaction } from 'kysely'
import { ScopeError } from '../errors.js'
import { sqlStateOf, translateError } from '../postgres-errors.js'
import type { Db, Trx } from '../schema/database.js'
import { type TransactionOptions, transaction } from '../transaction.js'
import { type ScopeKey, signScope } from './scope-token.js'

export interface ScopedOptions extends TransactionOptions {
  /** Signs the scope: one of the keys that `provisionRoles` was given. */
  readonly key: ScopeKey
  /** Milliseconds that the scope is good for, which is as long as the transaction may take. Default 15 minutes. */
  readonly ttlMs?: number | undefined
}

/**
 * A {@link transaction} that can touch nobody's rows but this user's: the database sees to it, by row-level security and a
 * signed scope that ends with the transaction, whatever the statements in it say. The handle has to be connected as a role of
 * kind `member`; agents read through `createReadOnlyDb`. It takes one more round trip than a transaction.
 *
 * Nested, the scope of the outer call comes back afterwards.
 *
 * @throws {ScopeError} `role`: the database does not limit the role of the connection, so nothing was run. `invalid`: it does
 *   not have the key. `expired`: the transaction took longer than `ttlMs`, or the server's clock is ahead by that much.
 * @throws {InvalidInputError} The user id is not a uuid.
 */
export function scoped<Tables, Result>(
  db: Kysely<Tables>,
  userId: string,
  fn: (trx: Transaction<Tables>) => Promise<Result>,
  options: ScopedOptions,
): Promise<Result>
export function scoped<Result>(
  db: Db,
  userId: string,
  fn: (trx: Trx) => Promise<Result>,
  options: ScopedOptions,
): Promise<Result>
export async function scoped<Tables, Result>(
  db: Kysely<Tables> | Db,
  userId: string,
  fn: (trx: Transaction<Tables> & Trx) => Promise<Result>,
  { key, ttlMs = 15 * 60_000, ...options }: ScopedOptions,
): Promise<Result> {
  const sign = () => signScope(key, 'member', userId, new Date(Date.now() + ttlMs))
  sign() // a wrong user id or key is told before a connection is taken
  const run = async (trx: Transaction<Tables> & Trx) => {
    const before = await swapScope(trx, sign())
    const result = await fn(trx)
    if (before !== '') await restore(trx, before)
    else if (db.isTransaction) await clear(trx)
    return result
  }
  return transaction(db as Db, run as (trx: Trx) => Promise<Result>, options)
}

/** Sets the scope until the transaction ends, and gives the one before: `''` for none. */
async function swapScope(trx: Trx, scope: string): Promise<string> {
  try {
    const { rows } = await sql<{ before: string | null }>`
      with before as materialized (select current_setting('finance_db.scope', true) as scope)
      select before.scope as before, ${sql.table('finance.set_scope')}(${scope}::text) as user_id from before
    `.execute(trx)
    return rows[0]?.before ?? ''
  } catch (cause) {
    if (sqlStateOf(cause) === '42501' && !isOurs(cause)) throw new ScopeError('role', noRole, { cause })
    return translateError(cause)
  }
}

const noRole = 'The rows of this role are not limited to those of one person: connect as a member.'

/** Refused by `set_scope` and not before it. */
function isOurs(error: unknown): boolean {
  return error instanceof Error && 'constraint' in error && String(error.constraint).startsWith('scope_')
}

async function restore(trx: Trx, scope: string): Promise<void> {
  await sql`select ${sql.table('finance.set_scope')}(${scope}::text) as user_id`.execute(trx).catch(translateError)
}

async function clear(trx: Trx): Promise<void> {
  await sql`set local finance_db.scope = ''`.execute(trx).catch(translateError)
}
