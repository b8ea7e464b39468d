import type { PoolStats } from '../connection/postgres.js'
import type { ReplicaHealth } from '../replicas/state.js'

/** `degraded` serves, but someone should look. */
export type HealthStatus = 'ok' | 'degraded' | 'unhealthy'

/**
 * What is wrong, as words that never name a host, a role or a value.
 *
 * - `draining`: `drain` was called.
 * - `pool-exhausted`: no connection was free in time, or callers wait in line.
 * - `timeout`: the database did not answer in time.
 * - `unreachable`, `refused`: no connection; or the server turned it down (its slots are full, the password, it starts up).
 * - `failed`: the database answered with an error.
 * - `read-only`: the server is in recovery: a standby, perhaps after a failover.
 * - `slow`: a round trip took longer than `slowMs`.
 * - `schema-missing`, `migrations-pending`, `migrations-edited`, `too-new`: see {@link MigrationHealth}.
 * - `replica-down`, `replica-lagging`: reads go elsewhere.
 */
export type HealthReason =
  | 'draining'
  | 'pool-exhausted'
  | 'timeout'
  | 'unreachable'
  | 'refused'
  | 'failed'
  | 'read-only'
  | 'slow'
  | 'schema-missing'
  | 'migrations-pending'
  | 'migrations-edited'
  | 'too-new'
  | 'replica-down'
  | 'replica-lagging'

/** What the database has against what this version brings. */
export interface MigrationHealth {
  /**
   * `current`; `pending`: some are to be applied; `missing`: none is applied; `newer`: a later version applied more, which is
   * fine; `too-new`: one of those is breaking; `edited`: an applied one has other statements now; `unknown`: not asked, or the
   * role may not read the history.
   */
  readonly state: 'current' | 'pending' | 'missing' | 'newer' | 'too-new' | 'edited' | 'unknown'
  readonly applied: number
  readonly pending: number
  /** The last one applied. */
  readonly latest: string | null
}

export interface DatabaseHealth {
  readonly reachable: boolean
  /** As the server says it: `18.1`. Null when it was not reached. */
  readonly serverVersion: string | null
  /** Whether the server is in recovery, so that it takes no writes. */
  readonly readOnly: boolean | null
  /** One round trip on a connection that was open. */
  readonly latencyMs: number | null
}

export interface HealthReport {
  readonly status: HealthStatus
  /** Everything that is wrong; empty when `ok`. */
  readonly reasons: readonly HealthReason[]
  /** ISO 8601, UTC. */
  readonly timestamp: string
  /** Of this package. */
  readonly version: string
  /** How long the check took. */
  readonly durationMs: number
  readonly database: DatabaseHealth
  /** Null for PGlite and for a host's own Kysely. */
  readonly pool: PoolStats | null
  readonly migrations: MigrationHealth
  readonly replicas: readonly ReplicaHealth[]
}
