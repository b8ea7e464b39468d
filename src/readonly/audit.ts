import { AuditFailedError, FinanceDbError } from '../errors.js'
import { record as recordQuery } from '../repositories/agent-queries.js'
import type { Db } from '../schema/database.js'
import type { Answer } from './executor.js'

/** One query through the door, as it is recorded. */
export interface AuditEntry {
  /** The database role; undefined when it was never reached. */
  readonly role: string | undefined
  /** Whose rows; undefined for a role that sees everybody's. */
  readonly userId: string | undefined
  readonly sql: string
  readonly outcome: 'answered' | 'cut' | 'refused' | 'limited' | 'failed' | 'aborted'
  /** Why there was no answer: the code of the error and its reason, limit or SQLSTATE. */
  readonly code: string | undefined
  readonly rows: number
  readonly bytes: number
  /** Less than so many milliseconds: 10, 100, 1,000, 10,000 or 100,000. Coarse, so that it tells nothing about rows. */
  readonly durationBelowMs: number
}

export type Audit = Db | ((entry: AuditEntry) => Promise<void> | void)

export interface AuditOptions {
  readonly audit: Audit | undefined
  readonly onAuditFailure: 'refuse' | 'answer'
}

export type Recorder = (
  sql: string,
  who: { userId: string | undefined; role: () => string | undefined },
  run: () => Promise<Answer>,
) => Promise<Answer>

/** Runs a query and records what came of it before anything of it is given out. */
export function createRecorder({ audit, onAuditFailure }: AuditOptions): Recorder {
  if (audit === undefined) return (_sql, _who, run) => run()
  const write = typeof audit === 'function' ? audit : (entry: AuditEntry) => recordQuery(audit, rowOf(entry))

  return async (sql, { userId, role }, run) => {
    const started = performance.now()
    const done = async (what: Pick<AuditEntry, 'outcome' | 'code' | 'rows' | 'bytes'>) => {
      const durationBelowMs = bucketOf(performance.now() - started)
      try {
        await write({ role: role(), userId, sql, ...what, durationBelowMs })
      } catch (cause) {
        if (onAuditFailure === 'refuse') throw new AuditFailedError({ cause })
      }
    }
    let answer: Answer
    try {
      answer = await run()
    } catch (error) {
      await done({ ...outcomeOf(error), rows: 0, bytes: 0 })
      throw error
    }
    const outcome = answer.cut === undefined ? 'answered' : 'cut'
    await done({ outcome, code: answer.cut, rows: answer.result.rows.length, bytes: answer.bytes })
    return answer
  }
}

function rowOf({ role, userId, sql, outcome, code, rows, bytes, durationBelowMs }: AuditEntry) {
  return {
    user_id: userId ?? null,
    role: role ?? null,
    sql,
    outcome,
    code: code ?? null,
    rows,
    bytes,
    duration_below_ms: durationBelowMs,
  }
}

function outcomeOf(error: unknown): Pick<AuditEntry, 'outcome' | 'code'> {
  if (!(error instanceof FinanceDbError)) return { outcome: 'aborted', code: undefined }
  const detail = ['reason', 'limit', 'sqlState'].flatMap((key) =>
    key in error ? [String(Reflect.get(error, key))] : [],
  )
  const code = [error.code, ...detail].join(' ')
  if (error.code === 'QUERY_LIMIT') return { outcome: 'limited', code }
  const refused = ['QUERY_REFUSED', 'SCOPE_REFUSED', 'ROLE_UNFIT', 'READ_STALE'].includes(error.code)
  return { outcome: refused ? 'refused' : 'failed', code }
}

function bucketOf(ms: number): number {
  for (let limit = 10; ; limit *= 10) if (ms < limit || limit >= 100_000) return limit
}
