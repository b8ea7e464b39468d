import { setTimeout as sleep } from 'node:timers/promises'
import { isTransient } from './connection/transient.js'
import { ConnectionError } from './errors.js'
import { isBrokenConnection } from './postgres-errors.js'

export interface RetryOptions {
  /** No attempt begins later than this, in milliseconds. Default 30 s: a restart or a failover takes 2 to 20. */
  readonly withinMs?: number | undefined
  /** Ends the waiting between attempts; what runs goes on. */
  readonly signal?: AbortSignal | undefined
  /** Told before each pause. `attempt` counts from 1. */
  readonly onRetry?: ((event: { attempt: number; pauseMs: number; error: unknown }) => void) | undefined
}

/**
 * Runs work that may run twice, and runs it again while the database is away: restarts, failovers, cut networks, full
 * connection slots. Reads are such work, and writes with an `idempotency_key`, which have to carry the same key each time.
 * The pause doubles from 20 ms to 2 s and is cut at random. Other errors are thrown at once.
 *
 * ```ts
 * await retryIdempotent(() => transactions.post(db, { ...payment, idempotency_key: order.id }))
 * ```
 *
 * Not for a part of a transaction, whose connection does not come back: see `idempotent` of `transaction`.
 *
 * @throws {ConnectionError} The database did not come back in time. `applied` holds for all attempts together.
 */
export async function retryIdempotent<Result>(
  fn: (attempt: number) => Promise<Result>,
  { withinMs = 30_000, signal, onRetry }: RetryOptions = {},
): Promise<Result> {
  const until = performance.now() + withinMs
  let maybeApplied = false
  for (let attempt = 1; ; attempt++) {
    try {
      return await fn(attempt)
    } catch (error) {
      if (!isTransient(error)) throw error
      maybeApplied ||= mayBeApplied(error)
      const pauseMs = Math.min(2000, 10 * 2 ** attempt) * (0.5 + Math.random() / 2)
      const goOn = performance.now() + pauseMs <= until && signal?.aborted !== true
      if (goOn) {
        onRetry?.({ attempt, pauseMs, error })
        if (await pause(pauseMs, signal)) continue
      }
      throw maybeApplied && !mayBeApplied(error) ? unknown(error) : error
    }
  }
}

function mayBeApplied(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof ConnectionError) return e.applied === 'unknown'
    if (isBrokenConnection(e)) return true
  }
  return false
}

function unknown(cause: unknown): ConnectionError {
  return new ConnectionError('The database did not come back in time, and an earlier attempt may have been applied.', {
    applied: 'unknown',
    cause,
  })
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false)
}
