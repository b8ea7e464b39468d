import type { Db } from '../schema/database.js'
import { repeatStatement } from '../transaction.js'
import { together } from './together.js'

/** Postgres takes at most 65,535 parameters in a statement. */
const parametersAtMost = 65_535

/**
 * Writes any number of rows, all or none: in as few statements as the parameter limit allows, and in a transaction of its
 * own where one statement is not enough and the handle has none. Outside of a transaction of the host, again after a deadlock.
 *
 * @param rowsAtMost - In one statement, for rows that are large.
 */
export async function insertAll<Row extends object, Result>(
  db: Db,
  rows: readonly Row[],
  insert: (db: Db, rows: readonly Row[]) => Promise<Result[]>,
  rowsAtMost = parametersAtMost,
): Promise<Result[]> {
  const columns = new Set(rows.flatMap((row) => Object.keys(row))).size
  const size = Math.min(rowsAtMost, Math.max(1, Math.floor(parametersAtMost / Math.max(1, columns))))
  if (rows.length === 0) return []
  if (rows.length <= size) return repeatStatement(db, () => insert(db, rows))
  return together(db, async (trx) => {
    const results: Result[] = []
    for (let start = 0; start < rows.length; start += size) {
      results.push(...(await insert(trx, rows.slice(start, start + size))))
    }
    return results
  })
}
