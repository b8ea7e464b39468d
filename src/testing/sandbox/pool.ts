import { EventEmitter } from 'node:events'
import pg from 'pg'
import { type Callback, type Query, SandboxClient, type Shared } from './client.js'

type Done = (error: unknown, client?: SandboxClient, release?: (error?: Error | boolean) => void) => void

/** Looks like a `pg.Pool` whose clients all share the connection of one test. */
export class SandboxPool extends EventEmitter {
  readonly options: pg.PoolConfig
  /** The class that Kysely opens a second connection with, to cancel a query. */
  readonly Client = pg.Client
  readonly #shared: Shared
  readonly #all = new Set<SandboxClient>()
  readonly #idle: SandboxClient[] = []
  #ended = false

  constructor(shared: Shared, options: pg.PoolConfig) {
    super()
    this.#shared = shared
    this.options = options
  }

  connect(callback?: Done): Promise<SandboxClient> | undefined {
    const connecting = this.#connect()
    if (callback === undefined) return connecting
    connecting.then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: unknown) => callback(error),
    )
    return undefined
  }

  query(query: Query, values?: unknown[] | Callback, callback?: Callback): unknown {
    const done = typeof values === 'function' ? values : callback
    const running = this.#query(query, typeof values === 'function' ? undefined : values)
    if (done === undefined) return running
    running.then(
      (result) => done(undefined, result),
      (error: unknown) => done(error),
    )
    return undefined
  }

  /** Ends this pool only: the test goes on, and so do other pools of its sandbox. */
  end(callback?: () => void): Promise<void> | undefined {
    if (this.#ended) {
      const error = new Error('Called end on pool more than once')
      if (callback === undefined) return Promise.reject(error)
    }
    this.#ended = true
    if (callback === undefined) return Promise.resolve()
    setImmediate(callback)
    return undefined
  }

  get ended(): boolean {
    return this.#ended
  }

  get ending(): boolean {
    return this.#ended
  }

  get totalCount(): number {
    return this.#all.size
  }

  get idleCount(): number {
    return this.#idle.length
  }

  get waitingCount(): number {
    return 0
  }

  /** Notes clients that are checked out: the test is over. */
  reportLeaks(): void {
    const { session } = this.#shared
    for (const client of this.#all) {
      const { checkedOutAt: place, openTransaction } = client
      if (openTransaction !== undefined) {
        const { turn } = openTransaction
        session.problem('leaked-transaction', `A transaction begun at ${turn.place.line} was never ended.`, turn.place)
      } else if (place !== undefined && !client.busy) {
        session.problem('leaked-client', `A client checked out at ${place.line} was never released.`, place)
      }
    }
  }

  async #connect(): Promise<SandboxClient> {
    if (this.#ended) throw new Error('Cannot use a pool after calling end on the pool')
    let client = this.#idle.pop()
    if (client === undefined) {
      client = new SandboxClient(this.#shared, (released) => {
        this.#idle.push(released)
        this.emit('release', undefined, released)
      })
      this.#all.add(client)
      this.emit('connect', client)
    }
    client.checkOut()
    this.emit('acquire', client)
    return client
  }

  async #query(query: Query, values: unknown[] | undefined): Promise<unknown> {
    const client = await this.#connect()
    try {
      return await client.query(query, values)
    } finally {
      client.release()
    }
  }
}
