import { type Dialect, type Kysely, PostgresAdapter, PostgresDialect, type PostgresPool } from 'kysely'
import type pg from 'pg'
import type { Db } from '../schema/database.js'
import { connectFailure } from './connect-failure.js'
import { createGate, type Gate } from './gate.js'
import type { HandleSettings, PoolUseSettings, ServerConfig } from './options.js'
import { adaptPool, type PoolAdapterOptions } from './pool.js'
import { createServer, whereOf } from './server.js'

const poolKey = Symbol.for('@org/finance-db/pool')

/** A pool as a handle uses it. */
interface PoolUse {
  readonly pool: pg.Pool
  readonly connect: PostgresPool['connect']
  /** Connections that are meant to be enough: what is open above it is overflow. */
  readonly size: number
  readonly gate: Gate
}

/** Marks a handle as ours, on pg; a transaction of it has the same adapter. */
class PooledAdapter extends PostgresAdapter {
  readonly [poolKey]: PoolUse

  constructor(use: PoolUse) {
    super()
    this[poolKey] = use
  }
}

function dialect(pool: pg.Pool, size: number, options: Omit<PoolAdapterOptions, 'gate'>): Dialect {
  const gate = createGate()
  const adapted = adaptPool(pool, { ...options, gate })
  const inner = new PostgresDialect({ pool: adapted })
  return {
    createAdapter: () => new PooledAdapter({ pool, connect: () => adapted.connect(), size, gate }),
    createDriver: () => inner.createDriver(),
    createIntrospector: (db) => inner.createIntrospector(db),
    createQueryCompiler: () => inner.createQueryCompiler(),
  }
}

/** A dialect over a pool of our own, which is closed with the handle. */
export function serverDialect(config: ServerConfig): Dialect {
  const { pool, where, adapt } = createServer(config)
  const max = config.poolSize + config.maxOverflow
  return dialect(pool, config.poolSize, {
    ...config,
    owned: true,
    adapt,
    failure: (error) =>
      connectFailure(error, {
        where: where(),
        poolFull:
          `All ${max} connections were in use for ${config.acquireTimeoutMs} ms. Look for transactions that stay open; or raise ` +
          'poolSize (DATABASE_POOL_SIZE) or maxOverflow (DATABASE_MAX_OVERFLOW), or wait longer with acquireTimeoutMs ' +
          '(DATABASE_POOL_TIMEOUT).',
        tooSlow:
          `${where()} did not complete a connection within ${config.connectTimeoutMs} ms. Is a firewall in between? ` +
          'Otherwise raise connectTimeoutMs (DATABASE_CONNECT_TIMEOUT).',
      }),
  })
}

/** A dialect over the host's pool, which stays open. */
export function hostPoolDialect(pool: pg.Pool, settings: HandleSettings & PoolUseSettings): Dialect {
  const { max, connectionTimeoutMillis, host, port } = pool.options
  const where = host === undefined ? 'the server of the given pool' : whereOf({ host, port: port ?? 5432 })
  const limit = `${connectionTimeoutMillis} ms`
  return dialect(pool, max, {
    ...settings,
    answerTimeoutMs: 0,
    owned: false,
    adapt: () => false,
    failure: (error) =>
      connectFailure(error, {
        where,
        poolFull: `The given pool gave no connection in ${limit}: raise its \`max\` (${max}) or its \`connectionTimeoutMillis\`.`,
        tooSlow: `${where} did not complete a connection within ${limit}: raise the pool's \`connectionTimeoutMillis\`.`,
      }),
  })
}

type Handle = Db | Pick<Kysely<never>, 'getExecutor'>

function useOf(db: Handle): PoolUse | undefined {
  const adapter = db.getExecutor().adapter
  return poolKey in adapter ? (adapter[poolKey] as PoolUse) : undefined
}

/**
 * Whether a handle runs `COPY` from a {@link CopySource}: one of `createFinanceDb` on a server or a host's pool does, and
 * its transactions. PGlite and a host's own Kysely do not.
 */
export function supportsCopy(db: Handle): boolean {
  return useOf(db) !== undefined
}

/** What goes in and out of a handle; undefined for PGlite and for a host's own Kysely. */
export function gateOf(db: Handle): Gate | undefined {
  return useOf(db)?.gate
}

/**
 * Whether a pooler is between us and the server, so that what is set for a session may come upon another. It greets with a
 * process id of its own making. It takes a connection of its own. False for PGlite, and for a host's own Kysely, whose
 * connections we do not see; true also for a pooler that keeps a session to one client.
 */
export async function isBehindPooler(db: Handle): Promise<boolean> {
  const use = useOf(db)
  if (use === undefined) return false
  const client = await use.connect()
  try {
    const { rows } = await client.query<{ pid: string }>('select pg_catalog.pg_backend_pid()::text as pid', [])
    const greeted: number | null | undefined = client.processID
    return greeted !== null && greeted !== undefined && rows[0]?.pid !== String(greeted)
  } finally {
    client.release()
  }
}

/** How a pool is used at this moment. */
export interface PoolStats {
  /** `poolSize`: connections that are kept. Of a host's pool, its `max`. */
  readonly size: number
  /** The most connections it opens. */
  readonly max: number
  /** Open, or being opened. */
  readonly total: number
  /** Lent out, or being opened for someone. */
  readonly inUse: number
  readonly idle: number
  /** Open above `size`. */
  readonly overflow: number
  /** Queries and transactions that wait for a connection. */
  readonly waiting: number
}

/** Undefined for PGlite and for a host's own Kysely, whose connections we do not see. */
export function poolStats(db: Handle): PoolStats | undefined {
  const use = useOf(db)
  if (use === undefined) return undefined
  const { pool, size } = use
  const { totalCount: total, idleCount: idle, waitingCount: waiting } = pool
  const { max } = pool.options
  return { size, max, total, inUse: total - idle, idle, overflow: Math.max(0, total - size), waiting }
}
