import { type RawBuilder, sql } from 'kysely'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import type { RetentionPolicy } from '../schema/retention.js'

/** A table that is purged, and how to find what is old in it. */
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
    // Not one that a row which stays for now names as its successor, nor what follows it in the chain. Ids rise along a chain, so
    // there is none as a rule.
    only: sql`(o.user_id, o.id) not in (
      with recursive staying as (
        select s.user_id, s.id from batch s where exists (
          select from ${authSessions} p where p.user_id = s.user_id and p.replaced_by = s.id
            and (p.user_id, p.id) not in (select user_id, id from batch) offset 0 -- one by one, so by the index
        )
        union
        select s.user_id, s.id from staying p join batch s on s.user_id = p.user_id
          and s.id = (select replaced_by from ${authSessions} where user_id = p.user_id and id = p.id)
      )
      select user_id, id from staying
    )`,
  },
  // Its users are part of no reference and need no part of the key: the ids of queries are unique over everybody.
  { table: 'agent_queries', age: 'created_at', key: ['id'] },
  { table: 'auth_attempts', age: 'updated_at', key: ['key_hash'], only: sql`coalesce(o.blocked_until < now(), true)` },
]

export interface PurgedBatch {
  /** Rows that were old and that nobody had locked. */
  seen: number
  deleted: number
  /** The key of the last of them, as JSON, to go on after. */
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

/** Deletes a batch, oldest first, after the key that the batch before ended with. */
export function deletion(
  target: Target,
  before: string,
  after: string | undefined,
  holds: readonly string[],
  batchSize: number,
): RawBuilder<PurgedBatch> {
  const { table, order } = parts(target)
  const types = target.key.map((column) => (column === 'key_hash' ? 'text' : 'uuid'))
  const last = after === undefined ? undefined : (JSON.parse(after) as string[])
  const values = last?.map((value, index) => sql`${value}::${sql.raw(['timestamptz', ...types][index] ?? 'text')}`)
  const from = values === undefined ? sql`` : sql` and (${order}) > (${sql.join(values)})`
  return sql<PurgedBatch>`with batch as materialized (
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

/** How many rows a purge would delete. */
export async function countOld(db: Db, target: Target, before: string, holds: readonly string[]): Promise<number> {
  const { table } = parts(target)
  const blocked = target.table === 'auth_attempts' ? sql` and ${target.only}` : sql``
  const { rows } = await sql<{ rows: number }>`select count(*)::float8 as rows from ${table} o
    where ${old(target, before, holds)}${blocked}`
    .execute(db)
    .catch(translateError)
  return rows[0]?.rows ?? 0
}
