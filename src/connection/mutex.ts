/** A lock for one holder at a time, first come first served. */
export interface Mutex {
  /** Resolves to the function that frees the lock, or to undefined when `waitMs` passed first (0 waits for ever). */
  lock(waitMs: number): Promise<(() => void) | undefined>
}

export function createMutex(): Mutex {
  const waiting: Array<() => void> = []
  let held = false

  function unlocker(): () => void {
    let done = false
    return () => {
      if (done) return
      done = true
      const next = waiting.shift()
      if (next === undefined) held = false
      else next()
    }
  }

  return {
    lock(waitMs) {
      if (!held) {
        held = true
        return Promise.resolve(unlocker())
      }
      return new Promise((resolve) => {
        const timer =
          waitMs === 0
            ? undefined
            : setTimeout(() => {
                waiting.splice(waiting.indexOf(enter), 1)
                resolve(undefined)
              }, waitMs)
        const enter = () => {
          clearTimeout(timer)
          resolve(unlocker())
        }
        waiting.push(enter)
      })
    },
  }
}
