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

/** {@link parseInput} for changes: a field that is undefined is one that was left out. Undefined when none is left. */
export function parseChanges<T extends object>(schema: z.ZodType<T>, changes: unknown): T | undefined {
  const given = Object.entries(parseInput(schema, changes, 'The changes')).filter(([, value]) => value !== undefined)
  return given.length === 0 ? undefined : (Object.fromEntries(given) as T)
}
