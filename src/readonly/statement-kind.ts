import { QueryLimitError, QueryRefusedError } from '../errors.js'
import type { QueryLimits } from './limits.js'

const readers = ['select', 'with', 'values', 'table']

export const statementHint =
  'Send one statement that begins with SELECT, WITH, VALUES or TABLE, without any text after it. For a plan, use explain.'

/**
 * Looks at the first word only, which no comment or bracket can hide: whatever begins with one of these words either reads
 * or is refused in a read-only transaction. The extended protocol sees to it that there is one statement. So COMMIT, SET, DO,
 * COPY, PREPARE, LISTEN, LOCK and all others never reach the server, parser guard or not.
 */
export function assertReader(sql: string, { maxSqlLength }: Pick<QueryLimits, 'maxSqlLength'>): void {
  if (sql.length > maxSqlLength) {
    throw new QueryLimitError('length', `The query has ${sql.length} characters, and ${maxSqlLength} are allowed.`, {
      hint: 'Shorten it: pass long lists as one array parameter.',
    })
  }
  if (sql.includes('\0')) throw new QueryRefusedError('syntax', 'The query contains a NUL character: leave it out.')
  if (symbols.test(sql)) {
    throw new QueryRefusedError('syntax', 'The query has too many symbols in a row.', {
      hint: 'Leave out comments that draw a line.',
    })
  }
  const word = firstWord(sql)
  if (word === '') throw new QueryRefusedError('statement', 'There is no statement.', { hint: statementHint })
  if (!readers.includes(word)) {
    throw new QueryRefusedError(
      'statement',
      `Statements that begin with "${word.slice(0, 40)}" are not allowed here.`,
      {
        hint: statementHint,
      },
    )
  }
}

// The lexer of Postgres takes the square of the time for them: 50,000 stop a process, or a backend, for seconds.
const symbols = /[-+*/<>=~!@#%^&|`?]{500}/

const blanks = /(?:[ \t\n\r\f\v(]+|--[^\n\r]*)+/y
const letters = /[A-Za-z_]+/y

/** In lower case; one character of anything that is not a word. */
function firstWord(sql: string): string {
  let at = 0
  for (;;) {
    blanks.lastIndex = at
    if (blanks.test(sql)) at = blanks.lastIndex
    else if (sql.startsWith('/*', at)) at = afterComment(sql, at)
    else break
  }
  letters.lastIndex = at
  return (letters.exec(sql)?.[0] ?? sql.slice(at, at + 1)).toLowerCase()
}

/** Comments nest in Postgres. One that does not end hides nothing, for there is nothing after it. */
function afterComment(sql: string, start: number): number {
  let depth = 0
  for (const mark of sql.slice(start).matchAll(/\/\*|\*\//g)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return start + mark.index + 2
  }
  return sql.length
}
