import { z } from 'zod'
import { parseInput } from '../schema/input.js'

/** What one query may take. Those of a query can only be tighter than those of its door. */
export interface QueryLimits {
  /** Milliseconds, on the server's clock and on ours. Default 10,000. */
  readonly timeoutMs: number
  /** Rows of an answer; more are cut off (`query`) or refused (typed queries). Default 5,000. */
  readonly maxRows: number
  /** Bytes that the server may send for one query. The connection is ended at once beyond it. Default 8 MiB. */
  readonly maxBytes: number
  /** Bytes of one value, as text. Default 256 KiB. */
  readonly maxCellBytes: number
  /** Characters of the query itself. Default 50,000. */
  readonly maxSqlLength: number
  /**
   * The planner's total cost, asked for with EXPLAIN before the query runs, which takes one more round trip. Default: not
   * asked.
   */
  readonly maxCost?: number | undefined
}

const day = 86_400_000
const shape = {
  timeoutMs: z.int().min(1).max(day),
  maxRows: z.int().min(1).max(1_000_000),
  // The driver makes strings of what arrives, and V8's longest is 512 MiB.
  maxBytes: z
    .int()
    .min(1024)
    .max(256 * 1024 * 1024),
  maxCellBytes: z
    .int()
    .min(1)
    .max(256 * 1024 * 1024),
  maxSqlLength: z.int().min(1).max(1_000_000),
  maxCost: z.number().positive(),
}

export const queryLimits = z.strictObject(shape).partial()

export const defaultLimits: QueryLimits = {
  timeoutMs: 10_000,
  maxRows: 5000,
  maxBytes: 8 * 1024 * 1024,
  maxCellBytes: 256 * 1024,
  maxSqlLength: 50_000,
}

/** The limits of a door: what is given, and the defaults. @throws {InvalidInputError} */
export function doorLimits(given: unknown): QueryLimits {
  return { ...defaultLimits, ...defined(parseInput(queryLimits, given ?? {}, 'The limits')) }
}

/** The limits of a query: of each the tighter one. @throws {InvalidInputError} */
export function tighten(limits: QueryLimits, given: unknown): QueryLimits {
  if (given === undefined) return limits
  const asked = defined(parseInput(queryLimits, given, 'The limits'))
  const tightened: Record<string, number | undefined> = { ...limits }
  for (const [name, value] of Object.entries(asked)) {
    tightened[name] = Math.min(value, tightened[name] ?? Infinity)
  }
  return tightened as unknown as QueryLimits
}

function defined(values: z.infer<typeof queryLimits>): Partial<Record<keyof QueryLimits, number>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
