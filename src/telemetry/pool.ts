import type { BatchObservableResult } from '@opentelemetry/api'
import type { Kysely } from 'kysely'
import { poolStats } from '../connection/postgres.js'
import { UnsupportedError } from '../errors.js'
import { version } from '../version.js'
import { loadApi, scope } from './peer.js'

export interface PoolMeterOptions {
  /** `db.client.connection.pool.name`: which pool it is. Default `finance-db`. */
  readonly name?: string | undefined
}

/**
 * Measures a pool whenever metrics are read: `db.client.connection.count` by `db.client.connection.state` (`used`, `idle`),
 * `.max`, `.idle.min` and `.pending_requests`. Gives a function that ends it.
 *
 * @throws {UnsupportedError} `@opentelemetry/api` is not installed, or the handle has no pool of pg.
 */
export async function meterPool<Tables>(
  db: Kysely<Tables>,
  { name = 'finance-db' }: PoolMeterOptions = {},
): Promise<() => void> {
  if (poolStats(db) === undefined) throw new UnsupportedError('Only handles on a pool of pg have connections to count.')
  const { metrics } = await loadApi()
  const meter = metrics.getMeter(scope, version)
  const counter = (metric: string, unit: string, description: string) =>
    meter.createObservableUpDownCounter(`db.client.connection.${metric}`, { unit, description })

  const count = counter('count', '{connection}', 'Connections by state.')
  const max = counter('max', '{connection}', 'The most connections the pool opens.')
  const kept = counter('idle.min', '{connection}', 'Connections that are kept.')
  const pending = counter('pending_requests', '{request}', 'Callers that wait for a connection.')
  const all = [count, max, kept, pending]

  const pool = { 'db.client.connection.pool.name': name }
  const observe = (result: BatchObservableResult) => {
    const stats = poolStats(db)
    if (stats === undefined) return
    result.observe(count, stats.inUse, { ...pool, 'db.client.connection.state': 'used' })
    result.observe(count, stats.idle, { ...pool, 'db.client.connection.state': 'idle' })
    result.observe(max, stats.max, pool)
    result.observe(kept, Math.min(stats.size, stats.max), pool)
    result.observe(pending, stats.waiting, pool)
  }
  meter.addBatchObservableCallback(observe, all)
  return () => meter.removeBatchObservableCallback(observe, all)
}
