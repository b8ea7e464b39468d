import { sql } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { SchemaMissingError, UnsupportedError } from '../errors.js'
import type { Db } from '../schema/database.js'

/** Databases that are known to have the table: by adapter, which a handle shares with its transactions, and schema. */
const known = new WeakMap<object, Set<string>>()

/**
 * Asks once for each handle whether the table is there, before a statement fails and takes a transaction with it.
 *
 * @throws {UnsupportedError} pgvector is not there, or came after `migrate`. The message says which.
 * @throws {SchemaMissingError} Nothing of ours is there.
 */
export async function requireDocuments(db: Db): Promise<void> {
  const { adapter } = db.getExecutor()
  const schema = schemaOf(db)
  if (known.get(adapter)?.has(schema)) return

  const { rows } = await sql<State>`select
    to_regclass(${`"${schema}".documents`}) is not null as documents,
    to_regclass(${`"${schema}".users`}) is not null as users,
    exists (select from pg_extension where extname = 'vector') as created,
    exists (select from pg_available_extensions where name = 'vector') as available`.execute(db)
  const [state] = rows
  if (state?.documents !== true) throw whyNot(state)
  known.set(adapter, (known.get(adapter) ?? new Set()).add(schema))
}

interface State {
  documents: boolean
  users: boolean
  created: boolean
  available: boolean
}

function whyNot(state: State | undefined): SchemaMissingError | UnsupportedError {
  if (state?.users !== true)
    return new SchemaMissingError('The finance schema is not there. Run migrate(db), or finance-db migrate.')
  if (state.created) {
    return new UnsupportedError(
      'The table of documents is not there, as pgvector came later or is switched off for migrations. Run migrate(db), or finance-db migrate, again.',
    )
  }
  return new UnsupportedError(
    state.available
      ? 'Documents need the extension pgvector, which this server has and this database does not. Run `create extension vector` ' +
          'as a role that may, then migrate(db) again.'
      : 'Documents need the extension pgvector, which this server does not have. Install it there (the package ' +
          '`postgresql-NN-pgvector` of apt.postgresql.org, the image `pgvector/pgvector`, or `extensions: { vector }` of ' +
          '@electric-sql/pglite-pgvector for PGlite), then run migrate(db) again.',
  )
}
