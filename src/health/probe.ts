import { type Kysely, sql } from 'kysely'
import { withDeadline } from '../connection/deadline.js'
import { gateOf } from '../connection/postgres.js'
import { FinanceDbError, TimeoutError } from '../errors.js'
import { type MigrationStatus, type StatusOptions, status } from '../migrations/index.js'
import { sqlStateOf } from '../postgres-errors.js'
import type { DatabaseHealth, HealthReason, MigrationHealth } from './report.js'

export interface Probe {
  readonly database: DatabaseHealth
  readonly migrations: MigrationHealth
  readonly reason: HealthReason | undefined
}

export const noMigrations: MigrationHealth = { state: 'unknown', applied: 0, pending: 0, latest: null }
export const unreached: DatabaseHealth = { reachable: false, serverVersion: null, readOnly: null, latencyMs: null }

/** Asks the database, in bounded time. Never throws for what the database or the network does. */
export async function probe(db: Kysely<unknown>, timeoutMs: number, migrations: StatusOptions | false): Promise<Probe> {
  const seen = { database: unreached, migrations: noMigrations }
  const ask = async () => {
    await db.connection().execute(async (connection) => {
      // The first statement may have had to open the connection; the second tells what a round trip takes.
      const { rows } = await sql<{ version: string; recovery: boolean }>`
        select pg_catalog.current_setting('server_version') as version, pg_catalog.pg_is_in_recovery() as recovery
      `.execute(connection)
      const before = performance.now()
      await sql`select 1`.execute(connection)
      seen.database = {
        reachable: true,
        // Distributions add their own to it: `15.14 (Debian 15.14-0+deb12u1)`.
        serverVersion: rows[0]?.version.split(' ', 1)[0] ?? null,
        readOnly: rows[0]?.recovery ?? null,
        latencyMs: rounded(performance.now() - before),
      }
    })
    if (migrations !== false) seen.migrations = summary(await status(db, migrations))
  }
  try {
    await (gateOf(db) === undefined ? once(db, timeoutMs, ask) : withDeadline(timeoutMs, ask))
    return { ...seen, reason: undefined }
  } catch (error) {
    if (sqlStateOf(error) === '42501') return { ...seen, reason: undefined }
    return { ...seen, reason: reasonOf(error) }
  }
}

const hanging = new WeakSet<object>()

/** Where we cannot break a connection off, the next check must not hang another one beside it. */
async function once(db: Kysely<unknown>, timeoutMs: number, ask: () => Promise<void>): Promise<void> {
  const key = db.getExecutor().adapter
  if (hanging.has(key)) throw new TimeoutError('statement', 'An earlier check of this database still waits.')
  hanging.add(key)
  await withDeadline(timeoutMs, () => ask().finally(() => hanging.delete(key)))
}

function reasonOf(error: unknown): HealthReason {
  if (error instanceof TimeoutError) return error.waitedFor === 'connection' ? 'pool-exhausted' : 'timeout'
  const state = sqlStateOf(error)
  if (state !== undefined && /^(28|3D|53|57P0[35])/.test(state)) return 'refused'
  if (error instanceof FinanceDbError && error.code === 'CONNECTION_FAILED') return 'unreachable'
  return state === undefined || /^(08|57P)/.test(state) ? 'unreachable' : 'failed'
}

function summary(all: readonly MigrationStatus[]): MigrationHealth {
  const of = (state: MigrationStatus['state']) => all.filter((migration) => migration.state === state)
  const applied = all.filter(({ applied_at }) => applied_at !== undefined)
  const pending = of('pending').length
  const newer = of('unknown-newer')
  const latest = applied.reduce<MigrationStatus | undefined>(
    (last, one) => (last?.applied_at !== undefined && (one.applied_at ?? 0) < last.applied_at ? last : one),
    undefined,
  )
  const state = newer.some(({ breaking }) => breaking)
    ? 'too-new'
    : applied.length === 0
      ? 'missing'
      : of('edited').length > 0
        ? 'edited'
        : pending > 0
          ? 'pending'
          : newer.length > 0
            ? 'newer'
            : 'current'
  return { state, applied: applied.length, pending, latest: latest?.name ?? null }
}

export function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}
