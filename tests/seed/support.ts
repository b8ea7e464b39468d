import { type Kysely, sql } from 'kysely'
import type { Database } from '../../src/schema/database.js'
import type { GeneratorOptions } from '../../src/seed/index.js'
import { type Label, labels } from '../../src/seed/index.js'
import { type Table, tables } from '../../src/seed/tables.js'

export const seededTables = Object.keys(tables) as Table[]

/** One hash over every row of every table that is seeded, whatever order they were written in. */
export async function contentHash(db: Kysely<Database>): Promise<string> {
  const parts: string[] = []
  for (const table of seededTables) {
    const { rows } = await sql<{ hash: string }>`select md5(coalesce(string_agg(line, ',' order by line), '')) as hash
      from (select (to_jsonb(t) - 'created_at' - 'updated_at' - 'recorded_at')::text as line from ${sql.table(`finance.${table}`)} t) l`.execute(
      db,
    )
    parts.push(rows[0]?.hash ?? '')
  }
  return parts.join(' ')
}

/** How many people there are. */
export async function countUsers(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{
    users: number
  }>`select count(*)::int as users from ${sql.table('finance.users')}`.execute(db)
  return rows[0]?.users ?? 0
}

export async function allLabels(options: GeneratorOptions): Promise<Label[]> {
  const all: Label[] = []
  for await (const label of labels(options)) all.push(label)
  return all
}

/** The labels of some types. */
export function only<Type extends Label['type']>(all: readonly Label[], ...types: Type[]) {
  return all.filter((label): label is Label & { readonly type: Type } => types.some((type) => type === label.type))
}
