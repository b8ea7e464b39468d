import { translateError } from '../postgres-errors.js'
import { askPrimary } from '../replicas/state.js'
import type { Db } from '../schema/database.js'
import type { Step, StepResult } from './batch.js'
import type { Freshness } from './executor.js'

/**
 * Where the log of the primary stands, such as `'0/3000148'`: whatever the handle has committed so far is before it. Give it
 * to a read on a standby as `after`, and the read waits until the standby has come as far.
 *
 * @param db - A handle on the primary.
 */
export function currentLsn(db: Db): Promise<string> {
  return askPrimary(db).catch(translateError)
}

/** Asks a standby how far it is. A primary is never behind. */
export function freshnessStep({ after }: Freshness): Step {
  return {
    text: `select pg_catalog.pg_is_in_recovery() as standby,
  coalesce(pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_catalog.pg_lsn, $1 is null) as reached,
  extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000 as behind_ms`,
    values: [after ?? null],
    rows: 0,
  }
}

export function isFresh({ maxStalenessMs }: Freshness, result: StepResult | undefined): boolean {
  const [standby, reached, behindMs] = result?.rows[0] ?? []
  if (standby === 'f') return true
  if (reached !== 't') return false
  return maxStalenessMs === undefined || (behindMs != null && Number(behindMs) <= maxStalenessMs)
}
