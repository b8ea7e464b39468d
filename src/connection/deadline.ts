import { AsyncLocalStorage } from 'node:async_hooks'
import { TimeoutError } from '../errors.js'

/** A connection that can be broken off at once, whatever it is waiting for. */
export interface Cuttable {
  cut(): void
}

/** A limit in time for everything that is done with connections inside of it. */
export interface Deadline {
  readonly expired: boolean
  /** Told of each connection that is had. Cuts it at once when the time is over. */
  add(connection: Cuttable): void
}

const deadlines = new AsyncLocalStorage<Deadline>()

export function currentDeadline(): Deadline | undefined {
  return deadlines.getStore()
}

/**
 * Gives what `fn` gives, or an error after `limitMs`, whatever the network and the server do. The pooled connections that `fn`
 * holds then are broken off, so that nothing is left hanging; one for which it still stands in line goes back.
 *
 * @throws {TimeoutError} `connection` when none was had by then, `statement` otherwise.
 */
export async function withDeadline<Result>(limitMs: number, fn: () => Promise<Result>): Promise<Result> {
  const connections = new Set<Cuttable>()
  const deadline = {
    expired: false,
    add(connection: Cuttable) {
      connections.add(connection)
      if (deadline.expired) connection.cut()
    },
  }
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      deadline.expired = true
      reject(
        connections.size === 0
          ? new TimeoutError('connection', `No connection was had within ${limitMs} ms.`)
          : new TimeoutError('statement', `The database did not answer within ${limitMs} ms.`),
      )
      for (const connection of connections) connection.cut()
    }, limitMs)
  })
  try {
    return await Promise.race([deadlines.run(deadline, fn), late])
  } finally {
    clearTimeout(timer)
  }
}
