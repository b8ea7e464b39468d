import type { Db } from '../schema/database.js'
import { transaction } from '../transaction.js'

/** Several statements that belong together: in the transaction that the handle has, or in one of their own. */
export async function together<Result>(db: Db, fn: (db: Db) => Promise<Result>): Promise<Result> {
  return db.isTransaction ? fn(db) : transaction(db, fn)
}
