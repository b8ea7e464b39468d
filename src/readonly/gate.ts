import { QueryLimitError } from '../errors.js'

/** Lets a bounded number in at a time, and a bounded number wait. Nobody can fill it for the others. */
export interface Gate {
  /**
   * Resolves to the function that leaves, which is to be called once. Of those who wait, whoever has the fewest inside comes next,
   * in the order they came; where no more may wait, who has the most waiting gives up the last place to one who has fewer.
   *
   * @throws {QueryLimitError} Too many wait, or it took too long.
   */
  enter(signal: AbortSignal | undefined, who?: string): Promise<() => void>
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

interface Waiter {
  readonly who: string
  enter(): void
  giveUp(reason: unknown): void
}

function countOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

export function createGate({ concurrency, queue, queueTimeoutMs }: GateOptions): Gate {
  const waiting: Waiter[] = []
  const inside: string[] = []

  function admit(who: string): () => void {
    inside.push(who)
    return () => {
      inside.splice(inside.indexOf(who), 1)
      const running = countOf(inside)
      const runs = (waiter: Waiter) => running.get(waiter.who) ?? 0
      const fewest = waiting.reduce((least, waiter) => Math.min(least, runs(waiter)), Infinity)
      const next = waiting.findIndex((waiter) => runs(waiter) === fewest)
      if (next >= 0) waiting.splice(next, 1)[0]?.enter()
    }
  }

  /** Whether there is a place to wait. */
  function makeRoom(who: string): boolean {
    if (waiting.length < queue) return true
    const places = countOf(waiting.map((waiter) => waiter.who))
    const most = [...places.values()].reduce((all, one) => Math.max(all, one), 0)
    const last = waiting.findLast((waiter) => places.get(waiter.who) === most)
    if (last === undefined || most <= (places.get(who) ?? 0) + 1) return false
    last.giveUp(tooMany())
    return true
  }

  function tooMany(): QueryLimitError {
    const message = `${concurrency} queries run and ${queue} wait, which is all that this door allows.`
    return new QueryLimitError('queue', message, { hint })
  }

  return {
    enter(signal, who = '') {
      if (inside.length < concurrency) return Promise.resolve(admit(who))
      if (!makeRoom(who)) return Promise.reject(tooMany())
      return new Promise((resolve, reject) => {
        const onAbort = () => waiter.giveUp(signal?.reason)
        const settle = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
        }
        const waiter: Waiter = {
          who,
          enter() {
            settle()
            resolve(admit(who))
          },
          giveUp(reason) {
            waiting.splice(waiting.indexOf(waiter), 1)
            settle()
            reject(reason)
          },
        }
        const timer = setTimeout(
          () =>
            waiter.giveUp(
              new QueryLimitError('queue', `The query waited ${queueTimeoutMs} ms for its turn.`, { hint }),
            ),
          queueTimeoutMs,
        )
        signal?.addEventListener('abort', onAbort)
        waiting.push(waiter)
      })
    },
  }
}
