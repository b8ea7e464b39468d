import { constraintSentences } from '../constraints.js'
import type { ConflictError, MissingReferenceError, RuleViolationError } from '../errors.js'

type RuleError = typeof ConflictError | typeof MissingReferenceError | typeof RuleViolationError

/** The error of a rule that is found broken here, as it is when the database finds it: same sentence, table and name. */
export function brokenRule<Class extends RuleError>(
  Class: Class,
  table: string,
  constraint: string,
  { index, ...options }: ErrorOptions & { index?: number | undefined } = {},
): InstanceType<Class> {
  return new Class(
    constraintSentences[constraint] as string,
    { table, constraint, index },
    options,
  ) as InstanceType<Class>
}
