import { QueryLimitError } from '../errors.js'

/** Lets a bounded number in at a time, and a bounded number wait. */
export interface Gate {
  /** Resolves to the function that leaves, which is to be called once. @throws {QueryLimitError} Too many wait, or it took too long. */
  enter(signal: AbortSignal | undefined): Promise<() => void>
}

export interface GateOptions {
  /** How many are inside at once. */
  readonly concurrency: number
  /** How many may wait. */
  readonly queue: number
  /** How long one waits, in milliseconds. */
  readonly queueTimeoutMs: number
}

const hint = 'Wait for the queries that run now, and ask again.'

export function createGate({ concurrency, queue, queueTimeoutMs }: GateOptions): Gate {
  const waiting: Array<() => void> = []
  let inside = 0

  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) inside--
    else next()
  }

  return {
    enter(signal) {
      if (inside < concurrency) {
        inside++
        return Promise.resolve(leave)
      }
      if (waiting.length >= queue) {
        const message = `${concurrency} queries run and ${queue} wait, which is all that this door allows.`
        return Promise.reject(new QueryLimitError('queue', message, { hint }))
      }
      return new Promise((resolve, reject) => {
        const giveUp = (error: unknown) => {
          waiting.splice(waiting.indexOf(enter), 1)
          settle()
          reject(error)
        }
        const timer = setTimeout(
          () => giveUp(new QueryLimitError('queue', `The query waited ${queueTimeoutMs} ms for its turn.`, { hint })),
          queueTimeoutMs,
        )
        const onAbort = () => giveUp(signal?.reason)
        const settle = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
        }
        const enter = () => {
          settle()
          resolve(leave)
        }
        signal?.addEventListener('abort', onAbort)
        waiting.push(enter)
      })
    },
  }
}
