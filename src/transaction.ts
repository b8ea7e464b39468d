import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type AccessMode,
  type DatabaseConnection,
  type IsolationLevel,
  type Kysely,
  sql,
  type Transaction,
} from 'kysely'
import { isStalePlan } from './connection/statement-names.js'
import {
  ConnectionError,
  FinanceDbError,
  TransactionAbortedError,
  TransactionConflictError,
  UnsupportedError,
} from './errors.js'
import { asOurs, isBrokenConnection, translateError } from './postgres-errors.js'
import { type RetryOptions, retryIdempotent } from './retry.js'
import { auditActor } from './schema/audit.js'
import type { Db, Trx } from './schema/database.js'
import { parseInput } from './schema/input.js'

export interface TransactionOptions {
  /** Default: the database's `default_transaction_isolation`, as a rule `read committed`. */
  readonly isolationLevel?: IsolationLevel
  /** `read only` makes the server refuse every write. */
  readonly accessMode?: AccessMode
  /** How many times to run it again after a conflict. Default 3; 0 for a function that must not run twice. */
  readonly retries?: number
  /**
   * Says that it does no harm when the transaction is done twice, since its writes carry idempotency keys or it only reads.
   * Then it is run again while the database is away, also after a commit whose answer was lost: see `retryIdempotent`, whose
   * options may stand in place of `true`. Default false.
   */
  readonly idempotent?: boolean | RetryOptions
  /**
   * Who does it, for the audit log: a user id, the name of a service. It holds for this transaction only, and takes one
   * more round trip. Default: the database role. Nested, it holds inside and the outer one comes back after it.
   */
  readonly actor?: string
}

/**
 * Runs `fn` in a transaction: committed when it returns, rolled back when it throws, and its error is thrown unchanged.
 *
 * On a serialization failure (`40001`), a deadlock (`40P01`) or a prepared statement that a migration made stale, `fn` is
 * run again from the start in a new transaction, after a short random pause that doubles. So what it does outside the
 * database must bear repeating. An error of our own class counts by its `cause`.
 *
 * Inside a transaction it is a savepoint: a throw undoes only what `fn` did and the outer transaction goes on.
 * A conflict there is not repeated: it has to be thrown on to the outermost call, which does repeat. Nested calls that
 * are started together run one after another.
 *
 * When the connection is lost, a {@link ConnectionError} says what came of it: `applied` is `no` until the commit is sent and
 * `unknown` after that. With `idempotent`, it is run again instead.
 *
 * @throws {ConnectionError} The connection was lost.
 * @throws {TimeoutError} `transaction`: the server ended it, since it was open or idle for too long. Nothing was written.
 * @throws {TransactionConflictError} It still conflicts after `retries`. Nothing was written.
 * @throws {TransactionAbortedError} A statement in it failed and `fn` went on outside of a nested call. Nothing was written.
 * @throws {InvalidInputError} `actor` is empty or longer than 200 characters.
 * @throws {UnsupportedError} Nested with `isolationLevel`, `accessMode` or `idempotent`, which only the outermost call can set.
 */
export function transaction<Tables, Result>(
  db: Kysely<Tables>,
  fn: (trx: Transaction<Tables>) => Promise<Result>,
  options?: TransactionOptions,
): Promise<Result>
export function transaction<Result>(
  db: Db,
  fn: (trx: Trx) => Promise<Result>,
  options?: TransactionOptions,
): Promise<Result>
export async function transaction<Tables, Result>(
  db: Kysely<Tables> | Db,
  fn: (trx: Transaction<Tables> & Trx) => Promise<Result>,
  options: TransactionOptions = {},
): Promise<Result> {
  // Every Db is a Kysely or a Transaction; the narrower type only keeps a host's tables out of the signatures.
  const handle = db as Kysely<Tables>
  const run = fn as (trx: Transaction<Tables>) => Promise<Result>
  if (options.actor !== undefined) parseInput(auditActor, options.actor, 'The actor')
  if (handle.isTransaction) return savepoint(handle as Transaction<Tables>, run, options)
  const { idempotent = false } = options
  if (idempotent === false) return outermost(handle, run, options)
  return retryIdempotent(() => outermost(handle, run, options), idempotent === true ? {} : idempotent)
}

async function outermost<Tables, Result>(
  db: Kysely<Tables>,
  fn: (trx: Transaction<Tables>) => Promise<Result>,
  { isolationLevel, accessMode, retries = 3, actor }: TransactionOptions,
): Promise<Result> {
  let builder = db.transaction()
  if (isolationLevel !== undefined) builder = builder.setIsolationLevel(isolationLevel)
  if (accessMode !== undefined) builder = builder.setAccessMode(accessMode)

  for (let attempt = 0; ; attempt++) {
    let thrown: { error: unknown } | undefined
    let done = false
    try {
      return await builder.execute(async (trx) => {
        try {
          if (actor !== undefined) await swapActor(trx, actor)
          const result = await fn(trx)
          done = true
          return result
        } catch (error) {
          thrown = { error }
          throw error
        }
      })
    } catch (error) {
      // When the connection is gone, the rollback fails too, with an error that would hide the first.
      const first = thrown === undefined ? error : thrown.error
      if (!isConflict(first)) {
        if (thrown === undefined) throw boundaryError(error, done)
        // The rollback failed too: it was this connection that broke, and not another one that `fn` used.
        throw error !== first && isLost(first) ? lostBeforeCommit(first) : first
      }
      if (attempt >= retries) {
        throw new TransactionConflictError(
          `Another transaction got in the way each of ${attempt + 1} times. Nothing was written; try again later.`,
          { cause: first },
        )
      }
      await sleep(pauseMs(attempt))
    }
  }
}

/** What `begin` or `commit` failed with, as ours. */
function boundaryError(error: unknown, done: boolean): unknown {
  if (error instanceof Error && error.name === 'AbortedTransactionError') {
    return new TransactionAbortedError({ cause: error })
  }
  if (isLost(error) && error instanceof Error && !(error instanceof FinanceDbError)) {
    if (!done) return lostBeforeCommit(error)
    return new ConnectionError('The connection broke at the commit: nobody knows whether it was applied.', {
      applied: 'unknown',
      cause: error,
    })
  }
  return asOurs(error)
}

function isLost(error: unknown): boolean {
  return error instanceof ConnectionError ? error.transient : isBrokenConnection(error)
}

function lostBeforeCommit(cause: unknown): ConnectionError {
  return new ConnectionError('The connection broke before the commit. Nothing was written.', { applied: 'no', cause })
}

/**
 * Runs one statement, again after a serialization failure or a deadlock: with another writer that locks in an order of its
 * own, as a transaction of the host may. Outside of a transaction nothing is left of a statement that failed; inside one it
 * is for the transaction to be repeated.
 */
export async function repeatStatement<Result>(db: Db, run: () => Promise<Result>, retries = 5): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (db.isTransaction || !isConflict(error) || attempt >= retries) throw error
      await sleep(pauseMs(attempt))
    }
  }
}

/** 10 ms, doubled each time up to a second, and cut at random so that two rivals do not meet again. */
function pauseMs(attempt: number): number {
  return Math.min(1000, 10 * 2 ** attempt) * (0.5 + Math.random() / 2)
}

function isConflict(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof TransactionConflictError || ('code' in e && (e.code === '40001' || e.code === '40P01')))
      return true
  }
  return isStalePlan(error)
}

async function savepoint<Tables, Result>(
  trx: Transaction<Tables>,
  fn: (trx: Transaction<Tables>) => Promise<Result>,
  { isolationLevel, accessMode, idempotent, actor }: TransactionOptions,
): Promise<Result> {
  if (isolationLevel !== undefined || accessMode !== undefined || idempotent !== undefined) {
    throw new UnsupportedError(
      'isolationLevel, accessMode and idempotent can only be set by the outermost transaction.',
    )
  }
  const connection = await trx.getExecutor().provideConnection(async (c) => c)
  const outer = frames.getStore()
  const parent = enclosing(connection, outer)
  const turn = parent.last.then(() =>
    frames.run({ connection, outer, last: Promise.resolve() }, () => inSavepoint(trx, fn, actor)),
  )
  parent.last = turn.catch(() => {})
  return turn
}

/** A transaction or savepoint that is open on a connection; the savepoints directly inside it run one after another. */
interface Frame {
  readonly connection: DatabaseConnection
  readonly outer: Frame | undefined
  last: Promise<unknown>
}

// Savepoints of one connection nest, whatever the promises do: with two side by side (`Promise.all`), rolling back to
// the first would silently undo the second. The async context tells a sibling, which waits, from a call further in.
const frames = new AsyncLocalStorage<Frame>()
const roots = new WeakMap<DatabaseConnection, Frame>()

function enclosing(connection: DatabaseConnection, innermost: Frame | undefined): Frame {
  for (let frame = innermost; frame !== undefined; frame = frame.outer) {
    if (frame.connection === connection) return frame
  }
  const root = roots.get(connection) ?? { connection, outer: undefined, last: Promise.resolve() }
  roots.set(connection, root)
  return root
}

/** Sets who acts until the transaction ends, and gives who did before: `''` for nobody in particular. */
async function swapActor<Tables>(trx: Transaction<Tables>, actor: string): Promise<string> {
  const { rows } = await sql<{ before: string | null }>`
    with before as materialized (select current_setting('finance_db.actor', true) as actor)
    select before.actor as before, set_config('finance_db.actor', ${actor}, true) from before
  `
    .execute(trx)
    .catch(translateError)
  return rows[0]?.before ?? ''
}

const name = sql.id('finance_db_nested')

async function inSavepoint<Tables, Result>(
  trx: Transaction<Tables>,
  fn: (trx: Transaction<Tables>) => Promise<Result>,
  actor: string | undefined,
): Promise<Result> {
  await sql`savepoint ${name}`.execute(trx)
  try {
    const before = actor === undefined ? undefined : await swapActor(trx, actor)
    const result = await fn(trx)
    if (before !== undefined) await swapActor(trx, before)
    await sql`release savepoint ${name}`.execute(trx).catch(translateError)
    return result
  } catch (error) {
    // Undoing fails when the connection is gone. `error` says why, and the commit of the outer transaction fails too.
    await sql`rollback to savepoint ${name}`
      .execute(trx)
      .then(() => sql`release savepoint ${name}`.execute(trx))
      .catch(() => {})
    throw error
  }
}
