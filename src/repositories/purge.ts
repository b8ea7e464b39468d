import { setTimeout as sleep } from 'node:timers/promises'
import { type RawBuilder, sql } from 'kysely'
import type { z } from 'zod'
import { UnsupportedError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type PurgeLimits, purgeLimits, type RetentionPolicy, retentionPolicy } from '../schema/retention.js'
import { transaction } from '../transaction.js'

export type { PurgeLimits, RetentionPolicy } from '../schema/retention.js'

export interface PurgeOptions extends PurgeLimits {
  /** Counts, and deletes nothing. */
  readonly dryRun?: boolean | undefined
  /** Stops after the batch that is under way; the report says what was done. */
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

export interface Target {
  readonly table: keyof RetentionPolicy
  /** What its age goes by. With `key` the order of an index, oldest first. */
  readonly age: string
  readonly key: readonly string[]
  /** What else has to hold of the row `o` that is to go. */
  readonly only?: RawBuilder<unknown>
}

const authSessions = sql.table('finance.auth_sessions')

export const targets: readonly Target[] = [
  { table: 'chat_logs', age: 'created_at', key: ['user_id', 'id'] },
  { table: 'decision_traces', age: 'created_at', key: ['user_id', 'id'] },
  {
    table: 'auth_sessions',
    age: 'ends_at',
    key: ['user_id', 'id'],
    // One that another row, which stays for now, names as its successor. Ids rise along a chain, so there is none as a rule.
    only: sql`not exists (
      select from ${authSessions} p where p.user_id = o.user_id and p.replaced_by = o.id
        and not exists (select from batch b where b.user_id = p.user_id and b.id = p.id)
    )`,
  },
  // Its users are part of no reference and need no part of the key: the ids of queries are unique over everybody.
  { table: 'agent_queries', age: 'created_at', key: ['id'] },
  { table: 'auth_attempts', age: 'updated_at', key: ['key_hash'], only: sql`coalesce(o.blocked_until < now(), true)` },
]

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
    if (dryRun) tables.push({ table: target.table, rows: await count(db, target, before, limits.holds), batches: 0 })
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
        return result.rows[0] as Batch
      },
      { isolationLevel: 'read committed' },
    ).catch(translateError)
    if (batch.seen === 0) break
    rows += batch.deleted
    batches += 1
    after = batch.last ?? undefined
    onBatch(batch.deleted)
    if (batch.seen < batchSize) break
    await sleep(pauseMs)
  }
  return { table: target.table, rows, batches }
}

type Limits = z.output<typeof purgeLimits>

interface Batch {
  seen: number
  deleted: number
  last: string | null
}

function parts({ table, age, key }: Target) {
  return {
    table: sql.table(`finance.${table}`),
    age: sql.ref(`o.${age}`),
    order: sql.join([age, ...key].map((column) => sql.ref(`o.${column}`))),
    isUsers: table !== 'auth_attempts',
  }
}

function old(target: Target, before: string, holds: readonly string[]) {
  const { age, isUsers } = parts(target)
  const held = isUsers && holds.length > 0 ? sql` and o.user_id <> all (${holds}::uuid[])` : sql``
  return sql`${age} < ${before}::timestamptz${held}`
}

/** The statement of a batch: exported for the test of its plan. */
export function deletion(
  target: Target,
  before: string,
  after: string | undefined,
  holds: readonly string[],
  batchSize: number,
): RawBuilder<Batch> {
  const { table, order } = parts(target)
  const types = target.key.map((column) => (column === 'key_hash' ? 'text' : 'uuid'))
  const last = after === undefined ? undefined : (JSON.parse(after) as string[])
  const values = last?.map((value, index) => sql`${value}::${sql.raw(['timestamptz', ...types][index] ?? 'text')}`)
  const from = values === undefined ? sql`` : sql` and (${order}) > (${sql.join(values)})`
  return sql<Batch>`with batch as materialized (
      select ${order}, o.ctid as place from ${table} o where ${old(target, before, holds)}${from}
      order by ${order} limit ${batchSize} for update skip locked
    ), gone as (
      delete from ${table} o where o.ctid = any (array(select place from batch)) -- locked, so they stay there
        and ${target.only ?? sql`true`}
      returning 1
    )
    select (select count(*)::integer from batch) as seen, (select count(*)::integer from gone) as deleted,
      (select json_build_array(${order})::text from batch o order by ${descending(target)} limit 1) as last`
}

function descending({ age, key }: Target) {
  return sql.join([age, ...key].map((column) => sql`${sql.ref(`o.${column}`)} desc`))
}

async function count(db: Db, target: Target, before: string, holds: readonly string[]): Promise<number> {
  const { table } = parts(target)
  const blocked = target.table === 'auth_attempts' ? sql` and ${target.only}` : sql``
  const { rows } = await sql<{ rows: number }>`select count(*)::integer as rows from ${table} o
    where ${old(target, before, holds)}${blocked}`
    .execute(db)
    .catch(translateError)
  return rows[0]?.rows ?? 0
}
