import { ConnectionError } from '../errors.js'
import type { Cuttable } from './deadline.js'

/** Counts the work of a handle, and can stop giving it more. */
export interface Gate {
  readonly closed: boolean
  /** Work that holds a connection or waits for one. */
  readonly inside: number
  /** Begins a piece of work. @throws {ConnectionError} The gate is closed. */
  enter(): Pass
  close(): void
  /** Resolves when nobody is inside, or to false after so long. */
  emptied(withinMs: number): Promise<boolean>
  /** Breaks off what is inside. Gives how many that were. */
  cut(): number
}

export interface Pass {
  connection: Cuttable | undefined
  leave(): void
}

export function createGate(): Gate {
  const passes = new Set<Pass>()
  let closed = false
  let whenEmpty = () => {}

  return {
    get closed() {
      return closed
    },
    get inside() {
      return passes.size
    },
    enter() {
      if (closed) {
        throw new ConnectionError('This handle is being drained: it takes no more work.', { transient: false })
      }
      const pass: Pass = {
        connection: undefined,
        leave() {
          if (passes.delete(pass) && passes.size === 0) whenEmpty()
        },
      }
      passes.add(pass)
      return pass
    },
    close() {
      closed = true
    },
    async emptied(withinMs) {
      if (passes.size === 0) return true
      let timer: NodeJS.Timeout | undefined
      const empty = await new Promise<boolean>((resolve) => {
        whenEmpty = () => resolve(true)
        timer = setTimeout(() => resolve(false), withinMs)
      })
      clearTimeout(timer)
      return empty
    },
    cut() {
      const count = passes.size
      for (const { connection } of passes) connection?.cut()
      return count
    },
  }
}
