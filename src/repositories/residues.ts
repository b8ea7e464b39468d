import { sql } from 'kysely'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'

/** What rounding at conversions left over, in one currency. */
export interface Residue {
  currency: string
  /** The sum of amount × rate − what arrived, with 14 decimals. Positive: less arrived than the rates give. */
  residue: string
  /** How many conversions. */
  transfers: number
}

/**
 * What rounding left over in the conversions that a person made, between own accounts and to others, by the currency that
 * arrived: less than half of the smallest unit each. Nobody's balance holds it, and here none of it is lost.
 */
export async function residues(db: Db, userId: string): Promise<Residue[]> {
  const { rows } = await sql<Residue>`
    select currency, sum(residue) as residue, count(*)::int as transfers
    from (
      select to_currency as currency, residue from ${sql.table('finance.transfers')}
      where user_id = ${userId}::uuid and rate is not null and status = 'completed'
      union all
      select to_currency, residue from ${sql.table('finance.p2p_transfers')}
      where user_id = ${userId}::uuid and rate is not null and status = 'accepted'
    ) conversions
    group by currency
    order by currency`
    .execute(db)
    .catch(translateError)
  return rows
}
