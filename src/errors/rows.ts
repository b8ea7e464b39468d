import { FinanceDbError } from './base.js'

/** No such row, or it belongs to someone else: the two are not told apart. */
export class NotFoundError extends FinanceDbError {
  override readonly name = 'NotFoundError'
  readonly code = 'NOT_FOUND'
  readonly entity: string

  constructor(entity: string, options?: ErrorOptions) {
    super(`No such ${entity}, or it belongs to another user.`, options)
    this.entity = entity
  }
}

/** Details that Postgres gives about a broken constraint. */
export interface ConstraintDetails {
  readonly table?: string | undefined
  readonly constraint?: string | undefined
  readonly column?: string | undefined
  /** Which of the list that was given, from 0. Undefined where there was no list, or the database did not say. */
  readonly index?: number | undefined
}

abstract class ConstraintError extends FinanceDbError {
  readonly table: string | undefined
  readonly constraint: string | undefined
  readonly column: string | undefined
  readonly index: number | undefined

  constructor(message: string, details: ConstraintDetails = {}, options?: ErrorOptions) {
    super(details.index === undefined ? message : `${message} (At ${details.index} of the list, from 0.)`, options)
    this.table = details.table
    this.constraint = details.constraint
    this.column = details.column
    this.index = details.index
  }
}

/**
 * Something else already has this unique value, or an idempotency key was used before with other contents.
 * Read the existing row, or choose another key.
 */
export class ConflictError extends ConstraintError {
  override readonly name: string = 'ConflictError'
  readonly code = 'CONFLICT'
}

/**
 * An import brings rows whose `external_id` is there already for another movement: another day, amount or currency.
 * Nothing was imported. `externalIds` are some of them, at most ten, and `count` says how many rows there are.
 */
export class ImportConflictError extends ConflictError {
  override readonly name = 'ImportConflictError'
  readonly count: number
  readonly externalIds: readonly string[]

  constructor(count: number, externalIds: readonly string[], details: ConstraintDetails = {}, options?: ErrorOptions) {
    super(
      `${count} ${count === 1 ? 'row has' : 'rows have'} an external_id that the account already has for another movement.`,
      details,
      options,
    )
    this.count = count
    this.externalIds = externalIds
  }
}

/** The row refers to something that does not exist (or belongs to another user). Create that first. */
export class MissingReferenceError extends ConstraintError {
  override readonly name = 'MissingReferenceError'
  readonly code = 'MISSING_REFERENCE'
}

/** The row cannot be deleted or re-keyed while others refer to it. Remove those first. */
export class StillReferencedError extends ConstraintError {
  override readonly name = 'StillReferencedError'
  readonly code = 'STILL_REFERENCED'
}

/** The change breaks a rule of the schema (a check, a not-null, an append-only table). Change the request. */
export class RuleViolationError extends ConstraintError {
  override readonly name = 'RuleViolationError'
  readonly code = 'RULE_VIOLATION'
}

/** The account may not go as low as this would take it. Nothing was moved. Take less, or wait for money to come in. */
export class InsufficientFundsError extends ConstraintError {
  override readonly name = 'InsufficientFundsError'
  readonly code = 'INSUFFICIENT_FUNDS'
}

/** The account is frozen or closed. Nothing was moved. Use another account, or make it active again. */
export class AccountInactiveError extends ConstraintError {
  override readonly name = 'AccountInactiveError'
  readonly code = 'ACCOUNT_INACTIVE'
}
