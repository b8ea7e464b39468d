import { z } from 'zod'
import {
  ConnectionError,
  FinanceDbError,
  OutOfResourcesError,
  TimeoutError,
  TransactionConflictError,
} from '../errors.js'
import { parseInput } from '../schema/input.js'

/** How calls that come at once are put together. */
export interface BatchOptions {
  /** How many calls a batch holds at most, 1 to 1,000. Default 100. */
  readonly size?: number | undefined
  /** How many batches run at once, each on a connection, 1 to 100. Default 2. */
  readonly parallel?: number | undefined
}

const batchOptions = z.strictObject({
  size: z.int().min(1).max(1000).default(100),
  parallel: z.int().min(1).max(100).default(2),
})

interface Call<Input, Output> {
  readonly input: Input
  readonly resolve: (output: Output) => void
  readonly reject: (error: unknown) => void
}

/** What is to be done in batches. */
export interface Work<Input, Output> {
  readonly one: (input: Input) => Promise<Output>
  /** All or none, in the order of the input. */
  readonly many: (inputs: readonly Input[]) => Promise<Output[]>
  /** Two with one key are never in one batch. */
  readonly keyOf: (input: Input) => string
}

/**
 * A function whose calls are gathered while others are under way, and done together. One that is refused does not stop the
 * others of its batch: the halves are tried by themselves, down to the one, so that a call's error is its own and many that are
 * refused cost no more than a few times as much.
 */
export function gather<Input, Output>(
  { one, many, keyOf }: Work<Input, Output>,
  options: BatchOptions,
): (input: Input) => Promise<Output> {
  const { size, parallel } = parseInput(batchOptions, options, 'The options')
  let waiting: Call<Input, Output>[] = []
  let running = 0
  let scheduled = false

  function start(): void {
    scheduled = false
    while (running < parallel && waiting.length > 0) {
      const share = Math.ceil(waiting.length / (parallel - running))
      running++
      void run(take(Math.min(size, share))).finally(() => {
        running--
        schedule()
      })
    }
  }

  /** After the callers of a batch that is done had their turn: what they ask for next goes into the next. */
  function schedule(): void {
    if (scheduled || waiting.length === 0) return
    scheduled = true
    setImmediate(start)
  }

  function take(most: number): Call<Input, Output>[] {
    const batch = new Map<string, Call<Input, Output>>()
    const later: Call<Input, Output>[] = []
    let seen = 0
    for (const call of waiting) {
      if (batch.size === most) break
      seen++
      const key = keyOf(call.input)
      if (batch.has(key)) later.push(call)
      else batch.set(key, call)
    }
    waiting = [...later, ...waiting.slice(seen)]
    return [...batch.values()]
  }

  async function run(calls: readonly Call<Input, Output>[]): Promise<void> {
    try {
      const inputs = calls.map(({ input }) => input)
      const outputs = inputs.length === 1 ? [await one(inputs[0] as Input)] : await many(inputs)
      for (const [i, { resolve }] of calls.entries()) resolve(outputs[i] as Output)
    } catch (error) {
      if (calls.length === 1 || isOfAll(error)) {
        for (const { reject } of calls) reject(error)
        return
      }
      const middle = calls.length >> 1
      await run(calls.slice(0, middle))
      await run(calls.slice(middle))
    }
  }

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject })
      schedule()
    })
}

/** Whether each of a batch would meet with it, so that trying one by one only takes longer. */
function isOfAll(error: unknown): boolean {
  return (
    !(error instanceof FinanceDbError) ||
    error instanceof ConnectionError ||
    error instanceof TimeoutError ||
    error instanceof OutOfResourcesError ||
    error instanceof TransactionConflictError
  )
}
