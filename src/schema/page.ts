import { z } from 'zod'
import type { InputOf } from './input-of.js'

const pageRequestFields = {
  /** Rows at most, 1 to 1000; 50 when left out. */
  limit: z.int().min(1).max(1000).optional(),
  /** The `next` of the page before. */
  after: z.string().optional(),
}

/** Which page of a list. What comes as the query of a URL needs its `limit` made a number first. */
export const pageRequest = z.strictObject(pageRequestFields)

export type PageRequest = InputOf<typeof pageRequestFields>
