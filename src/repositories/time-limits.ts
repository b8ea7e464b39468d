import { sql } from 'kysely'
import type { Trx } from '../schema/database.js'

/** For what takes as long as it takes: no limits of time for this transaction, until what is given back is called. */
export async function liftTimeLimits(trx: Trx): Promise<() => Promise<unknown>> {
  const set = (statement: string, idle: string) =>
    sql`
    select set_config('statement_timeout', ${statement}, true), set_config('idle_in_transaction_session_timeout', ${idle}, true)
  `.execute(trx)
  const before = await sql<{ statement: string; idle: string }>`
    select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle
  `.execute(trx)
  await set('0', '0')
  return () => set(before.rows[0]?.statement ?? '0', before.rows[0]?.idle ?? '0')
}
