import { type Kysely, sql } from 'kysely'
import type { Database } from '../../src/schema/database.js'

/** One hash over every row of people, accounts and movements, whatever order they were written in. */
export async function contentHash(db: Kysely<Database>): Promise<string> {
  const parts = await Promise.all(
    ['users', 'accounts', 'transactions'].map(async (table) => {
      const { rows } = await sql<{ hash: string }>`select md5(coalesce(string_agg(line, ',' order by line), '')) as hash
        from (select (to_jsonb(t) - 'created_at' - 'updated_at' - 'recorded_at')::text as line from ${sql.table(`finance.${table}`)} t) l`.execute(
        db,
      )
      return rows[0]?.hash
    }),
  )
  return parts.join(' ')
}

/** How many movements each person has, by id. */
export async function movementCounts(db: Kysely<Database>): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; movements: string }>`select u.id, count(t.id) as movements
    from ${sql.table('finance.users')} u left join ${sql.table('finance.transactions')} t on t.user_id = u.id group by u.id`.execute(
    db,
  )
  return new Map(rows.map(({ id, movements }) => [id, Number(movements)]))
}
