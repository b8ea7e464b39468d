import type { Duplex } from 'node:stream'
import type pg from 'pg'
import { Batch, type BatchOutcome, type Step } from './batch.js'
import { type Cancellable, requestCancel } from './cancel.js'
import { cleanUp } from './preamble.js'
import { guardSocket, type SocketGuard } from './socket-guard.js'

type Client = pg.PoolClient &
  Cancellable & { readonly connection: { readonly stream: Duplex } } & {
    getTransactionStatus(): string | null
  }

/** Why we stopped a query. */
export type Stop = 'time' | 'abort'

// Our own clock comes after the server's, which knows better when the statement began.
export const clockGraceMs = 250
// How long the server has to answer a cancel request before the connection is closed under it.
const cancelGraceMs = 1000

/**
 * A connection, lent for one transaction. `close` undoes everything and gives it back clean, or destroys it: after a cancel,
 * which may still be on its way and would hit the next query, and whenever the state of the transaction is not what it
 * should be.
 */
export class Session {
  readonly #client: Client
  readonly #guard: SocketGuard
  #stopped: Stop | undefined
  #unclean = false

  constructor(client: pg.PoolClient) {
    this.#client = client as Client
    this.#guard = guardFor(this.#client)
  }

  /** The first use of this connection. */
  get isNew(): boolean {
    return !used.has(this.#client)
  }

  markUsed(): void {
    used.add(this.#client)
  }

  get stopped(): Stop | undefined {
    return this.#stopped
  }

  get guard(): Pick<SocketGuard, 'bytes' | 'tripped'> {
    return this.#guard
  }

  /** Counts bytes from now on. */
  allow(maxBytes: number): void {
    this.#guard.start({ maxBytes })
  }

  send(steps: readonly Step[]): Promise<BatchOutcome> {
    return this.#client.query(new Batch(steps)).outcome
  }

  /** Whether a transaction is open and sound. */
  get inTransaction(): boolean {
    return this.#client.getTransactionStatus() === 'T'
  }

  /** The connection is not given back to the pool. */
  spoil(): void {
    this.#unclean = true
  }

  /** Cancels on the server what runs, and closes the connection when that does not help. */
  stop(why: Stop): void {
    if (this.#stopped !== undefined) return
    this.#stopped = why
    this.#unclean = true
    void requestCancel(this.#client)
    setTimeout(() => this.#client.connection.stream.destroy(), cancelGraceMs).unref()
  }

  async close(): Promise<void> {
    if (!this.#unclean && this.#guard.tripped === undefined) {
      // Not the limit of the query: what it left behind may still be coming.
      const late = setTimeout(() => this.#client.connection.stream.destroy(), cleanLimitMs)
      const { error } = await this.send(cleanUp)
      clearTimeout(late)
      if (error !== undefined || this.#client.getTransactionStatus() !== 'I') this.#unclean = true
    } else {
      this.#unclean = true
    }
    this.#client.release(this.#unclean)
  }
}

const cleanLimitMs = 5000
const guards = new WeakMap<object, SocketGuard>()
const used = new WeakSet<object>()

function guardFor(client: Client): SocketGuard {
  let guard = guards.get(client)
  if (guard === undefined) {
    guard = guardSocket(client.connection.stream)
    guards.set(client, guard)
    // Without a listener a connection that breaks while it is lent would end the process; the batch fails anyway.
    client.on('error', () => {})
  }
  return guard
}
