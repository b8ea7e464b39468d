import { EventEmitter } from 'node:events'
import pg from 'pg'

/**
 * A pool with one connection, inside a transaction that is never committed. `begin`, `commit` and `rollback` of the code
 * under test become savepoints, and a lone statement gets a savepoint too, so that a refused insert spoils nothing.
 *
 * It cannot show: commits (deferred constraints, notifications), sessions that race, and the passing of `now()`.
 */
export class OneConnectionPool extends EventEmitter {
  readonly options: pg.PoolConfig
  readonly #client: pg.Client
  readonly #borrowed: BorrowedClient
  readonly #waitMs: number
  #free: Promise<void> = Promise.resolve()

  private constructor(client: pg.Client, options: pg.PoolConfig, waitMs: number) {
    super()
    this.#client = client
    this.#borrowed = new BorrowedClient(client)
    this.#waitMs = waitMs
    this.options = options
  }

  static async open(options: pg.PoolConfig, waitMs = 4_000): Promise<OneConnectionPool> {
    const client = new pg.Client(options)
    await client.connect()
    await client.query('begin')
    return new OneConnectionPool(client, options, waitMs)
  }

  /** Callers take turns. Who waits while holding the connection waits for himself, and is told so. */
  async connect(): Promise<BorrowedClient> {
    const before = this.#free
    let release = () => {}
    this.#free = new Promise((resolve) => {
      release = resolve
    })
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        release()
        reject(new Error('Someone holds the only connection of this test: use the transaction, or freshDatabase().'))
      }, this.#waitMs)
    })
    await Promise.race([before, tooLong]).finally(() => clearTimeout(timer))
    this.#borrowed.release = release
    return this.#borrowed
  }

  async end(): Promise<void> {
    await this.#client.query('rollback').finally(() => this.#client.end())
  }
}

/** What the pool lends: the same object every time, as a real pool does, so that callers may keep what they know of it. */
class BorrowedClient extends EventEmitter {
  readonly #client: pg.Client
  release: () => void = () => {}
  #inTransaction = false

  constructor(client: pg.Client) {
    super()
    this.#client = client
  }

  // One signature for what pg.Client overloads: text, a config, or a stream (COPY) or cursor that submits itself.
  // biome-ignore lint/suspicious/noExplicitAny: the overloads of pg cannot be spelled as one type
  query(query: any, values?: readonly unknown[]): any {
    if (typeof query === 'object' && typeof query.submit === 'function') return this.#client.query(query)
    const text: string = typeof query === 'string' ? query : query.text
    const [, verb] = /^\s*(begin|start transaction|commit|rollback)\b(?!\s+to\b)/i.exec(text) ?? []
    switch (verb?.toLowerCase()) {
      case 'begin':
      case 'start transaction':
        return this.#begin()
      case 'commit':
        return this.#commit()
      case 'rollback':
        return this.#rollback()
      default:
        return this.#inTransaction ? this.#client.query(query, values?.slice()) : this.#alone(query, values?.slice())
    }
  }

  async #begin() {
    await this.#client.query('savepoint sandbox_transaction')
    this.#inTransaction = true
    return { command: 'BEGIN', rowCount: null, rows: [] }
  }

  async #commit() {
    this.#inTransaction = false
    try {
      await this.#client.query('release savepoint sandbox_transaction')
      return { command: 'COMMIT', rowCount: null, rows: [] }
    } catch (error) {
      // Like the server, which answers ROLLBACK to the COMMIT of a transaction that has failed.
      if (!(error instanceof pg.DatabaseError && error.code === '25P02')) throw error
      return this.#rollback()
    }
  }

  async #rollback() {
    this.#inTransaction = false
    await this.#client.query('rollback to savepoint sandbox_transaction')
    await this.#client.query('release savepoint sandbox_transaction')
    return { command: 'ROLLBACK', rowCount: null, rows: [] }
  }

  async #alone(query: string | pg.QueryConfig, values?: unknown[]) {
    await this.#client.query('savepoint sandbox_statement')
    try {
      const result = await this.#client.query(query, values)
      await this.#client.query('release savepoint sandbox_statement')
      return result
    } catch (error) {
      await this.#client.query('rollback to savepoint sandbox_statement')
      throw error
    }
  }
}
