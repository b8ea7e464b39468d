export type { MigrationProgress } from './events.js'
export type { AppliedMigration } from './history.js'
export { migrations } from './list.js'
export { history, kyselyProvider, migrate, rollback, sql, status } from './migrate.js'
export type {
  KyselyProviderOptions,
  MigrateOptions,
  MigrationOptions,
  RollbackOptions,
  RollbackResult,
  SqlOptions,
  StatusOptions,
} from './migrator.js'
export type { SkippedMigration } from './plan.js'
export type { Names, SqlMigration } from './shape.js'
export type { MigrationState, MigrationStatus } from './status.js'
export type { HostMigrations, MigrationSource } from './steps.js'
export type { MigrateResult } from './up.js'
export type { VectorMode } from './vector.js'
