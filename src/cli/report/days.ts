import { sql } from 'kysely'
import type { DayRange } from '../../repositories/reports.js'
import type { Db } from '../../schema/database.js'

/** The last day with a posted transaction, of a user or of everybody, but not after today; today when there is none. */
export async function lastDay(db: Db, userId?: string): Promise<string> {
  const whose = userId === undefined ? sql`true` : sql`user_id = ${userId}`
  const { rows } = await sql<{ day: string }>`
    select to_char(coalesce(max(date), current_date)::timestamp, 'YYYY-MM-DD') as day
    from ${sql.table('finance.transactions')}
    where status = 'posted' and date <= current_date and ${whose}`.execute(db)
  return rows[0]?.day ?? new Date().toISOString().slice(0, 10)
}

/** So many days that end with this one; without a number, the twelve months of which its month is the last. */
export function rangeUntil(to: string, days?: number): DayRange {
  const from = new Date(`${to}T00:00:00Z`)
  if (days !== undefined) from.setUTCDate(from.getUTCDate() - days + 1)
  else from.setUTCMonth(from.getUTCMonth() - 11, 1)
  return { from: from.toISOString().slice(0, 10), to }
}

/** The last day of each month of a range, and its own last day. */
export function monthEnds({ from, to }: DayRange): string[] {
  const ends: string[] = []
  const month = new Date(`${from.slice(0, 7)}-01T00:00:00Z`)
  while (ends.at(-1) !== to) {
    month.setUTCMonth(month.getUTCMonth() + 1, 0)
    const end = month.toISOString().slice(0, 10)
    ends.push(end < to ? end : to)
    month.setUTCDate(month.getUTCDate() + 1)
  }
  return ends
}
