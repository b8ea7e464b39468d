import type { Kysely } from 'kysely'
import { gateOf, poolStats } from '../connection/postgres.js'
import type { StatusOptions } from '../migrations/index.js'
import type { Replicas } from '../replicas/replicas.js'
import { version } from '../version.js'
import { isDraining } from './drain.js'
import { noMigrations, type Probe, probe, rounded, unreached } from './probe.js'
import type { HealthReason, HealthReport, HealthStatus } from './report.js'

export interface HealthOptions {
  /** The whole check takes no longer, whatever hangs. In milliseconds, default 2000. */
  readonly timeoutMs?: number | undefined
  /** A round trip that takes longer is `slow`. In milliseconds, default 500. */
  readonly slowMs?: number | undefined
  /** What `migrations.status` is to know: the host's own migrations, `vector`. False: do not look. Default: ours. */
  readonly migrations?: StatusOptions | false | undefined
  /** Replicas to show. */
  readonly replicas?: Pick<Replicas, 'health'> | undefined
}

const grave: ReadonlySet<HealthReason> = new Set([
  'timeout',
  'unreachable',
  'refused',
  'failed',
  'read-only',
  'schema-missing',
  'too-new',
])

const shut: Probe = { database: unreached, migrations: noMigrations, reason: undefined }

/**
 * How the database behind a handle is, in bounded time and never with an error. Takes one connection and two or three round
 * trips; one that hangs is broken off. No host, role or message of the server is in it.
 */
export async function checkHealth<Tables>(db: Kysely<Tables>, options: HealthOptions = {}): Promise<HealthReport> {
  const { timeoutMs = 2000, slowMs = 500, migrations: look = {}, replicas } = options
  const start = performance.now()
  const closed = gateOf(db)?.closed === true

  const [{ database, migrations, reason }, replicaHealth] = await Promise.all([
    closed ? shut : probe(db as unknown as Kysely<unknown>, timeoutMs, look),
    replicas?.health({ timeoutMs }) ?? [],
  ])

  const pool = poolStats(db) ?? null
  // No connection was had in time: all are lent out, or the server takes none.
  const stuck = reason === 'pool-exhausted'
  const full = pool !== null && pool.inUse >= pool.max
  const { state } = migrations
  const checks: ReadonlyArray<readonly [boolean, HealthReason]> = [
    [isDraining(db), 'draining'],
    [full && (stuck || pool.waiting > 0), 'pool-exhausted'],
    [stuck && !full, 'unreachable'],
    [database.readOnly === true, 'read-only'],
    [(database.latencyMs ?? 0) > slowMs, 'slow'],
    [state === 'missing', 'schema-missing'],
    [state === 'pending', 'migrations-pending'],
    [state === 'edited', 'migrations-edited'],
    [state === 'too-new', 'too-new'],
    [replicaHealth.some(({ status }) => status === 'down' || status === 'promoted'), 'replica-down'],
    [replicaHealth.some(({ status }) => status === 'lagging'), 'replica-lagging'],
  ]
  const told = checks.flatMap(([is, word]) => (is ? [word] : []))
  const reasons = reason === undefined || stuck ? told : [reason, ...told]
  const unhealthy = stuck || closed || reasons.some((word) => grave.has(word))
  const status: HealthStatus = unhealthy ? 'unhealthy' : reasons.length > 0 ? 'degraded' : 'ok'

  return {
    status,
    reasons,
    timestamp: new Date().toISOString(),
    version,
    durationMs: rounded(performance.now() - start),
    database,
    pool,
    migrations,
    replicas: replicaHealth,
  }
}

export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly HealthReason[]
}

/** What does not keep a request from being served. */
const bearable: ReadonlySet<HealthReason> = new Set(['slow', 'migrations-edited', 'replica-down', 'replica-lagging'])

/**
 * Whether requests should be sent here: the primary answers and takes writes, no migration is pending, a connection is free, and
 * nobody called `drain`. Replicas do not matter, since reads fall back to the primary.
 */
export async function readiness<Tables>(
  db: Kysely<Tables>,
  options: Omit<HealthOptions, 'replicas' | 'slowMs'> = {},
): Promise<Readiness> {
  if (isDraining(db)) return { ready: false, reasons: ['draining'] }
  const { reasons, status } = await checkHealth(db, options)
  // A line before the pool is only load, as long as the check itself got through.
  const against = reasons.filter((r) => !bearable.has(r) && (r !== 'pool-exhausted' || status === 'unhealthy'))
  return { ready: against.length === 0, reasons: against }
}

/**
 * That the process runs its event loop. It asks no database on purpose: an orchestrator kills what is not alive, and killing
 * every instance does not bring a database back.
 */
export function liveness(): { readonly alive: true; readonly version: string; readonly uptimeMs: number } {
  return { alive: true, version, uptimeMs: Math.round(process.uptime() * 1000) }
}
