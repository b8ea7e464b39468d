import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import { PermissionDeniedError, UnsupportedError } from '../errors.js'
import { identifier } from '../quoting.js'
import type { MigrationProgress } from './events.js'
import { explain, isBlocked, type Progress } from './failures.js'
import { createHistory } from './history.js'
import { lockKey } from './names.js'

/** How many times a transaction that could not get its locks is run. */
export const ATTEMPTS = 5
const FIRST_DELAY_MS = 200

/** What would end a long migration. PostgreSQL 17 brought the last of them. */
export const LIMITS = ['statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout']

export interface LockOptions {
  /** Milliseconds to wait for a lock on a table before letting go and trying again. */
  readonly lockTimeoutMs: number
  /** Milliseconds to wait for another process that is migrating the same schema. */
  readonly waitMs: number
  readonly onProgress: (event: MigrationProgress) => void
}

/**
 * Runs `body` in a transaction of its own that holds the migration lock of the schema, and again if it could not get
 * the locks it needs. The lock lives and ends with the transaction, so that a pool of one, and PgBouncer in transaction
 * mode, are enough.
 *
 * `trx` is for the statements of the engine: it has none of the host's plugins. `hostTrx` is the same transaction with
 * them, for a host's migrations that are code.
 */
export async function underLock<T>(
  db: Kysely<unknown>,
  schema: string,
  options: LockOptions,
  body: (trx: Transaction<unknown>, progress: Progress, hostTrx: Transaction<unknown>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const progress: Progress = { at: 'begin' }
    try {
      return await db
        .transaction()
        // Whatever the default: under repeatable read the history would be as it was before the wait for the lock.
        .setIsolationLevel('read committed')
        .execute(async (hostTrx) => {
          const trx = hostTrx.withoutPlugins()
          await takeLock(trx, schema, options, progress)
          const result = await body(trx, progress, hostTrx)
          progress.at = 'commit'
          return result
        })
    } catch (error) {
      if (!isBlocked(error) || progress.at === 'wait' || attempt === ATTEMPTS) throw explain(error, schema, progress)
      const delayMs = Math.round(FIRST_DELAY_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2))
      options.onProgress({ type: 'retrying', name: progress.migration, attempt, delayMs })
      await sleep(delayMs)
    }
  }
}

/** Takes the migration lock of the schema for the rest of the transaction, and lifts the limits that long DDL would hit. */
export async function takeLock(
  trx: Transaction<unknown>,
  schema: string,
  { lockTimeoutMs, waitMs, onProgress }: LockOptions,
  progress: Progress,
): Promise<void> {
  const key = lockKey(schema)
  const setLockTimeout = (ms: number) => sql`set_config('lock_timeout', ${`${ms}ms`}, true)`
  const { rows } = await sql<{ taken: string }>`select
  pg_try_advisory_xact_lock(${key}::bigint)::text as taken,
  ${setLockTimeout(lockTimeoutMs)} as lock_timeout,
  (select count(set_config(name, '0', true))::text from pg_settings
    where name = any (${LIMITS}::text[])) as limits`.execute(trx)
  if (rows[0]?.taken === 'true') return

  onProgress({ type: 'waiting' })
  await sql`select ${setLockTimeout(waitMs)} as lock_timeout`.execute(trx)
  progress.at = 'wait'
  await sql`select pg_advisory_xact_lock(${key}::bigint)::text as taken`.execute(trx)
  progress.at = 'begin'
  await sql`select ${setLockTimeout(lockTimeoutMs)} as lock_timeout`.execute(trx)
}

/** Why a database is not migrated. ASCII alone: a psql script says it too, in a database that may have no other letters. */
export function wrongEncoding(database: string, encoding: string): string {
  return (
    `Database ${database} has the encoding ${encoding}, which cannot keep every text. ` +
    "Make one that has UTF8: create database ... encoding 'UTF8' template template0"
  )
}

/**
 * Makes the schema and the history table where they are missing. (`create schema if not exists` wants the privilege even
 * when there is nothing to create.)
 *
 * @throws {PermissionDeniedError} Names the grant that the role lacks.
 * @throws {UnsupportedError} The encoding of the database is not UTF8.
 */
export async function ensureHistory(trx: Transaction<unknown>, schema: string): Promise<void> {
  const { rows } = await sql<{ ground: string }>`select json_build_object(
  'schema', n.oid is not null,
  'table', exists (select from pg_class where relnamespace = n.oid and relname = 'migrations'),
  'mayCreateSchema', has_database_privilege(current_database(), 'create'),
  'mayCreateTable', has_schema_privilege(n.oid, 'create') and has_schema_privilege(n.oid, 'usage'),
  'encoding', getdatabaseencoding(),
  'role', current_user,
  'database', current_database()
)::text as ground from (values (1)) as one (x) left join pg_namespace n on n.nspname = ${schema}`.execute(trx)
  const ground = JSON.parse(rows[0]?.ground ?? '{}') as Ground

  if (ground.encoding !== 'UTF8') throw new UnsupportedError(wrongEncoding(ground.database, ground.encoding))

  if (!ground.schema && !ground.mayCreateSchema) {
    throw new PermissionDeniedError(
      `Role ${ground.role} may not create schema ${schema} in database ${ground.database}. As an administrator run: ` +
        `create schema ${identifier(schema)} authorization ${identifier(ground.role)} ` +
        `(or: grant create on database ${identifier(ground.database)} to ${identifier(ground.role)})`,
    )
  }
  if (ground.schema && !ground.table && !ground.mayCreateTable) {
    throw new PermissionDeniedError(
      `Role ${ground.role} may not create tables in schema ${schema}. As an administrator run: ` +
        `grant usage, create on schema ${identifier(schema)} to ${identifier(ground.role)}`,
    )
  }

  const statements = [
    ...(ground.schema ? [] : [`create schema if not exists ${identifier(schema)}`]),
    ...(ground.table ? [] : createHistory(schema)),
  ]
  for (const statement of statements) await sql.raw(statement).execute(trx)
}

interface Ground {
  schema: boolean
  table: boolean
  mayCreateSchema: boolean
  mayCreateTable: boolean
  encoding: string
  role: string
  database: string
}
