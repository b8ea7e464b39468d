import { sql } from 'kysely'
import type { Db } from '../../src/index.js'

/** Inserts as anybody with SQL may, past the repositories. */
export async function insertRaw(db: Db, table: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  await sql`
    insert into ${sql.table(`finance.${table}`)} (${sql.join(Object.keys(values).map((name) => sql.ref(name)))})
    values (${sql.join(Object.values(values))})`.execute(db)
}

/** The names of all checks of some tables. */
export async function checksOf(db: Db, tables: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select k.conname as name from pg_constraint k join pg_class c on c.oid = k.conrelid
    where c.relnamespace = 'finance'::regnamespace and k.contype = 'c' and c.relname = any (${tables})`.execute(db)
  return rows.map(({ name }) => name).sort()
}
