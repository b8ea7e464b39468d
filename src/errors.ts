/**
 * What can go wrong, as classes: one for each thing a caller would do differently.
 *
 * Every error of this library is a {@link FinanceDbError} with a stable `code`. The driver's own error stays in
 * `cause`. Messages carry names of tables, columns, constraints and settings, never values of rows or secrets,
 * because messages reach logs and agents.
 */
export type FinanceDbErrorCode =
  | 'INVALID_INPUT'
  | 'INVALID_CURSOR'
  | 'INVALID_CONFIG'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'MISSING_REFERENCE'
  | 'STILL_REFERENCED'
  | 'RULE_VIOLATION'
  | 'INSUFFICIENT_FUNDS'
  | 'ACCOUNT_INACTIVE'
  | 'CONSENT_REQUIRED'
  | 'OPERATOR_REQUIRED'
  | 'DECRYPTION_FAILED'
  | 'INVALID_CREDENTIALS'
  | 'TOO_MANY_ATTEMPTS'
  | 'INVALID_TOKEN'
  | 'TOKEN_REUSE'
  | 'ROLE_REQUIRED'
  | 'CONNECTION_FAILED'
  | 'TIMEOUT'
  | 'OUT_OF_RESOURCES'
  | 'PERMISSION_DENIED'
  | 'SCOPE_REFUSED'
  | 'TRANSACTION_CONFLICT'
  | 'TRANSACTION_ABORTED'
  | 'SCHEMA_MISSING'
  | 'UNSUPPORTED'
  | 'MIGRATION_FAILED'
  | 'MIGRATION_EDITED'
  | 'MIGRATIONS_PENDING'
  | 'DATABASE_TOO_NEW'
  | 'QUERY_REFUSED'
  | 'QUERY_LIMIT'
  | 'QUERY_FAILED'
  | 'ROLE_UNFIT'
  | 'READ_STALE'
  | 'AUDIT_FAILED'

/** Base of every error that this library throws on purpose. */
export abstract class FinanceDbError extends Error {
  abstract readonly code: FinanceDbErrorCode
  override readonly name: string = 'FinanceDbError'
}

/** One thing wrong with an input: where, and what would be right. */
export interface InputIssue {
  readonly path: string
  readonly message: string
}

/** The input breaks its schema. Nothing was written. Fix the input; `issues` says where. */
export class InvalidInputError extends FinanceDbError {
  override readonly name = 'InvalidInputError'
  readonly code = 'INVALID_INPUT'
  readonly issues: readonly InputIssue[]

  constructor(what: string, issues: readonly InputIssue[], options?: ErrorOptions) {
    const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    super(`${what} is not valid: ${list.join('; ')}`, options)
    this.issues = issues
  }
}

/** The page cursor was not made by this list. Start again from the first page. */
export class InvalidCursorError extends FinanceDbError {
  override readonly name = 'InvalidCursorError'
  readonly code = 'INVALID_CURSOR'

  constructor(options?: ErrorOptions) {
    super('The cursor does not belong to this list: pass the `next` of its previous page, unchanged.', options)
  }
}

/** An option or environment variable is malformed. The message names it and never shows a secret. */
export class InvalidConfigError extends FinanceDbError {
  override readonly name = 'InvalidConfigError'
  readonly code = 'INVALID_CONFIG'
  readonly issues: readonly InputIssue[]

  constructor(issues: readonly InputIssue[], options?: ErrorOptions) {
    super(
      `The database configuration is not valid:\n${issues.map((i) => `  ${i.path}: ${i.message}`).join('\n')}`,
      options,
    )
    this.issues = issues
  }
}

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
}

abstract class ConstraintError extends FinanceDbError {
  readonly table: string | undefined
  readonly constraint: string | undefined
  readonly column: string | undefined

  constructor(message: string, details: ConstraintDetails = {}, options?: ErrorOptions) {
    super(message, options)
    this.table = details.table
    this.constraint = details.constraint
    this.column = details.column
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

/** The user has no standing consent, or only to an older text, and the call asks for it. Nothing was written. Ask the user. */
export class ConsentRequiredError extends FinanceDbError {
  override readonly name = 'ConsentRequiredError'
  readonly code = 'CONSENT_REQUIRED'

  constructor(options?: ErrorOptions) {
    super('The user has not consented to this, or took the consent back.', options)
  }
}

/** Who acts is not an active operator or admin, or is not there at all. Nothing was written. */
export class OperatorRequiredError extends FinanceDbError {
  override readonly name = 'OperatorRequiredError'
  readonly code = 'OPERATOR_REQUIRED'

  constructor(options?: ErrorOptions) {
    super('Only an active operator or admin may do this.', options)
  }
}

/**
 * A secret of a row cannot be read. `unknown-key`: the host's keys have no `keyId` (any more), so bring it back.
 * `not-authentic`: the ciphertext was changed, moved from another row, or `keyId` names other bytes than it did.
 * `malformed`: it is no ciphertext of ours. Neither the secret nor the ciphertext is in the message.
 */
export class DecryptionError extends FinanceDbError {
  override readonly name = 'DecryptionError'
  readonly code = 'DECRYPTION_FAILED'
  readonly reason: 'unknown-key' | 'not-authentic' | 'malformed'
  readonly keyId: string | undefined

  constructor(reason: DecryptionError['reason'], keyId?: string, options?: ErrorOptions) {
    super(decryptionSentences[reason], options)
    this.reason = reason
    this.keyId = keyId
  }
}

const decryptionSentences: Readonly<Record<DecryptionError['reason'], string>> = {
  'unknown-key': 'The secret cannot be decrypted: there is no key of the id that it names.',
  'not-authentic':
    'The secret cannot be decrypted: it was changed, moved from another row, or its key is another one now.',
  malformed: 'The secret cannot be decrypted: it is not a ciphertext of this library.',
}

/**
 * Nobody may log in with this. Whether the name is unknown, the password wrong, the person inactive or without a password
 * is not told apart, by the message or by the time it takes.
 */
export class InvalidCredentialsError extends FinanceDbError {
  override readonly name = 'InvalidCredentialsError'
  readonly code = 'INVALID_CREDENTIALS'

  constructor(options?: ErrorOptions) {
    super('The name or the password is wrong.', options)
  }
}

/** Too many attempts failed of late, so this one was not looked at. Try again after `retryAfterMs`. */
export class TooManyAttemptsError extends FinanceDbError {
  override readonly name = 'TooManyAttemptsError'
  readonly code = 'TOO_MANY_ATTEMPTS'
  readonly retryAfterMs: number

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    super('Too many attempts failed: wait before the next one.', options)
    this.retryAfterMs = retryAfterMs
  }
}

/** Why a token is not taken. `malformed` is also a token that nobody here has signed or given out. */
export type InvalidTokenReason = 'malformed' | 'expired' | 'ended'

/** The access or refresh token is not good, or no longer. Refresh an expired access token; else the person logs in again. */
export class InvalidTokenError extends FinanceDbError {
  override readonly name = 'InvalidTokenError'
  readonly code = 'INVALID_TOKEN'
  readonly reason: InvalidTokenReason

  constructor(reason: InvalidTokenReason, options?: ErrorOptions) {
    super(`The token is not valid: it is ${reason}.`, options)
    this.reason = reason
  }
}

/**
 * A refresh token was used a second time. When `sessionEnded`, it may have been stolen: every token of its session is dead,
 * and the person should be told. Otherwise two requests met: go on with the token that the other one was given.
 */
export class TokenReuseError extends FinanceDbError {
  override readonly name = 'TokenReuseError'
  readonly code = 'TOKEN_REUSE'
  readonly userId: string
  readonly sessionId: string
  readonly sessionEnded: boolean

  constructor(session: { userId: string; sessionId: string; sessionEnded: boolean }, options?: ErrorOptions) {
    super('The refresh token was used before.', options)
    this.userId = session.userId
    this.sessionId = session.sessionId
    this.sessionEnded = session.sessionEnded
  }
}

/** Who asks has none of the roles that this needs. */
export class RoleRequiredError extends FinanceDbError {
  override readonly name = 'RoleRequiredError'
  readonly code = 'ROLE_REQUIRED'
  readonly roles: readonly string[]

  constructor(roles: readonly string[], options?: ErrorOptions) {
    super(`This needs the role ${roles.join(' or ')}.`, options)
    this.roles = roles
  }
}

/**
 * What came of a write whose connection was lost. `no`: nothing of it is in the database, it was lost before it could be.
 * `unknown`: it had been sent, alone or as a commit, so that it may have happened or not; with an idempotency key, ask again.
 */
export type Applied = 'no' | 'unknown'

export interface ConnectionErrorOptions extends ErrorOptions {
  readonly applied?: Applied
  readonly transient?: boolean
}

/**
 * The database could not be reached, or the connection broke. `applied` says what came of the work. `transient` is false
 * when trying again cannot help: a wrong password, no such database, a handle that was closed.
 */
export class ConnectionError extends FinanceDbError {
  override readonly name = 'ConnectionError'
  readonly code = 'CONNECTION_FAILED'
  readonly applied: Applied
  readonly transient: boolean

  constructor(message: string, { applied = 'no', transient = true, ...options }: ConnectionErrorOptions = {}) {
    super(message, options)
    this.applied = applied
    this.transient = transient
  }
}

/** The server has no room: no disk, no memory. Nothing was written. Somebody has to make room; trying again soon is of no use. */
export class OutOfResourcesError extends FinanceDbError {
  override readonly name = 'OutOfResourcesError'
  readonly code = 'OUT_OF_RESOURCES'
  readonly resource: 'disk' | 'memory' | 'other'

  constructor(resource: 'disk' | 'memory' | 'other', options?: ErrorOptions) {
    super(
      `The database server is out of ${resource === 'other' ? 'a resource' : resource}. Nothing was written.`,
      options,
    )
    this.resource = resource
  }
}

/** A limit in time was hit: a pool slot, a connection, a lock, a statement or a transaction. `waitedFor` says which. */
export class TimeoutError extends FinanceDbError {
  override readonly name = 'TimeoutError'
  readonly code = 'TIMEOUT'
  readonly waitedFor: 'connection' | 'lock' | 'statement' | 'transaction'

  constructor(waitedFor: 'connection' | 'lock' | 'statement' | 'transaction', message: string, options?: ErrorOptions) {
    super(message, options)
    this.waitedFor = waitedFor
  }
}

/** The database role lacks a privilege. Grant it, or connect as another role. */
export class PermissionDeniedError extends FinanceDbError {
  override readonly name = 'PermissionDeniedError'
  readonly code = 'PERMISSION_DENIED'
}

/**
 * Why a scope does not hold. `role`, and `pretence` at the read-only door: the role of the connection is not one whose rows the
 * database limits.
 */
export type ScopeProblem = 'missing' | 'invalid' | 'expired' | 'role' | 'pretence'

/**
 * The rows of this role are those of one person, and no good scope says whose; or (`role`) it is a role that no scope limits.
 * Nothing was read or written. Sign a scope and connect as a role of kind member or agent: see docs/roles.md.
 */
export class ScopeError extends FinanceDbError {
  override readonly name = 'ScopeError'
  readonly code = 'SCOPE_REFUSED'
  readonly reason: ScopeProblem

  constructor(reason: ScopeProblem, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** Another transaction got in the way (serialization failure or deadlock) and retries did not help. Nothing was written. */
export class TransactionConflictError extends FinanceDbError {
  override readonly name = 'TransactionConflictError'
  readonly code = 'TRANSACTION_CONFLICT'
}

/**
 * An earlier statement of the transaction failed and its error was caught, so Postgres undoes all of it. Let such an error
 * through, or give what may fail a nested `transaction`, which is a savepoint.
 */
export class TransactionAbortedError extends FinanceDbError {
  override readonly name = 'TransactionAbortedError'
  readonly code = 'TRANSACTION_ABORTED'

  constructor(options?: ErrorOptions) {
    super('An earlier statement of this transaction failed, so nothing of it is written.', options)
  }
}

/** The finance schema, or a part of it, is not there. Run `migrate(db)`. */
export class SchemaMissingError extends FinanceDbError {
  override readonly name = 'SchemaMissingError'
  readonly code = 'SCHEMA_MISSING'
}

/** This database, driver or installation cannot do what was asked. The message says what to add. */
export class UnsupportedError extends FinanceDbError {
  override readonly name = 'UnsupportedError'
  readonly code = 'UNSUPPORTED'
}

/** Which statement of a migration failed. */
export interface MigrationFailure {
  readonly migration: string
  readonly direction: 'up' | 'down'
  /** Counted from 0; undefined when the migration is code, or failed at commit. */
  readonly statementIndex?: number | undefined
  /** The first 200 characters. Statements of migrations hold no secrets. */
  readonly statement?: string | undefined
  /** Where in the statement, in characters from 1, if Postgres said so. */
  readonly position?: number | undefined
}

/**
 * A statement of a migration failed. That migration was rolled back whole; those before it stay. Correct what the
 * message says and run again.
 */
export class MigrationError extends FinanceDbError {
  override readonly name = 'MigrationError'
  readonly code = 'MIGRATION_FAILED'
  readonly migration: string
  readonly direction: 'up' | 'down'
  readonly statementIndex: number | undefined
  readonly statement: string | undefined
  readonly position: number | undefined

  constructor(message: string, failure: MigrationFailure, options?: ErrorOptions) {
    super(message, options)
    this.migration = failure.migration
    this.direction = failure.direction
    this.statementIndex = failure.statementIndex
    this.statement = failure.statement
    this.position = failure.position
  }
}

/** The schema is not up to date, and this process is not to migrate it (mode `check`). Migrate, then start it again. */
export class MigrationsPendingError extends FinanceDbError {
  override readonly name = 'MigrationsPendingError'
  readonly code = 'MIGRATIONS_PENDING'
  readonly migrations: readonly string[]

  constructor(migrations: readonly string[], options?: ErrorOptions) {
    super(`The schema is not up to date: ${migrations.join(', ')}. Run finance-db migrate, then start again.`, options)
    this.migrations = migrations
  }
}

/** An applied migration is not what the code now says it is. Restore its file; correct it in a new one. */
export class MigrationEditedError extends FinanceDbError {
  override readonly name = 'MigrationEditedError'
  readonly code = 'MIGRATION_EDITED'
  readonly migrations: readonly string[]

  constructor(migrations: readonly string[], options?: ErrorOptions) {
    super(
      `Edited after being applied: ${migrations.join(', ')}. Restore the statements and correct them in a new migration.`,
      options,
    )
    this.migrations = migrations
  }
}

/** The database has migrations that this version does not know and cannot work with or undo. Deploy the newer version. */
export class DatabaseTooNewError extends FinanceDbError {
  override readonly name = 'DatabaseTooNewError'
  readonly code = 'DATABASE_TOO_NEW'
  readonly migrations: readonly string[]

  constructor(message: string, migrations: readonly string[], options?: ErrorOptions) {
    super(message, options)
    this.migrations = migrations
  }
}

/** What the read-only door refused in a query. */
export type QueryRefusal =
  | 'syntax'
  | 'statement'
  | 'clause'
  | 'relation'
  | 'column'
  | 'function'
  | 'type'
  | 'operator'
  | 'permission'
  | 'write'

/**
 * The read-only door does not run this query: it is not allowed, which is never the same as finding nothing. The message
 * says what is wrong and `hint` what is allowed, in words that a language model can act on. `position` counts characters of
 * the query from 1.
 */
export class QueryRefusedError extends FinanceDbError {
  override readonly name = 'QueryRefusedError'
  readonly code = 'QUERY_REFUSED'
  readonly reason: QueryRefusal
  readonly hint: string | undefined
  readonly position: number | undefined

  constructor(
    reason: QueryRefusal,
    message: string,
    { hint, position, ...options }: ErrorOptions & { hint?: string | undefined; position?: number | undefined } = {},
  ) {
    super(message, options)
    this.reason = reason
    this.hint = hint
    this.position = position
  }
}

/** Which limit of the read-only door a query hit. */
export type QueryLimit = 'time' | 'rows' | 'bytes' | 'cell' | 'cost' | 'queue' | 'notices' | 'length'

/** The query hit a limit of the read-only door, and gave no answer. Ask for less; `hint` says how. */
export class QueryLimitError extends FinanceDbError {
  override readonly name = 'QueryLimitError'
  readonly code = 'QUERY_LIMIT'
  readonly limit: QueryLimit
  readonly hint: string | undefined

  constructor(limit: QueryLimit, message: string, { hint, ...options }: ErrorOptions & { hint?: string } = {}) {
    super(message, options)
    this.limit = limit
    this.hint = hint
  }
}

/**
 * The server could not run the query: a wrong column, a division by zero. Correct it. The server's own words are passed on
 * only where they cannot hold values of rows, and there is no `cause`.
 */
export class QueryFailedError extends FinanceDbError {
  override readonly name = 'QueryFailedError'
  readonly code = 'QUERY_FAILED'
  /** PostgreSQL manual, appendix A. */
  readonly sqlState: string
  /** Where in the query, in characters from 1, if the server said so. */
  readonly position: number | undefined
  readonly hint: string | undefined

  constructor(
    sqlState: string,
    message: string,
    { position, hint }: { position?: number | undefined; hint?: string | undefined } = {},
  ) {
    super(message)
    this.sqlState = sqlState
    this.position = position
    this.hint = hint
  }
}

/** The database role of the read-only door could do more than read what it should. `problems` are all of them. */
export class UnfitRoleError extends FinanceDbError {
  override readonly name = 'UnfitRoleError'
  readonly code = 'ROLE_UNFIT'
  /** Sentences. */
  readonly problems: readonly string[]

  constructor(role: string, problems: readonly string[], options?: ErrorOptions) {
    super(`The role ${role} is not fit for the read-only door: ${problems.join(' ')}`, options)
    this.problems = problems
  }
}

/** The standby is further behind than the caller allows. Ask again, ask the primary, or allow more. */
export class StaleReadError extends FinanceDbError {
  override readonly name = 'StaleReadError'
  readonly code = 'READ_STALE'
}

/** The query ran, but its audit row could not be written, so the answer is withheld. */
export class AuditFailedError extends FinanceDbError {
  override readonly name = 'AuditFailedError'
  readonly code = 'AUDIT_FAILED'

  constructor(options?: ErrorOptions) {
    super('The query could not be recorded, so its answer is withheld.', options)
  }
}
