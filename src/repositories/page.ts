import type { z } from 'zod'
import { InvalidCursorError } from '../errors.js'
import { parseInput } from '../schema/input.js'
import { type PageRequest, pageRequest } from '../schema/page.js'

export type { PageRequest } from '../schema/page.js'

/** One page of a list. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Give it as `after` to get what follows; null on the last page. Opaque, and good as long as the order exists. */
  readonly next: string | null
}

/** The limit of a request that was checked. */
export function pageLimit(request: PageRequest): number {
  return parseInput(pageRequest, request, 'The page').limit ?? 50
}

/** Cuts the extra row that only tells whether more follows. `key` gives what the list is ordered by. */
export function toPage<Row>(rows: readonly Row[], limit: number, key: (row: Row) => readonly string[]): Page<Row> {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last !== undefined ? encodeCursor(key(last)) : null }
}

function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** The key of the last row of the page before. @throws {InvalidCursorError} when it was not made by such a list. */
export function decodeCursor<Key extends z.ZodType>(after: string, key: Key): z.infer<Key> {
  try {
    return key.parse(JSON.parse(Buffer.from(after, 'base64url').toString()))
  } catch (cause) {
    throw new InvalidCursorError({ cause })
  }
}
