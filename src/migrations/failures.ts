import {
  ConnectionError,
  FinanceDbError,
  MigrationError,
  PermissionDeniedError,
  TimeoutError,
  TransactionConflictError,
  UnsupportedError,
} from '../errors.js'
import { isBrokenConnection } from '../postgres-errors.js'
import { sqlState } from '../sql-state.js'

/** How far a transaction of the engine has come: what an error in it means depends on that. */
export interface Progress {
  at: 'begin' | 'wait' | 'statements' | 'record' | 'commit'
  migration?: string
  /** What it is, where it is no migration. */
  doing?: string
  direction?: 'up' | 'down'
  statement?: { readonly index: number; readonly count: number; readonly text: string }
}

/** Someone holds a lock that the transaction needs. Nothing was written: the same again may work. */
export function isBlocked(error: unknown): boolean {
  return ['55P03', '40P01'].includes(sqlState(error) ?? '')
}

/** Says what an error in a transaction of the engine means to the caller. */
export function explain(error: unknown, schema: string, progress: Progress): unknown {
  if (error instanceof FinanceDbError) return error
  const options = { cause: error }
  const state = sqlState(error)
  const { at, migration, direction = 'up' } = progress
  const what = progress.doing ?? 'Migrating'
  const doing = migration === undefined ? `${what} schema "${schema}"` : `Migration ${migration} (${direction})`

  if (isBlocked(error) && at === 'wait') {
    return new TimeoutError(
      'lock',
      `Another process is migrating schema "${schema}", and waiting for it took too long.`,
      options,
    )
  }
  if (state === '55P03') {
    return new TimeoutError(
      'lock',
      `${doing} did not get its locks: other transactions hold them. Nothing was changed.`,
      options,
    )
  }
  if (state === '40P01' || state === '40001') {
    return new TransactionConflictError(`${doing} got in the way of another transaction. Nothing was changed.`, options)
  }
  if (state === '25006') {
    return new UnsupportedError(
      `${doing} needs to write, and this connection is read-only: use the primary server.`,
      options,
    )
  }
  if (state !== undefined && /^(08|57P0[1-4])/.test(state)) return lost(doing, progress, options)
  if (migration === undefined) {
    if (isBrokenConnection(error)) return lost(doing, progress, options)
    return state === '42501'
      ? new PermissionDeniedError(`${doing} is not permitted: ${reason(error)}.`, options)
      : error
  }
  if (state === undefined && at !== 'statements') return lost(doing, progress, options)
  if (state === undefined && progress.statement !== undefined) return lost(doing, progress, options)
  return failed(error, migration, direction, progress)
}

function failed(
  error: unknown,
  migration: string,
  direction: 'up' | 'down',
  { at, statement }: Progress,
): MigrationError {
  const where = statement
    ? ` at statement ${statement.index + 1} of ${statement.count}`
    : at === 'commit'
      ? ' at commit'
      : ''
  const text = statement?.text.slice(0, 200)
  const position = error instanceof Error && 'position' in error ? Number(error.position) : Number.NaN
  return new MigrationError(
    `Migration ${migration} (${direction}) failed${where}: ${reason(error)}. Nothing of it was kept.${text ? `\n${text}` : ''}`,
    {
      migration,
      direction,
      statementIndex: statement?.index,
      statement: text,
      position: Number.isInteger(position) ? position : undefined,
    },
    { cause: error },
  )
}

function lost(doing: string, { at }: Progress, options: ErrorOptions): ConnectionError {
  const applied = at === 'commit' ? 'unknown' : 'no'
  const outcome =
    applied === 'unknown' ? 'at the commit: run again to learn whether it was applied' : 'and nothing of it was kept'
  return new ConnectionError(`${doing} lost its connection ${outcome}.`, { ...options, applied })
}

/** Postgres's own sentence where it can only name objects; messages of other classes may quote values of rows. */
function reason(error: unknown): string {
  const state = sqlState(error)
  if (state === undefined) return 'its code threw an error (see the cause)'
  // Limits are lifted for migrations, save for a build of an index through a pooler.
  if (state === '57014')
    return 'it was cancelled by hand, or by a statement_timeout that holds behind a pooler (SQLSTATE 57014)'
  if (error instanceof Error && /^(0A|2B|3D|3F|42|55|58)/.test(state)) return `${error.message} (SQLSTATE ${state})`
  const constraint = error instanceof Error && 'constraint' in error ? `, constraint ${String(error.constraint)}` : ''
  return `SQLSTATE ${state}${constraint} (see the cause)`
}
