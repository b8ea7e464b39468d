import { FinanceDbError } from './base.js'

/**
 * What came of a write whose connection was lost. `no`: nothing of it is in the database, it was lost before it could be.
 * `unknown`: it had been sent, alone or as a commit, so that it may have happened or not; with an idempotency key, ask again.
 */
export type Applied = 'no' | 'unknown'

export interface ConnectionErrorOptions extends ErrorOptions {
  readonly applied?: Applied
  readonly transient?: boolean
}

/**
 * The database could not be reached, or the connection broke. `applied` says what came of the work. `transient` is false
 * when trying again cannot help: a wrong password, no such database, a handle that was closed.
 */
export class ConnectionError extends FinanceDbError {
  override readonly name = 'ConnectionError'
  readonly code = 'CONNECTION_FAILED'
  readonly applied: Applied
  readonly transient: boolean

  constructor(message: string, { applied = 'no', transient = true, ...options }: ConnectionErrorOptions = {}) {
    super(message, options)
    this.applied = applied
    this.transient = transient
  }
}

/** A limit in time was hit: a pool slot, a connection, a lock, a statement or a transaction. `waitedFor` says which. */
export class TimeoutError extends FinanceDbError {
  override readonly name = 'TimeoutError'
  readonly code = 'TIMEOUT'
  readonly waitedFor: 'connection' | 'lock' | 'statement' | 'transaction'

  constructor(waitedFor: 'connection' | 'lock' | 'statement' | 'transaction', message: string, options?: ErrorOptions) {
    super(message, options)
    this.waitedFor = waitedFor
  }
}

/** The server has no room: no disk, no memory. Nothing was written. Somebody has to make room; trying again soon is of no use. */
export class OutOfResourcesError extends FinanceDbError {
  override readonly name = 'OutOfResourcesError'
  readonly code = 'OUT_OF_RESOURCES'
  readonly resource: 'disk' | 'memory' | 'other'

  constructor(resource: 'disk' | 'memory' | 'other', options?: ErrorOptions) {
    super(
      `The database server is out of ${resource === 'other' ? 'a resource' : resource}. Nothing was written.`,
      options,
    )
    this.resource = resource
  }
}

/** Another transaction got in the way (serialization failure or deadlock) and retries did not help. Nothing was written. */
export class TransactionConflictError extends FinanceDbError {
  override readonly name = 'TransactionConflictError'
  readonly code = 'TRANSACTION_CONFLICT'
}

/**
 * An earlier statement of the transaction failed and its error was caught, so Postgres undoes all of it. Let such an error
 * through, or give what may fail a nested `transaction`, which is a savepoint.
 */
export class TransactionAbortedError extends FinanceDbError {
  override readonly name = 'TransactionAbortedError'
  readonly code = 'TRANSACTION_ABORTED'

  constructor(options?: ErrorOptions) {
    super('An earlier statement of this transaction failed, so nothing of it is written.', options)
  }
}

/** This database, driver or installation cannot do what was asked. The message says what to add. */
export class UnsupportedError extends FinanceDbError {
  override readonly name = 'UnsupportedError'
  readonly code = 'UNSUPPORTED'
}
