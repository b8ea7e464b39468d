import type { EventEmitter } from 'node:events'
import pg from 'pg'

/** As the server tells it after each statement: outside of a transaction, inside one, or inside one that has failed. */
export type TransactionStatus = 'I' | 'T' | 'E'

/** What pg's client makes of a query: the handlers that it calls, by the protocol message. */
interface Handlers {
  name?: string | undefined
  text?: string | undefined
  _result?: unknown
  callback?: unknown
  binary?: boolean
  submit(connection: ProtocolConnection): unknown
  handleError(error: unknown, connection: ProtocolConnection): void
  handleReadyForQuery(connection: ProtocolConnection): void
  handleCommandComplete(message: unknown, connection: ProtocolConnection): void
  handleDataRow(message: unknown): void
  handleRowDescription(message: unknown): void
  handlePortalSuspended(connection: ProtocolConnection): void
  handleEmptyQuery(connection: ProtocolConnection): void
  handleCopyInResponse(connection: ProtocolConnection): void
  handleCopyData(message: unknown, connection: ProtocolConnection): void
}

interface ProtocolConnection extends EventEmitter {
  readonly stream: { cork?(): void; uncork?(): void; destroy(): void }
  parse(query: { text: string; name: string; types: readonly number[] }): void
  bind(config: { portal: string; statement: string; values: readonly unknown[] }): void
  execute(config: { portal: string; rows: number }): void
  sync(): void
}

/** One connection of pg, on which statements can be sent ahead of another without waiting for their answers. */
export class Wire {
  readonly client: pg.Client
  readonly #connection: ProtocolConnection
  #status: TransactionStatus = 'I'
  #ready = true
  #wake: (() => void)[] = []
  #broken: Error | undefined

  private constructor(client: pg.Client) {
    this.client = client
    this.#connection = Reflect.get(client, 'connection') as unknown as ProtocolConnection
    this.#connection.on('readyForQuery', ({ status }: { status: TransactionStatus }) => {
      this.#status = status
      this.#settle()
    })
    client.on('error', (error) => {
      this.#broken ??= error
      this.#settle()
    })
    client.on('end', () => {
      this.#broken ??= new Error('The connection of the sandbox was closed.')
      this.#settle()
    })
  }

  static async open(config: pg.ClientConfig): Promise<Wire> {
    const client = new pg.Client(config)
    const wire = new Wire(client)
    await client.connect()
    return wire
  }

  get status(): TransactionStatus {
    return this.#status
  }

  /** Set when the connection is gone, with everything that was written on it. */
  get broken(): Error | undefined {
    return this.#broken
  }

  /**
   * Runs one query, with `ahead` before it in the same round trip. The statements of `ahead` must not be able to fail
   * while the connection is in the state that it is in: their results are dropped.
   */
  async run(query: pg.QueryConfig, values: unknown[] | undefined, ahead: readonly string[]): Promise<unknown> {
    const result = new Promise((resolve, reject) => {
      const make = pg.Query as unknown as new (config: object, values?: unknown[], callback?: unknown) => Handlers
      const handlers = new make(query, values, (error: unknown, answer: unknown) =>
        error ? reject(error) : resolve(answer),
      )
      this.#send(handlers, ahead)
    })
    try {
      return await result
    } finally {
      await this.#idle()
    }
  }

  /** Hands the connection to a query that reads and writes by itself (COPY, a cursor); resolves when it is done with it. */
  async lend(query: pg.Submittable): Promise<void> {
    this.#send(query as unknown as Handlers, [])
    await this.#idle()
  }

  /** Runs statements as one message. */
  async script(statements: readonly string[]): Promise<void> {
    if (statements.length > 0) await this.run({ text: statements.join('; ') }, undefined, [])
  }

  async close(): Promise<void> {
    await this.client.end()
  }

  /** Cuts the connection, whatever runs on it. The server undoes everything by itself. */
  destroy(): void {
    this.#connection.stream.destroy()
  }

  #send(query: Handlers, ahead: readonly string[]): void {
    this.#ready = false
    this.client.query((ahead.length === 0 ? query : new Ahead(query, ahead)) as unknown as pg.Submittable)
  }

  async #idle(): Promise<void> {
    while (!this.#ready && this.#broken === undefined) {
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  #settle(): void {
    this.#ready = true
    for (const wake of this.#wake.splice(0)) wake()
  }
}

/** A query with others in front of it, sent together and without a `Sync` between: one round trip for all of them. */
class Ahead implements Handlers {
  readonly #query: Handlers
  readonly #statements: readonly string[]
  #pending: number
  #refused: Error | undefined

  constructor(query: Handlers, statements: readonly string[]) {
    this.#query = query
    this.#statements = statements
    this.#pending = statements.length
  }

  // The client notes the name of what has been parsed; as long as it is one of ours that is, there is none.
  get name(): string | undefined {
    return this.#pending > 0 ? undefined : this.#query.name
  }

  get text(): string | undefined {
    return this.#query.text
  }

  get _result(): unknown {
    return this.#query._result
  }

  get callback(): unknown {
    return this.#query.callback
  }

  set callback(callback: unknown) {
    this.#query.callback = callback
  }

  set binary(binary: boolean) {
    this.#query.binary = binary
  }

  submit(connection: ProtocolConnection): null {
    connection.stream.cork?.()
    try {
      for (const text of this.#statements) {
        connection.parse({ text, name: '', types: [] })
        connection.bind({ portal: '', statement: '', values: [] })
        connection.execute({ portal: '', rows: 0 })
      }
      const refused = this.#query.submit(connection)
      if (refused instanceof Error) {
        // It has sent nothing, so what is ahead of it would wait for an end.
        this.#refused = refused
        connection.sync()
      }
    } finally {
      connection.stream.uncork?.()
    }
    return null
  }

  handleCommandComplete(message: unknown, connection: ProtocolConnection): void {
    if (this.#pending > 0) this.#pending--
    else this.#query.handleCommandComplete(message, connection)
  }

  handleReadyForQuery(connection: ProtocolConnection): void {
    if (this.#refused !== undefined) this.#query.handleError(this.#refused, connection)
    else this.#query.handleReadyForQuery(connection)
  }

  handleError(error: unknown, connection: ProtocolConnection): void {
    this.#query.handleError(error, connection)
  }

  handleRowDescription(message: unknown): void {
    this.#query.handleRowDescription(message)
  }

  handleDataRow(message: unknown): void {
    if (this.#pending === 0) this.#query.handleDataRow(message)
  }

  handlePortalSuspended(connection: ProtocolConnection): void {
    this.#query.handlePortalSuspended(connection)
  }

  handleEmptyQuery(connection: ProtocolConnection): void {
    this.#query.handleEmptyQuery(connection)
  }

  handleCopyInResponse(connection: ProtocolConnection): void {
    this.#query.handleCopyInResponse(connection)
  }

  handleCopyData(message: unknown, connection: ProtocolConnection): void {
    this.#query.handleCopyData(message, connection)
  }
}
