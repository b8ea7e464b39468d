import { constraintSentences } from '../constraints.js'
import { MissingReferenceError, RuleViolationError } from '../errors.js'
import { translateError } from '../postgres-errors.js'

/** The account of a transaction does not exist for its user. */
export function noAccount(cause?: unknown): never {
  const constraint = 'transactions_account_id_fkey'
  throw new MissingReferenceError(
    constraintSentences[constraint] as string,
    { table: 'transactions', constraint },
    { cause },
  )
}

/** An account that is not there leaves the currency null, and that is what Postgres complains of first. */
export function translateInsertError(error: unknown): never {
  try {
    translateError(error)
  } catch (ours) {
    if (ours instanceof RuleViolationError && ours.column === 'currency') noAccount(ours.cause)
    throw ours
  }
}
