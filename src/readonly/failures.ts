import {
  ConnectionError,
  FinanceDbError,
  QueryFailedError,
  QueryLimitError,
  QueryRefusedError,
  ScopeError,
  TransactionConflictError,
} from '../errors.js'
import { sqlState } from '../sql-state.js'

interface ServerError extends Error {
  readonly code: string
  readonly position?: string
  readonly constraint?: string
}

/**
 * States of parse analysis: with a position in the query, their message was made of the query and the names in it alone.
 * Without one, the same state may come from a value (`to_tsquery` gives 42601, a cast to regclass 42P01).
 */
const safeStates = new Set([
  '42601', // syntax
  '42703', // no such column
  '42P01', // no such table
  '42883', // no such function
  '42702', // ambiguous column
  '42725', // ambiguous function
  '42712', // the same alias twice
  '42803', // grouping
  '42804', // datatype mismatch
  '42809', // wrong object type
  '42846', // no such cast
  '42P10', // wrong column reference
  '42P18', // indeterminate type
  '42P19', // recursion
  '42P20', // windowing
  '42P08', // ambiguous parameter
  '42P02', // no such parameter
  '42704', // no such object
  '0A000', // not supported
])

const sentences: Readonly<Record<string, string>> = {
  '22012': 'It divides by zero: use nullif(divisor, 0).',
  '22003': 'A number is out of the range of its type: cast to numeric.',
  '22P02': 'A value cannot be read as the type it is cast to: filter such values out, or compare them as text.',
  '22007': 'A value is not a date or time of the form that is expected: write days as YYYY-MM-DD.',
  '22008': 'A date or time is out of range.',
  '22001': 'A text is too long for its type.',
  '2201B': 'A regular expression is not valid.',
  '22023': 'An argument of a function is not valid.',
  '22011': 'substring was given a negative length.',
  '2201E': 'ln or log was given zero or less: filter such values out.',
  '2201F': 'power or sqrt was given a value that it has no result for.',
  '2201W': 'LIMIT must not be negative.',
  '22030': 'An object of JSON has a key twice.',
  '22032': 'A text is not JSON.',
  '21000': 'A subquery that stands for one value gave several rows: add limit 1, or an aggregate.',
  '54001': 'The query is nested too deeply.',
  '54000': 'The query is too large or too complex.',
  '54011': 'The query gives too many columns.',
  '54023': 'A function was given too many arguments.',
  '53200': 'The server has no memory left for it: ask for less.',
  '53100': 'The server has no disk space left for it: ask for less.',
  '53400': 'The query writes more temporary data than is allowed: ask for less at once.',
  '08P01': 'The number of parameters is not that of the query.',
}

/** Of every state of the class, by its first two characters. */
const classSentences: Readonly<Record<string, string>> = {
  '22': 'A value does not fit what is done with it.',
  '42': 'The query does not fit the tables.',
  '53': 'The server has not enough left for it: ask for less.',
  '54': 'The query is too large or too complex.',
}

const scopeReasons: Readonly<Record<string, [ScopeError['reason'], string]>> = {
  scope_missing: ['missing', 'This role sees the rows of one user only: query through asUser(userId).'],
  scope_invalid: ['invalid', 'The scope of the user was not signed with a key that the database knows.'],
  scope_expired: ['expired', 'The scope of the user has expired: are the clocks of this host and of the server right?'],
}

/** The error of a server as one that shows nothing of any row. What the server said is not even in `cause`. */
export function queryFailure(error: unknown, sqlOffset = 0): Error {
  if (error instanceof FinanceDbError) return error
  const state = sqlState(error)
  if (state === undefined || !(error instanceof Error)) {
    return new ConnectionError('The connection of the read-only door broke.')
  }
  const { position: at, constraint, message } = error as ServerError
  const position = at === undefined ? undefined : Math.max(1, Number(at) - sqlOffset)
  const scope = scopeReasons[constraint ?? '']
  if (scope !== undefined) return new ScopeError(...scope)

  if (state === '42501') {
    return new QueryRefusedError(
      'permission',
      'The database does not allow it: a table, column or function is withheld.',
      {
        hint: 'Name the columns that you need instead of *, and only tables and columns of the description of the schema.',
        position,
      },
    )
  }
  if (state === '25006') return new QueryRefusedError('write', 'Nothing can be written or locked here.', { position })
  if (state === '57014') return timeFailure()
  if (state === '25P03' || state === '25P04') return timeFailure()
  if (state === '55P03') return new QueryLimitError('time', 'A table is locked just now: ask again.')
  if (state === '40001') return new TransactionConflictError('The server is a standby that had to go on: ask again.')
  if (state.startsWith('08') && state !== '08P01') return new ConnectionError('The server ended the connection.')
  if (state.startsWith('57P') || state === '53300')
    return new ConnectionError(`The server is not there just now (${state}).`)

  const own = safeStates.has(state) && position !== undefined ? clean(message) : undefined
  const known = sentences[state] ?? classSentences[state.slice(0, 2)] ?? 'The server could not run the query.'
  const reason = own === undefined ? known : `${own[0]?.toUpperCase()}${own.slice(1)}.`
  return new QueryFailedError(state, reason, { position })
}

export function timeFailure(timeoutMs?: number): QueryLimitError {
  const limit = timeoutMs === undefined ? 'as long as is allowed' : `${timeoutMs} ms, which is all that is allowed`
  return new QueryLimitError('time', `The query ran ${limit}, and was cancelled.`, {
    hint: 'Ask for less: filter by date, aggregate earlier, avoid joins without a condition.',
  })
}

/** One line without characters that steer a terminal or hide text. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 300)
}
