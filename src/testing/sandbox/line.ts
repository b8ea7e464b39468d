import type { Place } from './problems.js'

// Taken when the module loads, so that fake timers and clocks of a test do not stop ours.
const { setTimeout, clearTimeout } = globalThis
const now = performance.now.bind(performance)

/** Who has the connection. `done` gives it to the next in line. */
export class Turn {
  readonly what: string
  readonly place: Place
  /** Statements of this turn that are running. */
  #running = 0
  #idleSince = now()
  readonly done: () => void

  constructor(what: string, place: Place, done: () => void) {
    this.what = what
    this.place = place
    this.done = done
  }

  async working<T>(work: () => Promise<T>): Promise<T> {
    this.#running++
    try {
      return await work()
    } finally {
      this.#running--
      this.#idleSince = now()
    }
  }

  /** For how long nothing has run, in milliseconds; 0 while something does. */
  get idleMs(): number {
    return this.#running > 0 ? 0 : now() - this.#idleSince
  }
}

interface Waiter {
  readonly what: string
  readonly place: Place
  readonly take: (turn: Turn) => void
  readonly refuse: (error: unknown) => void
  timer?: NodeJS.Timeout | undefined
}

/**
 * Those who want the one connection, served in order. Who waits while the holder does nothing for `stallMs` is refused
 * with what `stalled` makes of it: the holder is most likely waiting for the one that waits.
 */
export class Line {
  readonly #stallMs: number
  readonly #stalled: (waiting: string, holder: Turn) => Error
  readonly #waiting: Waiter[] = []
  #holder: Turn | undefined

  constructor(stallMs: number, stalled: (waiting: string, holder: Turn) => Error) {
    this.#stallMs = stallMs
    this.#stalled = stalled
  }

  get holder(): Turn | undefined {
    return this.#holder
  }

  get waiting(): readonly { readonly what: string; readonly place: Place }[] {
    return this.#waiting
  }

  take(what: string, place: Place): Promise<Turn> {
    return new Promise((take, refuse) => {
      const waiter: Waiter = { what, place, take, refuse }
      this.#waiting.push(waiter)
      if (this.#holder === undefined) this.#next()
      else this.#watch(waiter, this.#stallMs)
    })
  }

  refuseAll(error: (what: string) => Error): void {
    for (const waiter of this.#waiting.splice(0)) {
      clearTimeout(waiter.timer)
      waiter.refuse(error(waiter.what))
    }
  }

  #next(): void {
    this.#holder = undefined
    const waiter = this.#waiting.shift()
    if (waiter === undefined) return
    clearTimeout(waiter.timer)
    const turn = new Turn(waiter.what, waiter.place, () => {
      if (this.#holder === turn) this.#next()
    })
    this.#holder = turn
    waiter.take(turn)
  }

  #watch(waiter: Waiter, afterMs: number): void {
    waiter.timer = setTimeout(() => {
      const idleMs = this.#holder?.idleMs ?? 0
      if (this.#holder === undefined || idleMs < this.#stallMs) return this.#watch(waiter, this.#stallMs - idleMs)
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
      waiter.refuse(this.#stalled(waiter.what, this.#holder))
    }, afterMs)
  }
}
