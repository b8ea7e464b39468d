import { sql, type Transaction } from 'kysely'
import { UnsupportedError } from '../errors.js'
import { identifier } from '../quoting.js'
import type { Progress } from './failures.js'
import { deleteHistory, insertHistory } from './history.js'
import type { Names } from './shape.js'
import { type Step, statementsOf } from './steps.js'

export interface Applying {
  /** For statements: without plugins. */
  readonly trx: Transaction<unknown>
  /** For code of the host: with its plugins. */
  readonly hostTrx: Transaction<unknown>
  readonly schema: string
  readonly names: Names
  readonly progress: Progress
}

/**
 * Runs one migration and writes, or strikes, its row of the history, all in the transaction that the caller holds.
 *
 * @returns Milliseconds that it took.
 */
export async function runStep(step: Step, direction: 'up' | 'down', context: Applying): Promise<number> {
  const { trx, schema, progress } = context
  const started = performance.now()
  await runBody(step, direction, context)
  await followRoles(trx, schema)
  const durationMs = Math.round(performance.now() - started)

  progress.at = 'record'
  delete progress.statement
  const record = direction === 'up' ? insertHistory(schema, step, String(durationMs)) : deleteHistory(schema, step.name)
  await sql.raw(record).execute(trx)
  return durationMs
}

/** What the migration made gets the policies and grants of the roles that are registered. Before there are any, nothing. */
async function followRoles(trx: Transaction<unknown>, schema: string): Promise<void> {
  const call = `${identifier(schema)}.apply_roles()`
  const { rows } = await sql<{ there: string }>`select (to_regprocedure(${call}) is not null)::text as there`.execute(
    trx,
  )
  if (rows[0]?.there === 'true') await sql.raw(`select ${call}`).execute(trx)
}

async function runBody(
  step: Step,
  direction: 'up' | 'down',
  { trx, hostTrx, names, progress }: Applying,
): Promise<void> {
  progress.at = 'statements'
  progress.migration = step.name
  progress.direction = direction
  if (step.kind === 'code') {
    const run = step[direction]
    if (run === undefined) throw new UnsupportedError(`Migration ${step.name} has no function \`down\`.`)
    return run(hostTrx)
  }

  // A name of ours that is not qualified fails here and now, not in a host whose search_path is another.
  if (step.source === 'finance-db') await sql`select set_config('search_path', '', true) as search_path`.execute(trx)
  const statements = statementsOf(step, direction, names)
  for (const [index, text] of statements.entries()) {
    progress.statement = { index, count: statements.length, text }
    await sql.raw(text).execute(trx)
  }
}
