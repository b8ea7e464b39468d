import { type Kysely, type QueryExecutorProvider, sql } from 'kysely'
import { withDeadline } from '../connection/deadline.js'
import { type PoolStats, poolStats } from '../connection/postgres.js'

export interface ReplicaHealth {
  readonly name: string
  /** `lagging`: beyond `maxLagMs`. `promoted`: it is no standby (any more), so nothing is read there. */
  readonly status: 'ok' | 'lagging' | 'down' | 'promoted'
  /** At most so far behind the primary, in milliseconds; null when that cannot be told. */
  readonly lagMs: number | null
  /** WAL that the primary had written and the replica not replayed; null when either did not answer. */
  readonly lagBytes: number | null
  readonly latencyMs: number | null
  /** Null for PGlite and for a host's own Kysely. */
  readonly pool: PoolStats | null
}

/** A place in the WAL, as a count of bytes. */
export type Position = bigint

export function parsePosition(lsn: string): Position {
  const [high = '', low = ''] = lsn.split('/')
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** What a replica said last. */
export interface ReplicaState {
  readonly name: string
  readonly db: Kysely<unknown>
  answer: 'standby' | 'promoted' | 'down'
  replayed: Position
  latencyMs: number | null
}

export async function askReplica(state: ReplicaState, timeoutMs: number): Promise<void> {
  const before = performance.now()
  try {
    const { rows } = await withDeadline(timeoutMs, () =>
      sql<{ lsn: string | null }>`
        select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()::text end as lsn
      `.execute(state.db),
    )
    const lsn = rows[0]?.lsn ?? null
    state.answer = lsn === null ? 'promoted' : 'standby'
    if (lsn !== null) state.replayed = parsePosition(lsn)
    state.latencyMs = performance.now() - before
  } catch {
    state.answer = 'down'
    state.latencyMs = null
  }
}

/**
 * The end of the last record that was inserted. The server counts the header of the page for the next record in, which no
 * standby replays before there is one: 24 bytes, or 40 at the start of a segment.
 */
export async function askPrimary(db: QueryExecutorProvider): Promise<string> {
  const { rows } = await sql<{ lsn: string }>`
    select (lsn - case
        when pg_catalog.mod(lsn - '0/0'::pg_catalog.pg_lsn, segment) = 40 then 40::numeric
        when pg_catalog.mod(lsn - '0/0'::pg_catalog.pg_lsn, page) = 24 then 24
        else 0
      end)::text as lsn
    from (select pg_catalog.pg_current_wal_insert_lsn() as lsn,
      pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size'))::numeric as segment,
      pg_catalog.current_setting('wal_block_size')::numeric as page) as place
  `.execute(db)
  return rows[0]?.lsn ?? '0/0'
}

/**
 * Where the primary was at which time. What a replica has replayed, held against it, bounds how old its rows can be, by our own
 * clock alone: a replica that is cut off from the primary cannot tell by itself that it is behind.
 */
export function createTimeline() {
  const samples: { at: number; position: Position }[] = []
  return {
    /** `at`: when the primary was asked, so before its answer. */
    add(at: number, position: Position): void {
      samples.push({ at, position })
      if (samples.length > 1000) samples.shift()
    },
    latest: () => samples.at(-1),
    /** How long ago the replica had certainly all that was there; undefined when it is further behind than we remember. */
    ageOf(replayed: Position, now: number): number | undefined {
      for (let i = samples.length - 1; i >= 0; i--) {
        const sample = samples[i]
        if (sample !== undefined && sample.position <= replayed) return now - sample.at
      }
      return undefined
    },
  }
}

export function healthOf(
  { name, db, answer, replayed, latencyMs }: ReplicaState,
  age: number | undefined,
  primary: Position | undefined,
  maxLagMs: number,
): ReplicaHealth {
  const standby = answer === 'standby'
  return {
    name,
    status: answer === 'standby' ? (age !== undefined && age <= maxLagMs ? 'ok' : 'lagging') : answer,
    lagMs: standby && age !== undefined ? Math.round(age) : null,
    lagBytes: standby && primary !== undefined ? Number(primary > replayed ? primary - replayed : 0n) : null,
    latencyMs: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
    pool: poolStats(db) ?? null,
  }
}
