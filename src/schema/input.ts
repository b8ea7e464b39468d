import type { z } from 'zod'
import { InvalidInputError } from '../errors.js'

/** The checked input, before anything is written. @throws {InvalidInputError} with every problem at once. */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown, what: string): T {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  throw new InvalidInputError(
    what,
    result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  )
}
