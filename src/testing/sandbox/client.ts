import { EventEmitter } from 'node:events'
import pg from 'pg'
import { type Control, controlOf, controlScript, shortened } from './control.js'
import { Place } from './problems.js'
import type { Call, OpenTransaction, Session } from './session.js'
import type { Settings } from './settings.js'
import type { Wire } from './wire.js'

export type Callback = (error: unknown, result?: unknown) => void
export type Query = string | (pg.QueryConfig & { callback?: Callback }) | pg.Submittable

/** What clients share: the test, its connection and its name. */
export interface Shared {
  readonly session: Session
  readonly wire: Wire
  readonly test: string
  /** Settings that statements of this handle run with, asked for at each. */
  readonly settings: () => Settings
}

/**
 * Looks like a `pg.PoolClient` and shares the connection of the test with all the others. Between transactions it holds
 * nothing, so that checking out two of them, one inside the other, works as with a real pool.
 */
export class SandboxClient extends EventEmitter {
  readonly #shared: Shared
  readonly #released: (client: SandboxClient) => void
  #place: Place | undefined
  #transaction: OpenTransaction | undefined
  #last: Promise<unknown> = Promise.resolve()
  #pending = 0

  constructor(shared: Shared, released: (client: SandboxClient) => void) {
    super()
    this.#shared = shared
    this.#released = released
  }

  /** The server's process, which is the same for all clients of a test. */
  get processID(): number | null {
    return Reflect.get(this.#shared.wire.client, 'processID') as number | null
  }

  readonly escapeIdentifier = pg.escapeIdentifier
  readonly escapeLiteral = pg.escapeLiteral

  getTransactionStatus(): 'I' | 'T' | 'E' {
    return this.#transaction === undefined ? 'I' : this.#shared.wire.status
  }

  setTypeParser(...args: Parameters<pg.Client['setTypeParser']>): void {
    this.#shared.wire.client.setTypeParser(...args)
  }

  getTypeParser(...args: Parameters<pg.Client['getTypeParser']>): unknown {
    return this.#shared.wire.client.getTypeParser(...args)
  }

  /** Where it was checked out, if it is. */
  get checkedOutAt(): Place | undefined {
    return this.#place
  }

  /** Whether a statement of this client has yet to be answered. */
  get busy(): boolean {
    return this.#pending > 0
  }

  get openTransaction(): OpenTransaction | undefined {
    return this.#transaction
  }

  checkOut(): void {
    this.#place = new Place('checked out')
  }

  release(_error?: Error | boolean): void {
    if (this.#place === undefined) {
      throw new Error('Release called on client which has already been released to the pool.')
    }
    this.#place = undefined
    // After the statements that were started before: a caller may release without waiting for them.
    const ending = this.#last.then(() => this.#endLeaked())
    this.#last = ending.catch(() => undefined)
    this.#released(this)
  }

  /** Takes what `pg.Client.query` takes: a text, a config or something that submits itself, with a callback or without. */
  query(query: Query, values?: unknown[] | Callback, callback?: Callback): unknown {
    if (query === null || query === undefined) throw new TypeError('Client was passed a null or undefined query')
    const given = Array.isArray(values) ? values : undefined
    if (isSubmittable(query)) return this.#submit(query, typeof values === 'function' ? values : callback)

    const config: pg.QueryConfig & { callback?: Callback } = typeof query === 'string' ? { text: query } : query
    const done = typeof values === 'function' ? values : (callback ?? config.callback)
    const place = new Place(config.text)
    const result = this.#enqueue(() => this.#run(config, given ?? config.values, place))
    if (done === undefined) {
      return result.catch((error: unknown) => {
        // As pg does: a stack that leads to the caller instead of to the socket.
        if (error instanceof pg.DatabaseError) Error.captureStackTrace(error)
        throw error
      })
    }
    result.then(
      (answer) => done(null, answer),
      (error: unknown) => done(error),
    )
    return undefined
  }

  /** Statements of one client run in the order in which they came, as on a connection of their own. */
  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    this.#pending++
    const turn = this.#last.then(work).finally(() => {
      this.#pending--
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #run(config: pg.QueryConfig, values: unknown[] | undefined, place: Place): Promise<unknown> {
    const { text } = config
    if (typeof text !== 'string') return this.#plain(config, values, place)
    const control = controlOf(text)
    const script = values === undefined || values.length === 0 ? controlScript(text) : undefined
    if (script !== undefined) {
      const results: unknown[] = []
      for (const statement of script) results.push(await this.#run({ ...config, text: statement }, undefined, place))
      return results
    }
    return control === undefined ? this.#plain(config, values, place) : this.#control(control, config, place)
  }

  async #plain(config: pg.QueryConfig, values: unknown[] | undefined, place: Place): Promise<unknown> {
    const { session, wire } = this.#shared
    // What pools ask an idle connection to see whether it lives.
    if (config.text === '') return resultOf(null)
    // Clients share one connection, on which a name would mean one statement; behind a pooler it may be anybody's.
    const query = { ...config, name: undefined }
    const work = (ahead: readonly string[]) => wire.run(query, values, ahead)
    const call = this.#call(config.text, values ?? [], place)
    return this.#transaction === undefined ? session.alone(call, work) : session.inside(this.#transaction, call, work)
  }

  async #control(control: Control, config: pg.QueryConfig, place: Place): Promise<unknown> {
    const { session } = this.#shared
    const call = this.#call(config.text, [], place)
    const transaction = this.#transaction
    switch (control.kind) {
      case 'begin':
        // Inside a transaction the server only warns.
        this.#transaction ??= await session.begin(control.readOnly, call)
        return resultOf('BEGIN')
      case 'commit':
      case 'rollback': {
        this.#transaction = undefined
        const command = control.kind === 'commit' ? 'COMMIT' : 'ROLLBACK'
        if (transaction === undefined) return resultOf(command)
        const answer = control.kind === 'commit' ? await session.commit(transaction) : 'ROLLBACK'
        if (control.kind === 'rollback') await session.rollback(transaction)
        if (control.chain) this.#transaction = await session.begin(false, call)
        return resultOf(answer)
      }
      case 'savepoint':
        if (transaction === undefined) throw outsideTransaction(control.command)
        return this.#plainInside(transaction, config)
      case 'mode':
        if (transaction !== undefined) await session.mode(transaction, control)
        return resultOf('SET')
      case 'two-phase':
        throw session.problem(
          'unsupported',
          `«${shortened(config.text)}» is two-phase commit, which cannot be rolled back: test it on a database of its own.`,
        )
    }
  }

  #call(text: string, values: readonly unknown[], place: Place): Call {
    return { text, values, place, settings: this.#shared.settings() }
  }

  #plainInside(transaction: OpenTransaction, config: pg.QueryConfig): Promise<unknown> {
    return transaction.turn.working(() => this.#shared.wire.run(config, undefined, []))
  }

  /** COPY streams, cursors and queries that emit rows: they have the connection until they are done. */
  #submit(query: pg.Submittable, callback: Callback | undefined): pg.Submittable {
    const { session, wire } = this.#shared
    const text = textOf(query)
    const call = this.#call(text, [], new Place(text))
    if (callback !== undefined) Reflect.set(query, 'callback', callback)
    const work = () => wire.lend(query)
    this.#enqueue(() =>
      this.#transaction === undefined ? session.alone(call, work, true) : session.inside(this.#transaction, call, work),
    ).catch((error: unknown) => {
      const refuse: unknown = Reflect.get(query, 'handleError')
      if (typeof refuse === 'function') refuse.call(query, error, Reflect.get(wire.client, 'connection'))
    })
    return query
  }

  async #endLeaked(): Promise<void> {
    const transaction = this.#transaction
    if (transaction === undefined) return
    this.#transaction = undefined
    const { session } = this.#shared
    if (session.ended) return
    session.problem(
      'leaked-transaction',
      `A client was released inside a transaction, begun at ${transaction.turn.place.line}.`,
      transaction.turn.place,
    )
    await session.rollback(transaction)
  }
}

function isSubmittable(query: Query): query is pg.Submittable {
  return typeof query === 'object' && 'submit' in query && typeof query.submit === 'function'
}

function textOf(query: pg.Submittable): string {
  const text: unknown = Reflect.get(query, 'text')
  return typeof text === 'string' ? text : 'a stream or cursor'
}

function resultOf(command: string | null) {
  return { command, rowCount: null, oid: null, rows: [], fields: [] }
}

function outsideTransaction(command: string): Error {
  const message =
    command === 'SAVEPOINT'
      ? 'SAVEPOINT can only be used in transaction blocks'
      : `${command === 'RELEASE' ? 'RELEASE SAVEPOINT' : 'ROLLBACK TO SAVEPOINT'} can only be used in transaction blocks`
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { severity: 'ERROR', code: '25P01' })
}
