import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { gateOf } from '../connection/postgres.js'

export interface DrainOptions {
  /** How long readiness says no while work is still taken, until no balancer sends any. In milliseconds, default 0. */
  readonly graceMs?: number | undefined
  /** How long to wait then for what runs, in milliseconds, default 10 s. What runs on is broken off. */
  readonly timeoutMs?: number | undefined
}

export interface Drained {
  /** Queries and transactions that were broken off because they took too long; those of PGlite and of a host's Kysely are not seen. */
  readonly cut: number
}

const draining = new WeakMap<object, Promise<Drained>>()

export function isDraining<Tables>(db: Kysely<Tables>): boolean {
  return draining.has(db.getExecutor().adapter)
}

/**
 * Ends a handle in order, for `SIGTERM`: readiness says no at once; after `graceMs` new work gets a {@link ConnectionError} (not
 * `transient`); what runs, and what waits for a connection, is waited for; then the handle is closed as by `destroy`. A second
 * call gives the outcome of the first. Transactions go on to their commit, but what they would run beside themselves is refused.
 * Of a host's own Kysely nothing is refused and nothing is closed.
 */
export function drain<Tables>(db: Kysely<Tables>, options: DrainOptions = {}): Promise<Drained> {
  const key = db.getExecutor().adapter
  const earlier = draining.get(key)
  if (earlier !== undefined) return earlier
  const outcome = run(db, options)
  draining.set(key, outcome)
  return outcome
}

async function run<Tables>(db: Kysely<Tables>, { graceMs = 0, timeoutMs = 10_000 }: DrainOptions): Promise<Drained> {
  if (graceMs > 0) await sleep(graceMs)
  const gate = gateOf(db)
  gate?.close()
  const cut = gate === undefined || (await gate.emptied(timeoutMs)) ? 0 : gate.cut()
  await db.destroy()
  return { cut }
}
