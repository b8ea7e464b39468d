import { FinanceDbError } from './base.js'

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

/** Of what is wrong with a role, as much as a person reads: an owner's list has hundreds. */
const FEW = 5

/** The database role of the read-only door could do more than read what it should. `problems` are all of them. */
export class UnfitRoleError extends FinanceDbError {
  override readonly name = 'UnfitRoleError'
  readonly code = 'ROLE_UNFIT'
  /** Sentences, all of them: the message has the first few. */
  readonly problems: readonly string[]

  constructor(role: string, problems: readonly string[], options?: ErrorOptions) {
    const different = [...new Set(problems)]
    const more = different.length - FEW
    const tail = more > 0 ? ` And ${more} more, which \`problems\` lists.` : ''
    super(
      `The role ${role} is not fit for the read-only door: ${different.slice(0, FEW).join(' ')}${tail} ` +
        'Log in as a role that `finance-db provision` made, such as finance_agent.',
      options,
    )
    this.problems = different
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
