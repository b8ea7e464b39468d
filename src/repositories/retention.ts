import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { z } from 'zod'
import { UnsupportedError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type PurgeLimits, purgeLimits, type RetentionPolicy, retentionPolicy } from '../schema/retention.js'
import { transaction } from '../transaction.js'
import { countOld, deletion, type PurgedBatch, type Target, targets } from './purge-batch.js'

export type { PurgeLimits, RetentionPolicy } from '../schema/retention.js'

export interface PurgeOptions extends PurgeLimits {
  /** Counts, and deletes nothing. */
  readonly dryRun?: boolean | undefined
  /** Stops after the batch that is under way, without a pause; the report says what was done. */
  readonly signal?: AbortSignal | undefined
  readonly onBatch?: ((table: keyof RetentionPolicy, deleted: number) => void) | undefined
}

export interface PurgedTable {
  readonly table: keyof RetentionPolicy
  /** Rows that were deleted; of a dry run, rows that would be. */
  readonly rows: number
  readonly batches: number
}

export interface PurgeReport {
  readonly dryRun: boolean
  /** False when `signal` stopped it. */
  readonly complete: boolean
  readonly tables: readonly PurgedTable[]
}

/**
 * Deletes what is older than the policy says, oldest first, in transactions of `batchSize` rows with a pause between them.
 * Rows that somebody has locked are passed over, so nobody waits for it and it waits for nobody; the next run takes them.
 * Stopped or killed, what is deleted is deleted, and another run goes on. None of the tables is audited, so the audit log
 * neither grows nor loses anything by it.
 *
 * Walks `chat_logs_created_at_idx`, `agent_queries_created_at_idx`, `decision_traces_created_at_idx`, `auth_sessions_ends_at_idx` and
 * `auth_attempts_updated_at_idx`.
 *
 * @throws {InvalidInputError} The policy or an option is wrong.
 * @throws {UnsupportedError} `db` is a transaction: it commits batch by batch.
 */
export async function purge(db: Db, policy: RetentionPolicy, options: PurgeOptions = {}): Promise<PurgeReport> {
  const { dryRun = false, signal, onBatch, ...rest } = options
  const days = parseInput(retentionPolicy, policy, 'The policy')
  const limits = parseInput(purgeLimits, rest, 'The options')
  if (db.isTransaction)
    throw new UnsupportedError('A purge commits batch by batch: pass the database, not a transaction.')

  const tables: PurgedTable[] = []
  for (const target of targets) {
    const kept = days[target.table]
    if (kept === undefined) continue
    const { rows } = await sql<{
      before: string
    }>`select (now() - make_interval(days => ${kept}::integer))::text as before`
      .execute(db)
      .catch(translateError)
    const before = rows[0]?.before ?? ''
    if (dryRun) tables.push({ table: target.table, rows: await countOld(db, target, before, limits.holds), batches: 0 })
    else
      tables.push(await purgeTable(db, target, before, limits, signal, (deleted) => onBatch?.(target.table, deleted)))
    if (signal?.aborted) break
  }
  return { dryRun, complete: !signal?.aborted, tables }
}

async function purgeTable(
  db: Db,
  target: Target,
  before: string,
  { batchSize, pauseMs, holds }: Limits,
  signal: AbortSignal | undefined,
  onBatch: (deleted: number) => void,
): Promise<PurgedTable> {
  let [rows, batches] = [0, 0]
  // Each batch begins after the one before, and not at the dead entries of the index that it has left behind.
  let after: string | undefined
  while (!signal?.aborted) {
    const batch = await transaction(
      db,
      async (trx) => {
        await sql`select set_config('lock_timeout', '2s', true)`.execute(trx)
        const result = await deletion(target, before, after, holds, batchSize).execute(trx)
        return result.rows[0] as PurgedBatch
      },
      { isolationLevel: 'read committed' },
    ).catch(translateError)
    if (batch.seen === 0) break
    rows += batch.deleted
    batches += 1
    after = batch.last ?? undefined
    onBatch(batch.deleted)
    if (batch.seen < batchSize) break
    await sleep(pauseMs, undefined, { signal }).catch(() => {}) // The loop sees that it is stopped.
  }
  return { table: target.table, rows, batches }
}

type Limits = z.output<typeof purgeLimits>
