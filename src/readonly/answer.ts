import { QueryLimitError, QueryRefusedError } from '../errors.js'
import type { BatchOutcome, StepResult } from './batch.js'
import type { Answer, Job } from './executor.js'
import { queryFailure } from './failures.js'
import type { QueryLimits } from './limits.js'
import { assertCells } from './results.js'
import type { Session } from './session.js'
import { statementHint } from './statement-kind.js'

export const explainPrefix = 'explain (format json) '

/** Throws unless the first `count` statements, which open the transaction, are done. */
export function assertOpened(session: Session, { results, error }: BatchOutcome, count: number): void {
  if (error === undefined || results.length >= count) return
  session.spoil()
  throw queryFailure(error)
}

/** The answer of the statement at `index`, if it is one that may be given. */
export function answerOf(
  session: Session,
  job: Pick<Job, 'limits' | 'excess' | 'explain'>,
  { results, error }: BatchOutcome,
  index: number,
): Answer {
  const { limits, excess } = job
  const { bytes, tripped } = session.guard
  if (tripped !== undefined) {
    const partial = results[index]
    const cut = tripped === 'bytes' && excess === 'cut' && partial !== undefined && partial.rows.length > 0
    if (!cut) throw tripFailure(tripped, limits)
    const rows = partial.rows.slice(0, limits.maxRows)
    assertCells(partial, limits.maxCellBytes)
    return { result: { ...partial, rows }, bytes, cut: 'bytes' }
  }
  if (error !== undefined) throw queryFailure(error, job.explain ? explainPrefix.length : 0)
  const result = results[index]
  if (result === undefined || !session.inTransaction || !/^$|^(SELECT|EXPLAIN)\b/.test(result.tag)) {
    session.spoil()
    throw new QueryRefusedError('statement', 'The statement did something else than read.', { hint: statementHint })
  }
  assertCells(result, limits.maxCellBytes)
  return withinRows(result, bytes, job)
}

/** The answer with the rows that are allowed. @throws {QueryLimitError} There are more, and the job takes no part. */
export function withinRows(
  result: StepResult,
  bytes: number,
  { limits, excess }: Pick<Job, 'limits' | 'excess'>,
): Answer {
  if (result.rows.length <= limits.maxRows) return { result, bytes, cut: undefined }
  if (excess === 'refuse') {
    throw new QueryLimitError(
      'rows',
      `The query gives more than ${limits.maxRows} rows, which is all that is allowed.`,
      {
        hint: 'Add a limit, or page through the rows.',
      },
    )
  }
  return { result: { ...result, rows: result.rows.slice(0, limits.maxRows) }, bytes, cut: 'rows' }
}

function tripFailure(trip: string, limits: QueryLimits): Error {
  if (trip === 'notices') return new QueryLimitError('notices', 'The query made the server send too many notices.')
  if (trip === 'copy') return new QueryRefusedError('statement', 'COPY is not allowed.', { hint: statementHint })
  return new QueryLimitError(
    trip === 'message' ? 'cell' : 'bytes',
    trip === 'message'
      ? `One row is larger than the ${limits.maxBytes} bytes that an answer may have.`
      : `The answer is larger than the ${limits.maxBytes} bytes that are allowed.`,
    { hint: 'Select fewer columns or rows, aggregate, or take a part of long texts with left(column, 1000).' },
  )
}

function costOf({ results }: BatchOutcome, index: number): number {
  const [row] = results[index]?.rows ?? []
  const plans: Array<{ Plan?: { 'Total Cost'?: number } }> = JSON.parse(row?.[0] ?? '[]')
  return plans[0]?.Plan?.['Total Cost'] ?? Infinity
}

/** Throws when the planner, asked by the `explain` at `index`, puts the cost higher. */
export function assertCost(outcome: BatchOutcome, index: number, maxCost = Infinity): void {
  if (costOf(outcome, index) <= maxCost) return
  throw new QueryLimitError(
    'cost',
    `The planner puts the cost of the query at more than ${maxCost}, so it was not run.`,
    {
      hint: 'Filter by date or id, join on keys, and aggregate before joining.',
    },
  )
}
