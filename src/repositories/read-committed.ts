import { sql } from 'kysely'
import { UnsupportedError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'

/**
 * For what is looked up once others are kept from writing: at another level a transaction would not see what they committed
 * meanwhile.
 *
 * @throws {UnsupportedError} The transaction of the host is of another level.
 */
export async function assertReadCommitted(trx: Db, what: string): Promise<void> {
  const { rows } = await sql<{ level: string }>`select current_setting('transaction_isolation') as level`
    .execute(trx)
    .catch(translateError)
  if (!/^read (un)?committed$/.test(rows[0]?.level ?? '')) {
    throw new UnsupportedError(`${what} in a transaction that is read committed.`)
  }
}
