import type { Kysely } from 'kysely'
import { type MigrationStatus, status } from '../migrations/index.js'
import type { Database } from '../schema/database.js'
import { counted } from './format.js'

/** How a database stands to the migrations that this version knows. */
export interface SchemaState {
  readonly migrations: readonly MigrationStatus[]
  /** It is not as this version wants it. */
  readonly finding: boolean
  readonly summary: string
}

export async function schemaState(db: Kysely<Database>): Promise<SchemaState> {
  const migrations = await status(db)
  const having = (state: MigrationStatus['state']) => migrations.filter((migration) => migration.state === state)
  const [applied, pending, edited, newer] = [
    having('applied'),
    having('pending'),
    having('edited'),
    having('unknown-newer'),
  ]
  const breaking = newer.filter((migration) => migration.breaking)

  const parts = [applied.length === 0 ? 'nothing applied' : `${counted(applied.length, 'migration')} applied`]
  if (pending.length > 0) parts.push(`${pending.length} pending: run finance-db migrate`)
  if (edited.length > 0) parts.push(`${edited.length} edited after being applied`)
  if (newer.length > 0) {
    parts.push(
      `${newer.length} of a newer version${breaking.length > 0 ? ', which this version must not work with' : ''}`,
    )
  }
  for (const { name, reason } of having('skipped')) parts.push(`${name} left out, because ${reason}`)
  return { migrations, finding: pending.length + edited.length + breaking.length > 0, summary: parts.join('; ') }
}
