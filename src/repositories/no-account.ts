import { MissingReferenceError, RuleViolationError } from '../errors.js'
import { asOurs } from '../postgres-errors.js'
import { brokenRule } from './broken-rule.js'

/** The account of a transaction does not exist for its user. */
export function noAccount(cause?: unknown): never {
  throw brokenRule(MissingReferenceError, 'transactions', 'transactions_account_id_fkey', { cause })
}

/** An account that is not there leaves the currency null, and that is what Postgres complains of first. */
export function translateInsertError(error: unknown): never {
  const ours = asOurs(error)
  if (ours instanceof RuleViolationError && ours.column === 'currency') noAccount(ours.cause)
  throw ours
}
