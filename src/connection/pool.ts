import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import type { FinanceDbError } from '../errors.js'
import { copyFrom, isCopySource } from './copy.js'
import { queryTypes } from './parsers.js'
import { createStatementNames, isStalePlan, noStatementNames, type StatementNames } from './statement-names.js'

export interface PoolAdapterOptions {
  readonly preparedStatements: boolean
  readonly prePing: boolean
  /** No connection is pinged after this, in milliseconds; 0 is never. */
  readonly acquireTimeoutMs: number
  /** Whether `end` closes the pool. */
  readonly owned: boolean
  /** Whether another try at connecting may work, after a change. */
  readonly adapt: (error: unknown) => boolean
  readonly failure: (error: unknown) => FinanceDbError
}

// A connection that worked a moment ago is not asked: the round trip would cost as much as a point read.
const freshMs = 50
const pingLimitMs = 2000
// plain → TLS → plain again, or one change of each kind.
const maxTries = 3

/**
 * A pg pool, ours or the host's, as Kysely wants it: our types and statement names in each query, `COPY` from a
 * {@link CopySource}, dead connections replaced before anyone sees them, and connection failures as our errors. The pool
 * itself is not changed, save that it gets a listener for errors of idle connections, which would end the process.
 */
export function adaptPool(pool: pg.Pool, options: PoolAdapterOptions): PostgresPool {
  const { owned, prePing, adapt, failure } = options
  const names = options.preparedStatements ? createStatementNames() : noStatementNames
  const wrapped = new WeakMap<pg.PoolClient, WrappedClient>()
  // When one connection hangs, those that have been idle since before are not tried one by one.
  let deadBefore = -Infinity
  let listening = false
  // One for each handle, since `end` takes it away.
  const ignoreIdleError = () => {}

  function wrap(client: pg.PoolClient): WrappedClient {
    let wrapper = wrapped.get(client)
    if (wrapper === undefined) {
      wrapper = wrapClient(client, names)
      wrapped.set(client, wrapper)
      // Without a listener a connection that breaks while it is ours would end the process; its next query fails anyway.
      if (!client.listeners('error').includes(ignore)) client.on('error', ignore)
    }
    return wrapper
  }

  async function connect(): Promise<PostgresPoolClient> {
    if (!listening) {
      pool.on('error', ignoreIdleError)
      listening = true
    }
    const giveUpAt = options.acquireTimeoutMs === 0 ? Infinity : performance.now() + options.acquireTimeoutMs
    for (;;) {
      const client = await connectClient()
      const known = wrapped.has(client)
      const wrapper = wrap(client)
      const now = performance.now()
      // One that we have not seen is new; in a host's pool it may be old.
      if (!prePing || now > giveUpAt || (known ? now - wrapper.idleSince() < freshMs : owned)) return wrapper
      const health = known && wrapper.idleSince() < deadBefore ? 'dead' : await ping(client)
      if (health === 'alive') return wrapper
      if (health === 'hangs') deadBefore = now
      client.release(true)
    }
  }

  async function connectClient(): Promise<pg.PoolClient> {
    for (let tries = 1; ; tries++) {
      try {
        return await pool.connect()
      } catch (error) {
        if (tries === maxTries || !adapt(error)) throw failure(error)
      }
    }
  }

  return {
    connect,
    // What Kysely makes a second connection with, to cancel a query.
    ...('Client' in pool && { Client: pool.Client as NonNullable<PostgresPool['Client']> }),
    options: pool.options,
    async end() {
      if (owned) await pool.end()
      else pool.removeListener('error', ignoreIdleError)
    },
  }
}

function ignore(): void {}

type Health = 'alive' | 'dead' | 'hangs'

function ping(client: pg.PoolClient): Promise<Health> {
  return new Promise((resolve) => {
    // After a stall of our own process the answer may be waiting behind this timer: it gets one turn of the loop.
    const timer = setTimeout(() => setImmediate(() => resolve('hangs')), pingLimitMs)
    const settle = (health: Health) => {
      clearTimeout(timer)
      resolve(health)
    }
    client.query('').then(
      () => settle('alive'),
      () => settle('dead'),
    )
  })
}

interface WrappedClient extends PostgresPoolClient {
  idleSince(): number
}

/** Kysely keeps what it knows of a connection by this object, so there is one for each client. */
function wrapClient(client: pg.PoolClient, names: StatementNames): WrappedClient {
  let idleSince = -Infinity

  async function run(text: string, values: readonly unknown[]): Promise<unknown> {
    if (values.length === 1 && isCopySource(values[0])) return copyFrom(client, text, values[0])
    const query = { text, values: values as unknown[], types: queryTypes }
    const name = values.length === 0 ? undefined : names.nameFor(text)
    if (name === undefined) return client.query(query)
    try {
      return await client.query({ ...query, name })
    } catch (error) {
      if (!isStalePlan(error)) throw error
      names.refused(error)
      // Inside a transaction the server refuses this too (25P02), and the first error is the one to tell.
      return await client.query(query).catch((again: unknown) => {
        throw isAborted(again) ? error : again
      })
    }
  }

  return {
    query: ((query: string | pg.Submittable, values: readonly unknown[]) =>
      typeof query === 'string' ? run(query, values) : client.query(query)) as PostgresPoolClient['query'],
    release(destroy) {
      idleSince = performance.now()
      client.release(destroy)
    },
    idleSince: () => idleSince,
    get processID() {
      return (client as { processID?: number }).processID as number
    },
  }
}

function isAborted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '25P02'
}
