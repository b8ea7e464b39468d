import { FinanceDbError } from './base.js'

/** The finance schema, or a part of it, is not there. Run `migrate(db)`. */
export class SchemaMissingError extends FinanceDbError {
  override readonly name = 'SchemaMissingError'
  readonly code = 'SCHEMA_MISSING'
}

/** The schema is not up to date, and this process is not to migrate it (mode `check`). Migrate, then start it again. */
export class MigrationsPendingError extends FinanceDbError {
  override readonly name = 'MigrationsPendingError'
  readonly code = 'MIGRATIONS_PENDING'
  readonly migrations: readonly string[]

  constructor(migrations: readonly string[], options?: ErrorOptions) {
    super(`The schema is not up to date: ${migrations.join(', ')}. Run finance-db migrate, then start again.`, options)
    this.migrations = migrations
  }
}

/** Which statement of a migration failed. */
export interface MigrationFailure {
  readonly migration: string
  readonly direction: 'up' | 'down'
  /** Counted from 0; undefined when the migration is code, or failed at commit. */
  readonly statementIndex?: number | undefined
  /** The first 200 characters. Statements of migrations hold no secrets. */
  readonly statement?: string | undefined
  /** Where in the statement, in characters from 1, if Postgres said so. */
  readonly position?: number | undefined
}

/**
 * A statement of a migration failed. That migration was rolled back whole; those before it stay. Correct what the
 * message says and run again.
 */
export class MigrationError extends FinanceDbError {
  override readonly name = 'MigrationError'
  readonly code = 'MIGRATION_FAILED'
  readonly migration: string
  readonly direction: 'up' | 'down'
  readonly statementIndex: number | undefined
  readonly statement: string | undefined
  readonly position: number | undefined

  constructor(message: string, failure: MigrationFailure, options?: ErrorOptions) {
    super(message, options)
    this.migration = failure.migration
    this.direction = failure.direction
    this.statementIndex = failure.statementIndex
    this.statement = failure.statement
    this.position = failure.position
  }
}

/** An applied migration is not what the code now says it is. Restore its file; correct it in a new one. */
export class MigrationEditedError extends FinanceDbError {
  override readonly name = 'MigrationEditedError'
  readonly code = 'MIGRATION_EDITED'
  readonly migrations: readonly string[]

  constructor(migrations: readonly string[], options?: ErrorOptions) {
    super(
      `Edited after being applied: ${migrations.join(', ')}. Restore the statements and correct them in a new migration.`,
      options,
    )
    this.migrations = migrations
  }
}

/** The database has migrations that this version does not know and cannot work with or undo. Deploy the newer version. */
export class DatabaseTooNewError extends FinanceDbError {
  override readonly name = 'DatabaseTooNewError'
  readonly code = 'DATABASE_TOO_NEW'
  readonly migrations: readonly string[]

  constructor(message: string, migrations: readonly string[], options?: ErrorOptions) {
    super(message, options)
    this.migrations = migrations
  }
}
