import { sql } from 'kysely'
import { together } from '../repositories/together.js'
import type { Db } from '../schema/database.js'

/**
 * The chains of CTEs here have no statistics: the planner takes most of them for one row, joins them in nested loops, which
 * is quadratic, and compiles what runs for milliseconds. So, for this transaction only: hash joins, no JIT, and memory for
 * the sorts. Chunks of people run side by side already, so none starts workers of its own. What the host had set is put back.
 */
const settings = [
  ['enable_nestloop', 'off'],
  ['enable_mergejoin', 'off'],
  ['jit', 'off'],
  ['max_parallel_workers_per_gather', '0'],
  ['work_mem', '64MB'],
] as const

/** Runs set-based SQL over CTEs, in the transaction that the handle has or in one of its own. */
export async function planned<Result>(db: Db, fn: (db: Db) => Promise<Result>): Promise<Result> {
  return together(db, async (trx) => {
    const before = await sql<{ name: string; value: string }>`
      select name, current_setting(name) as value from unnest(${settings.map(([name]) => name)}::text[]) as s (name)
    `.execute(trx)
    await set(trx, settings)
    const result = await fn(trx)
    await set(
      trx,
      before.rows.map(({ name, value }) => [name, value] as const),
    )
    return result
  })
}

async function set(db: Db, values: ReadonlyArray<readonly [name: string, value: string]>): Promise<void> {
  await sql`select set_config(name, value, true)
    from unnest(${values.map(([name]) => name)}::text[], ${values.map(([, value]) => value)}::text[]) as s (name, value)
  `.execute(db)
}
