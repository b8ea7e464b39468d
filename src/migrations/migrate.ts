import type { Kysely } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import type { AppliedMigration } from './history.js'
import { migrations } from './list.js'
import {
  createMigrator,
  type KyselyProviderOptions,
  type MigrateOptions,
  type MigrationOptions,
  type RollbackOptions,
  type RollbackResult,
  type SqlOptions,
  type StatusOptions,
} from './migrator.js'
import type { MigrationStatus } from './status.js'
import type { MigrateResult } from './up.js'

const migrator = createMigrator(migrations)

/**
 * Brings the schema up to date. Made to be called by every instance of a service at start-up: any number may do so at
 * once, through PgBouncer in transaction mode and with a pool of one, and each migration is applied exactly once. When
 * nothing is missing it is one query. A database that a newer version has migrated is left alone, unless one of those
 * migrations is marked breaking.
 *
 * Each migration is a transaction of its own: one that fails leaves nothing of itself, and those before it stay.
 *
 * @throws {MigrationError} A statement failed; it says which.
 * @throws {MigrationEditedError} An applied migration has other statements now.
 * @throws {DatabaseTooNewError} A newer version has applied a breaking migration.
 * @throws {TimeoutError} `waitedFor: 'lock'`: another process migrates for too long, or a table stays locked.
 * @throws {PermissionDeniedError} The role may not create the schema, or not read the history; it says what to grant.
 * @throws {UnsupportedError} `db` is a transaction, the database has another encoding than UTF8, or pgvector is required and
 *   cannot be had.
 * @throws {InvalidInputError} An option is wrong, or a name of the host's migrations is one of ours.
 */
export function migrate<DB>(db: Kysely<DB>, options?: MigrateOptions): Promise<MigrateResult> {
  return migrator.migrate(db, options)
}

/**
 * Undoes the newest migrations, with the data that is in what they made, in the reverse of the order in which they were
 * applied. For development. The schema itself and the history table stay.
 *
 * @throws {DatabaseTooNewError} A migration to undo is of a newer version, which alone knows how.
 * @throws {InvalidInputError} A migration to undo is the host's and is not among `migrations`.
 * @throws {UnsupportedError} A migration to undo is the host's and has no `down`.
 * @throws {TransactionConflictError} Another process migrated meanwhile.
 */
export function rollback<DB>(db: Kysely<DB>, options?: RollbackOptions): Promise<RollbackResult> {
  return migrator.rollback(db, options)
}

/** Every known migration and what has become of it: ours, the host's, then those that only the database knows of. */
export function status<DB>(db: Kysely<DB>, options?: StatusOptions): Promise<MigrationStatus[]> {
  return migrator.status(db, options)
}

/** What was applied, in order; empty where nothing was. */
export function history<DB>(db: Kysely<DB>, options?: Pick<MigrationOptions, 'schema'>): Promise<AppliedMigration[]> {
  return migrator.history(db, options)
}

/**
 * A dry run: what `migrate` would do to `db`, as a script for psql. Run by hand, it leaves a database that `migrate` calls
 * up to date. Without `db` it holds every migration, and those that need pgvector only if `vector` is `require`.
 *
 * @throws {UnsupportedError} A pending migration of the host is code.
 */
export function sql<DB>(db: Kysely<DB> | undefined, options?: SqlOptions): Promise<string> {
  return migrator.sql(db, options)
}

/**
 * Our migrations for a host that runs Kysely's own Migrator, which has no checksums, no tolerance of a newer database,
 * and a lock that is not safe behind PgBouncer in transaction mode. Our history is written too.
 */
export function kyselyProvider(options?: KyselyProviderOptions): MigrationProvider {
  return migrator.kyselyProvider(options)
}
