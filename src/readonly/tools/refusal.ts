import {
  ConnectionError,
  FinanceDbError,
  InvalidInputError,
  QueryFailedError,
  QueryLimitError,
  QueryRefusedError,
  StaleReadError,
} from '../../errors.js'

/** Why there is no answer, in words for the model that asked. */
export interface Refusal {
  readonly text: string
  /** Whether another query can be better: else it is for the operator, and the model should not try again. */
  readonly kind: 'refused' | 'unavailable'
}

const end = 'Nothing was returned: this says nothing about whether there are such rows.'

/** Undefined for what is no answer to the model but the end of its call, such as an abort. */
export function refusalOf(error: unknown, sql?: string): Refusal | undefined {
  if (error instanceof QueryRefusedError) {
    return refused(`Not allowed (${error.reason}): ${error.message}`, error.hint, near(sql, error.position))
  }
  if (error instanceof QueryLimitError) return refused(`Limit reached (${error.limit}): ${error.message}`, error.hint)
  if (error instanceof QueryFailedError) {
    return refused(
      `The query failed (SQLSTATE ${error.sqlState}): ${error.message}`,
      error.hint,
      near(sql, error.position),
    )
  }
  if (error instanceof StaleReadError) return refused(error.message, 'Ask again in a few seconds.')
  if (error instanceof InvalidInputError) return refused(error.message, 'Correct the input and call again.')
  if (error instanceof ConnectionError) return unavailable('The database cannot be reached now.')
  if (error instanceof FinanceDbError) return unavailable('The database is not set up to answer this.')
  return undefined
}

function refused(...parts: ReadonlyArray<string | undefined>): Refusal {
  return { kind: 'refused', text: [...parts.filter((part) => part !== undefined), end].join('\n') }
}

function unavailable(message: string): Refusal {
  return {
    kind: 'unavailable',
    text: `${message} This is for the operator to mend, and no other query will help: say so, and do not try again. ${end}`,
  }
}

/** The place in the query that the error is about. */
function near(sql: string | undefined, position: number | undefined): string | undefined {
  if (sql === undefined || position === undefined) return undefined
  // Positions count characters, and those beyond 16 bits are one.
  const characters = Array.from(sql)
  const excerpt = characters.slice(position - 1, position + 59).join('')
  return excerpt.trim() === '' ? undefined : `At character ${position}: ${excerpt.split('\n', 1)[0]}`
}
