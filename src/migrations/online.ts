import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import { isBehindPooler } from '../connection/postgres.js'
import { TimeoutError } from '../errors.js'
import { identifier, literal } from '../quoting.js'
import { explain, isBlocked } from './failures.js'
import type { Handle } from './handle.js'
import { claimHistory, deleteHistory, finishHistory, historyTable } from './history.js'
import { type OnlineIndex, parseIndex } from './online-index.js'
import { ATTEMPTS, type LockOptions } from './session.js'
import { type SqlStep, statementsOf } from './steps.js'

/**
 * Indexes of large tables, built while others read and write. That cannot be in a transaction, so nobody can hold the
 * migration lock, whose waiters would wait for the build and it for them. Instead the history has a row that says who
 * began and when, taken under the lock, and the build itself shows in `pg_locks`: it needs no session, so PgBouncer in
 * transaction mode and a pool of one are enough, and one that was killed is seen to be dead.
 */

/** Tables below this are indexed in the transaction, which is quicker than to look at every row twice. */
const LARGE_BYTES = 8 * 1024 * 1024
/** Between taking it on and the lock of the build. */
const GRACE_SECONDS = 5

export type OnlineVerdict =
  /** The tables are small and nothing is there yet: as any other migration. */
  | { readonly kind: 'plain' }
  | { readonly kind: 'wait' }
  /** It is ours to build: the history says so. */
  | { readonly kind: 'build'; readonly statements: readonly string[] }
  /** All indexes are there, and the history says that it is applied. */
  | { readonly kind: 'finished' /** Nobody had begun: someone made them by hand. */; readonly wasThere: boolean }

interface Found {
  claimed: number | null
  indexes: readonly {
    position: number
    large: boolean
    exists: boolean
    valid: boolean
    busy: boolean
    /** Something else has the name. */
    taken: boolean
  }[]
}

/** What is to be done about an online migration that is not applied. In a transaction that holds the migration lock. */
export async function decide(trx: Transaction<unknown>, schema: string, step: SqlStep): Promise<OnlineVerdict> {
  const indexes = indexesOf(step, schema)
  const { rows } = await sql<{ found: string }>`select json_build_object(
  'claimed', (
    select extract(epoch from clock_timestamp() - started_at) from ${sql.raw(historyTable(schema))}
    where name = ${step.name} and applied_at is null
  ),
  'indexes', (
    select json_agg(json_build_object(
      'position', w.position, 'large', coalesce(pg_relation_size(t.oid) >= ${LARGE_BYTES}, false),
      'exists', i.indexrelid is not null, 'taken', c.oid is not null and i.indexrelid is null, 'valid', coalesce(i.indisvalid and i.indisready, false),
      'busy', exists (
        select from pg_locks l where l.locktype = 'relation' and l.relation = t.oid
          and l.database = (select oid from pg_database where datname = current_database())
          and l.mode = 'ShareUpdateExclusiveLock' -- had, or waited for
      )
    ))
    from unnest(${indexes.map(({ name }) => name)}::text[], ${indexes.map(({ table }) => table)}::text[])
      with ordinality w (name, tbl, position)
    left join pg_class t on t.oid = to_regclass(w.tbl)
    left join pg_class c on c.relname = w.name and c.relnamespace = t.relnamespace
    left join pg_index i on i.indexrelid = c.oid and i.indrelid = t.oid
  )
)::text as found`.execute(trx)
  const { claimed, indexes: found } = JSON.parse(rows[0]?.found ?? '{}') as Found

  if (claimed === null && !found.some(({ large, exists }) => large || exists)) return { kind: 'plain' }
  if (found.some(({ taken }) => taken)) return { kind: 'plain' } // which fails, and says so
  if (found.every(({ valid }) => valid)) {
    await sql.raw(finishHistory(schema, step)).execute(trx)
    return { kind: 'finished', wasThere: claimed === null }
  }
  if (claimed !== null && (claimed < GRACE_SECONDS || found.some(({ busy }) => busy))) return { kind: 'wait' }

  await sql.raw(claimHistory(schema, step)).execute(trx)
  const statements = found
    .filter(({ valid }) => !valid)
    .flatMap(({ position, exists }) => {
      const { create, drop } = indexes[position - 1] as OnlineIndex
      return exists ? [drop, create] : [create] // what is there and not valid is what a build left that died
    })
  return { kind: 'build', statements }
}

/** Builds what {@link decide} said. A build that fails for good leaves neither an index nor its row of the history. */
export async function build(
  { raw, schema }: Handle,
  step: SqlStep,
  statements: readonly string[],
  { onProgress }: LockOptions,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const progress = { at: 'statements', migration: step.name } as const
    try {
      return await withoutLimits(raw, async (connection) => {
        for (const statement of statements) await sql.raw(statement).execute(connection)
      })
    } catch (error) {
      if (isBlocked(error) && attempt < ATTEMPTS) {
        onProgress({ type: 'retrying', name: step.name, attempt, delayMs: 1000 })
        await sleep(1000)
        // What is whole stays; what was broken off is in the way of another attempt.
        await dropInvalid(raw, schema, step).catch(() => undefined)
        continue
      }
      // Where the connection is gone this fails too, and whoever comes next clears up.
      await clearUp(raw, schema, step).catch(() => undefined)
      throw explain(error, schema, progress)
    }
  }
}

/** Between two looks at what another process builds. `since` is when we first had to wait for it. */
export async function pause(since: number, { waitMs }: LockOptions, step: SqlStep, schema: string) {
  const waited = performance.now() - since
  if (waited > waitMs) {
    throw new TimeoutError(
      'lock',
      `Another process is building the indexes of ${step.name} in schema "${schema}", and waiting for it took too long.`,
    )
  }
  await sleep(Math.min(250 + waited / 10, 2000))
}

/** What would end a long build, or its wait for those who use the table. */
const limits = ['statement_timeout', 'lock_timeout', 'transaction_timeout']

/** The script of an online migration, for psql: the builds stand outside of the transaction. */
export function onlineLines(step: SqlStep, schema: string): string[] {
  const lines = indexesOf(step, schema).flatMap(({ name, create, drop }) => [
    `select exists (select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = ${literal(schema)} and c.relname = ${literal(name)} and not i.indisvalid) as finance_db_broken \\gset`,
    '\\if :finance_db_broken',
    `${drop};`,
    '\\endif',
    `${create};`,
  ])
  return [
    forEachSetting(
      limits,
      `set_config('finance_db.' || name, current_setting(name), false), set_config(name, '0', false)`,
    ),
    ...lines,
    forEachSetting(limits, `set_config(name, current_setting('finance_db.' || name), false)`),
  ]
}

/** Of those that this server has. */
export const forEachSetting = (names: readonly string[], call: string) =>
  `do $$ begin perform ${call} from pg_settings where name in (${names.map(literal).join(', ')}); end $$;`

function indexesOf(step: SqlStep, schema: string): OnlineIndex[] {
  return statementsOf(step, 'up', { finance: identifier(schema), vector: '' }).flatMap((text) => parseIndex(text) ?? [])
}

async function dropInvalid(raw: Kysely<unknown>, schema: string, step: SqlStep): Promise<void> {
  for (const { name, drop } of indexesOf(step, schema)) {
    const { rows } = await sql`select from pg_index i join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${schema} and c.relname = ${name} and not i.indisvalid`.execute(raw)
    if (rows.length > 0) await sql.raw(drop).execute(raw)
  }
}

async function clearUp(raw: Kysely<unknown>, schema: string, step: SqlStep): Promise<void> {
  await dropInvalid(raw, schema, step)
  await sql.raw(`${deleteHistory(schema, step.name)} and applied_at is null`).execute(raw)
}

/**
 * Lifts the limits of the session, where there are any, and puts them back. Behind a pooler they stay: lifting them might
 * strike the session of somebody else.
 */
async function withoutLimits(db: Kysely<unknown>, body: (connection: Kysely<unknown>) => Promise<void>): Promise<void> {
  if (await isBehindPooler(db)) return body(db)
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{
      name: string
      value: string
    }>`select name, current_setting(name) as value from pg_settings
where name = any (${limits}::text[]) and setting <> '0'`.execute(connection)
    for (const { name } of rows) await sql`select set_config(${name}, '0', false)`.execute(connection)
    try {
      await body(connection)
    } finally {
      for (const { name, value } of rows) {
        await sql`select set_config(${name}, ${value}, false)`.execute(connection).catch(() => undefined)
      }
    }
  })
}
