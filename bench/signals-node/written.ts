import type { Kysely } from 'kysely'
import type { Database } from '../../src/schema/index.js'

/** All signals that are written, without when, in one order. */
export function writtenSignals(db: Kysely<Database>) {
  return db
    .selectFrom('finance.computed_features')
    .select(['user_id', 'time_window', 'signal_type', 'signal_value'])
    .orderBy('user_id')
    .orderBy('time_window')
    .orderBy('signal_type')
    .execute()
}
