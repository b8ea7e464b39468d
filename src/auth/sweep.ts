import { sql } from 'kysely'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { repeatStatement } from '../transaction.js'

/** How many rows {@link sweep} removed. */
export interface Swept {
  readonly sessions: number
  readonly attempts: number
}

/**
 * Removes what nothing can come of: sessions that ended a week ago by their date, all their tokens with them, and counts of
 * failures that nobody added to for a week. Run it once a day, say. It is one statement for each table: where millions have ended,
 * such as after it was not run for months, `retention.purge` does the same in batches.
 */
export async function sweep(db: Db): Promise<Swept> {
  const weekAgo = sql<Date>`now() - interval '7 days'`
  const ended = db.deleteFrom('finance.auth_sessions').where('ends_at', '<', weekAgo).where('expires_at', '<', weekAgo) // never later than ends_at, and has the index
  const forgotten = db.deleteFrom('finance.auth_attempts').where('updated_at', '<', weekAgo)
  const sessions = await repeatStatement(db, () => ended.executeTakeFirstOrThrow()).catch(translateError)
  const attempts = await repeatStatement(db, () => forgotten.executeTakeFirstOrThrow()).catch(translateError)
  return { sessions: Number(sessions.numDeletedRows), attempts: Number(attempts.numDeletedRows) }
}
