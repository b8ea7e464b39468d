import { constraintSentences } from './constraints.js'
import {
  AccountInactiveError,
  ConflictError,
  ConnectionError,
  FinanceDbError,
  InsufficientFundsError,
  InvalidInputError,
  MissingReferenceError,
  OutOfResourcesError,
  PermissionDeniedError,
  RuleViolationError,
  SchemaMissingError,
  ScopeError,
  type ScopeProblem,
  StillReferencedError,
  TimeoutError,
  TransactionAbortedError,
  TransactionConflictError,
} from './errors.js'
import { sqlState } from './sql-state.js'

/** What pg and PGlite put on an error of the server. */
interface PostgresError extends Error {
  readonly code: string
  readonly table?: string
  readonly constraint?: string
  readonly column?: string
  readonly detail?: string
}

/** The SQLSTATE of an error or of what caused it, through our own wrapping; undefined when no server sent one. */
export function sqlStateOf(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    const state = sqlState(e)
    if (state !== undefined) return state
  }
  return undefined
}

/**
 * Turns an error of the driver into one of ours and throws it. Made for `.catch(translateError)`. What is already ours, or
 * has no meaning to a caller beyond its message, is thrown as it is.
 */
export function translateError(error: unknown): never {
  throw translate(error, 'write')
}

/** {@link translateError} for deletes, where a foreign key fails because others still refer to the row. */
export function translateDeleteError(error: unknown): never {
  throw translate(error, 'delete')
}

/** {@link translateError}, giving the error instead of throwing it. */
export function asOurs(error: unknown): unknown {
  return translate(error, 'write')
}

function translate(error: unknown, doing: 'write' | 'delete'): unknown {
  if (error instanceof FinanceDbError || !(error instanceof Error)) return error
  if (!isPostgresError(error)) return translateBrokenConnection(error)

  const { code } = error
  const { table, constraint, column } = error
  const details = { table, constraint, column, index: indexIn(error) }
  const options = { cause: error }
  const rule = sentence(error)

  if (code === '23505' || code === '23P01') return new ConflictError(rule, details, options)
  if (code === '23001' || (code === '23503' && doing === 'delete')) {
    return new StillReferencedError(`Rows of ${table ?? 'another table'} still refer to it.`, details, options)
  }
  if (code === '23503') return new MissingReferenceError(rule, details, options)
  const Meaning = rules[constraint ?? '']
  if (Meaning !== undefined) return new Meaning(rule, details, options)
  if (code === '23514' || code === '23502') return new RuleViolationError(rule, details, options)
  if (code === '22003') {
    return new RuleViolationError('A number is too large: money holds 15 digits before the point.', details, options)
  }
  if (code.startsWith('22')) {
    const message = isNoUuid(error) ? 'an id is not a UUID' : `Postgres cannot read a value (SQLSTATE ${code})`
    return new InvalidInputError('The input', [{ path: '', message }], options)
  }
  const problem = scopeProblems[constraint ?? '']
  if (code === '42501' && problem !== undefined) return new ScopeError(problem, rule, options)
  if (code === '42501' && 'routine' in error && error.routine === 'check_enable_rls') {
    return new PermissionDeniedError(
      'row_security is off in this session, so what policies limit cannot be touched at all: set it on for the database role.',
      options,
    )
  }
  if (code === '42501') {
    return new PermissionDeniedError('The database role lacks a privilege for this statement.', options)
  }
  if (code === '25006') {
    return new PermissionDeniedError('The connection is read-only: write through a read-write one.', options)
  }
  if (code === '42P01' || code === '3F000' || code === '42883' || code === '42703') {
    return new SchemaMissingError(
      `${error.message}: is the schema there and up to date? Run migrate(db), or finance-db migrate.`,
      options,
    )
  }
  if (code === '40001' || code === '40P01') {
    return new TransactionConflictError('Another transaction got in the way: run this one again.', options)
  }
  if (code === '25P02') return new TransactionAbortedError(options)
  if (code === '25P03' || code === '25P04')
    return new TimeoutError(
      'transaction',
      'The transaction was open or idle for too long, and the server ended it.',
      options,
    )
  if (code === '55P03')
    return new TimeoutError('lock', 'A lock was not free in time: another transaction holds it.', options)
  if (code === '57014')
    return new TimeoutError('statement', 'The statement was cancelled: it ran too long or was aborted.', options)
  if (code === '53100') return new OutOfResourcesError('disk', options)
  if (code === '53200') return new OutOfResourcesError('memory', options)
  if (code.startsWith('53') && code !== '53300') return new OutOfResourcesError('other', options)
  if (code.startsWith('08') || code.startsWith('57P') || code === '53300') {
    return new ConnectionError('The database closed or refused the connection.', {
      ...options,
      applied: refusals.has(code) ? 'no' : 'unknown',
      transient: code !== '57P04',
    })
  }
  return error
}

/** The server took no connection, so it was sent nothing: too many of them, starting up, or no agreement on how to talk. */
const refusals = new Set(['53300', '57P03', '08001', '08004'])

/** Rules whose break a caller answers in its own way. */
const rules: Readonly<Record<string, typeof InsufficientFundsError | typeof AccountInactiveError>> = {
  accounts_available: InsufficientFundsError,
  accounts_minimum_balance_check: InsufficientFundsError,
  accounts_active: AccountInactiveError,
}

const scopeProblems: Readonly<Record<string, ScopeProblem>> = {
  scope_missing: 'missing',
  scope_invalid: 'invalid',
  scope_expired: 'expired',
  scope_role: 'role',
}

function isPostgresError(error: Error): error is PostgresError {
  return sqlState(error) !== undefined && 'severity' in error
}

/** Which of a list our functions refused: see `raise` of the migrations. */
function indexIn({ detail }: PostgresError): number | undefined {
  const [, index] = /^index (\d+)$/.exec(detail ?? '') ?? []
  return index === undefined ? undefined : Number(index)
}

function sentence({ constraint, table, column, code }: PostgresError): string {
  const known = constraint === undefined ? undefined : constraintSentences[constraint]
  if (known !== undefined) return known
  if (constraint?.endsWith('_pkey')) return `${table ?? 'The table'} already has a row with this id.`
  if (code === '23502') return `${table ?? 'The row'} needs a ${column ?? 'value'}.`
  return `The rule ${constraint ?? code} of ${table ?? 'the table'} does not hold.`
}

/**
 * Sockets speak in system error codes, and pg in sentences. The statement had been sent, so nobody knows what came of it:
 * "not queryable" too, since Kysely shows that of a rollback in place of the commit that broke the connection.
 */
const brokenSocket = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTCONN'])
const brokenClient = /^(Connection terminated|Client has encountered a connection error|Client was closed)/

/** Postgres names the type in front of the colon, in whatever language, and the value after it. */
function isNoUuid({ code, message }: PostgresError): boolean {
  return code === '22P02' && /^[^:]*\buuid\b/.test(message)
}

/** Whether the driver says that the connection broke: from our side, or told by the server as it closed it. */
export function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (isPostgresError(error)) return /^(08|57P0[1235])/.test(error.code)
  const code = 'code' in error ? error.code : undefined
  return (typeof code === 'string' && brokenSocket.has(code)) || brokenClient.test(error.message)
}

function translateBrokenConnection(error: Error): unknown {
  if (isBrokenConnection(error)) {
    return new ConnectionError('The connection to the database broke.', { cause: error, applied: 'unknown' })
  }
  // Kysely has neither class nor code for it.
  if (error.message === 'driver has already been destroyed') {
    return new ConnectionError('This handle was closed.', { cause: error, transient: false })
  }
  return error
}
