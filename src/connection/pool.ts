import { Stream } from 'node:stream'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type pg from 'pg'
import { type FinanceDbError, TimeoutError } from '../errors.js'
import { copyFrom, isCopySource } from './copy.js'
import { type Cuttable, currentDeadline, type Deadline } from './deadline.js'
import type { Gate } from './gate.js'
import { queryTypes } from './parsers.js'
import { createStatementNames, isStalePlan, noStatementNames, type StatementNames } from './statement-names.js'

export interface PoolAdapterOptions {
  readonly preparedStatements: boolean
  readonly prePing: boolean
  /** No connection is pinged after this, in milliseconds; 0 is never. */
  readonly acquireTimeoutMs: number
  /** A connection that owes an answer for so long is broken off, in milliseconds; 0 is never. */
  readonly answerTimeoutMs: number
  /** Whether `end` closes the pool. */
  readonly owned: boolean
  /** Whether another try at connecting may work, after a change. */
  readonly adapt: (error: unknown) => boolean
  readonly failure: (error: unknown) => FinanceDbError
  readonly gate: Gate
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
  const { owned, prePing, adapt, failure, gate } = options
  const names = options.preparedStatements ? createStatementNames() : noStatementNames
  const wrapped = new WeakMap<pg.PoolClient, WrappedClient>()
  // When one connection hangs, those that have been idle since before are not tried one by one.
  let deadBefore = -Infinity
  // When a write was last refused as read-only: connections from before may lead to a server that is not the primary any more.
  let demotedAt = -Infinity
  let listening = false
  // One for each handle, since `end` takes it away.
  const ignoreIdleError = () => {}

  function wrap(client: pg.PoolClient): WrappedClient {
    let wrapper = wrapped.get(client)
    if (wrapper === undefined) {
      wrapper = wrapClient(client, {
        names,
        answerTimeoutMs: options.answerTimeoutMs,
        onReadOnly: () => {
          demotedAt = performance.now()
        },
      })
      wrapped.set(client, wrapper)
      // Without a listener a connection that breaks while it is ours would end the process; its next query fails anyway.
      if (!client.listeners('error').includes(listen)) client.on('error', listen)
    }
    return wrapper
  }

  async function connect(): Promise<PostgresPoolClient> {
    if (!listening) {
      pool.on('error', ignoreIdleError)
      listening = true
    }
    const pass = gate.enter()
    try {
      const wrapper = await connectAlive(currentDeadline())
      pass.connection = wrapper
      wrapper.onRelease(pass.leave)
      return wrapper
    } catch (error) {
      pass.leave()
      throw error
    }
  }

  async function connectAlive(deadline: Deadline | undefined): Promise<WrappedClient> {
    const giveUpAt = options.acquireTimeoutMs === 0 ? Infinity : performance.now() + options.acquireTimeoutMs
    for (;;) {
      const client = await connectClient()
      if (deadline?.expired === true) {
        client.release()
        throw new TimeoutError('connection', 'The connection came too late.')
      }
      const known = wrapped.has(client)
      const wrapper = wrap(client)
      deadline?.add(wrapper)
      const now = performance.now()
      if (wrapper.checkedAt() < demotedAt) {
        // It may be a name server or proxy that leads elsewhere now: only a new connection finds out.
        if ((await withLimit(inRecovery(client))) === false) wrapper.checked(now)
        else {
          client.release(true)
          continue
        }
      }
      // One that we have not seen is new; in a host's pool it may be old.
      if (!prePing || now > giveUpAt || (known ? now - wrapper.idleSince() < freshMs : owned)) return wrapper
      const health = known && wrapper.idleSince() < deadBefore ? 'dead' : await ping(client)
      if (health === 'alive') return wrapper
      if (health === 'hangs') {
        deadBefore = now
        // Else its socket stays, for the many minutes that it takes the system to give it up.
        wrapper.cut()
      }
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

/** What the server said as it ended a session whose transaction was idle, or open, for too long. */
const lastWords = new WeakMap<pg.PoolClient, Error>()

function listen(this: pg.PoolClient, error: Error): void {
  if (isCode(error, '25P03') || isCode(error, '25P04')) lastWords.set(this, error)
}

type Health = 'alive' | 'dead' | 'hangs'

async function ping(client: pg.PoolClient): Promise<Health> {
  return withLimit(
    client.query('').then(
      (): Health => 'alive',
      (): Health => 'dead',
    ),
  )
}

async function inRecovery(client: pg.PoolClient): Promise<boolean> {
  try {
    const { rows } = await client.query<[string]>({
      text: 'select pg_catalog.pg_is_in_recovery()::text',
      rowMode: 'array',
    })
    return rows[0]?.[0] !== 'false'
  } catch {
    return true
  }
}

function withLimit<Answer>(answer: Promise<Answer>): Promise<Answer | 'hangs'> {
  return new Promise((resolve) => {
    // After a stall of our own process the answer may be waiting behind this timer: it gets one turn of the loop.
    const timer = setTimeout(() => setImmediate(() => resolve('hangs')), pingLimitMs)
    void answer.then((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })
}

interface WrappedClient extends PostgresPoolClient, Cuttable {
  idleSince(): number
  /** When it was made, or last found not to be in recovery. */
  checkedAt(): number
  checked(at: number): void
  onRelease(leave: () => void): void
}

interface ClientOptions {
  readonly names: StatementNames
  readonly answerTimeoutMs: number
  readonly onReadOnly: () => void
}

/** Kysely keeps what it knows of a connection by this object, so there is one for each client. */
function wrapClient(client: pg.PoolClient, { names, answerTimeoutMs, onReadOnly }: ClientOptions): WrappedClient {
  let idleSince = -Infinity
  let checkedAt = performance.now()
  let leave = () => {}

  async function run(text: string, values: readonly unknown[]): Promise<unknown> {
    if (values.length === 1 && isCopySource(values[0])) return copyFrom(client, text, values[0])
    const query = { text, values: values as unknown[], types: queryTypes }
    const name = values.length === 0 ? undefined : names.nameFor(text)
    try {
      if (name === undefined) return await client.query(query)
      return await client.query({ ...query, name }).catch((error: unknown) => {
        if (!isStalePlan(error)) throw error
        names.refused(error)
        // Inside a transaction the server refuses this too (25P02), and the first error is the one to tell.
        return client.query(query).catch((again: unknown) => {
          throw isCode(again, '25P02') ? error : again
        })
      })
    } catch (error) {
      if (isCode(error, '25006')) onReadOnly()
      // pg says only that the connection is of no use any more.
      throw isUnsent(error) ? (lastWords.get(client) ?? error) : error
    }
  }

  async function answered(text: string, values: readonly unknown[]): Promise<unknown> {
    const timer = setTimeout(cut, answerTimeoutMs)
    return run(text, values).finally(() => clearTimeout(timer))
  }

  function cut(): void {
    // pg has no way to do this: `end` waits for the server, which may be out of reach. Of a native client there is no socket.
    const connection: unknown = Reflect.get(client, 'connection')
    const stream: unknown = typeof connection === 'object' && connection !== null && Reflect.get(connection, 'stream')
    if (stream instanceof Stream && 'destroy' in stream && typeof stream.destroy === 'function') stream.destroy()
  }

  return {
    query: ((query: string | pg.Submittable, values: readonly unknown[]) =>
      typeof query !== 'string'
        ? client.query(query)
        : (answerTimeoutMs > 0 ? answered : run)(query, values)) as PostgresPoolClient['query'],
    release(destroy) {
      idleSince = performance.now()
      client.release(destroy)
      leave()
    },
    cut,
    idleSince: () => idleSince,
    checkedAt: () => checkedAt,
    checked(at) {
      checkedAt = at
    },
    onRelease(fn) {
      leave = fn
    },
    get processID() {
      return (client as { processID?: number }).processID as number
    },
  }
}

function isUnsent(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Client has encountered a connection error')
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
