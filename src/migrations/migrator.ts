import type { Kysely } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import { defaultSchema } from '../connection/schema-plugin.js'
import { InvalidInputError } from '../errors.js'
import { type RollbackTarget, undoApplied } from './down.js'
import type { MigrationProgress } from './events.js'
import { applied, handleOf, milliseconds, peek } from './handle.js'
import type { AppliedMigration } from './history.js'
import { providerOf } from './kysely-provider.js'
import { checkSchemaName } from './names.js'
import { EMPTY, renderScript } from './script.js'
import type { LockOptions } from './session.js'
import type { SqlMigration } from './shape.js'
import { type MigrationStatus, statusOf } from './status.js'
import { type HostMigrations, stepsOf } from './steps.js'
import { applyPending, type MigrateResult } from './up.js'
import type { VectorMode } from './vector.js'

export interface MigrationOptions {
  /** The schema of our tables. By default the one that the handle was made for, or `finance`. */
  readonly schema?: string | undefined
  /** The host's own, which run after ours. */
  readonly migrations?: HostMigrations | undefined
}

export interface LockLimits {
  /** Milliseconds to wait for a lock on a table before letting go and trying again, a few times. Default 5000. */
  readonly lockTimeoutMs?: number | undefined
  /** Milliseconds to wait for another process that is migrating, each time it is in the way. Default 60000. */
  readonly waitMs?: number | undefined
}

export interface ProgressOptions {
  /** Called as things happen. What it throws stops the migration. */
  readonly onProgress?: ((event: MigrationProgress) => void) | undefined
}

export interface VectorOptions {
  /** What to do about migrations that need pgvector. Default `auto`: apply them where the extension can be had. */
  readonly vector?: VectorMode | undefined
}

export interface MigrateOptions extends MigrationOptions, LockLimits, ProgressOptions, VectorOptions {
  /** The last migration to apply. By default all. Nothing is undone: see `rollback`. */
  readonly to?: string | undefined
}

export interface RollbackOptions extends MigrationOptions, LockLimits, ProgressOptions {
  /** How many to undo, `Infinity` for all. Default 1. */
  readonly steps?: number | undefined
  /** The one to go back to: it stays, what was applied after it is undone. */
  readonly to?: string | undefined
}

export interface RollbackResult {
  /** Names, in the order in which they were undone. */
  readonly rolledBack: readonly string[]
}

export interface StatusOptions extends MigrationOptions, VectorOptions {}

export interface SqlOptions extends MigrationOptions, LockLimits, VectorOptions {
  readonly to?: string | undefined
}

export interface KyselyProviderOptions extends LockLimits {
  readonly schema?: string | undefined
  /** Kysely's Migrator cannot skip a migration, so this is said beforehand. Default `off`. */
  readonly vector?: 'require' | 'off' | undefined
}

/** The functions of `migrate.ts`, for any list of migrations. */
export interface FinanceMigrator {
  migrate<DB>(db: Kysely<DB>, options?: MigrateOptions): Promise<MigrateResult>
  rollback<DB>(db: Kysely<DB>, options?: RollbackOptions): Promise<RollbackResult>
  status<DB>(db: Kysely<DB>, options?: StatusOptions): Promise<MigrationStatus[]>
  history<DB>(db: Kysely<DB>, options?: Pick<MigrationOptions, 'schema'>): Promise<AppliedMigration[]>
  sql<DB>(db: Kysely<DB> | undefined, options?: SqlOptions): Promise<string>
  kyselyProvider(options?: KyselyProviderOptions): MigrationProvider
}

export function createMigrator(ours: readonly SqlMigration[]): FinanceMigrator {
  return {
    async migrate(db, { schema, to, migrations, vector = 'auto', ...limits } = {}) {
      const locking = lockingOf(limits)
      return applyPending(stepsOf(ours, migrations), handleOf(db, schema), { to, vector }, locking)
    },

    async rollback(db, { schema, migrations, steps, to, ...limits } = {}) {
      const locking = lockingOf(limits)
      const target = rollbackTarget(steps, to)
      return { rolledBack: await undoApplied(stepsOf(ours, migrations), handleOf(db, schema), target, locking) }
    },

    async status(db, { schema, migrations, vector = 'auto' } = {}) {
      return statusOf(stepsOf(ours, migrations), handleOf(db, schema), vector)
    },

    async history(db, { schema } = {}) {
      return [...applied(await peek(handleOf(db, schema), []))]
    },

    async sql(db, { schema, to, migrations, vector = db === undefined ? 'off' : 'auto', ...limits } = {}) {
      const { lockTimeoutMs, waitMs } = lockingOf(limits)
      const steps = stepsOf(ours, migrations)
      const handle = db && handleOf(db, schema)
      const state = handle ? await peek(handle, steps) : EMPTY
      const into = handle?.schema ?? checkSchemaName(schema ?? defaultSchema)
      return renderScript(steps, state, { to, vector }, { schema: into, lockTimeoutMs, waitMs })
    },

    kyselyProvider({ schema = defaultSchema, vector = 'off', ...limits } = {}) {
      return providerOf(stepsOf(ours), { schema: checkSchemaName(schema), vector, ...lockingOf(limits) })
    },
  }
}

function lockingOf({
  lockTimeoutMs = 5_000,
  waitMs = 60_000,
  onProgress = () => undefined,
}: LockLimits & ProgressOptions): LockOptions {
  return {
    lockTimeoutMs: milliseconds('lockTimeoutMs', lockTimeoutMs),
    waitMs: milliseconds('waitMs', waitMs),
    onProgress,
  }
}

function rollbackTarget(steps: number | undefined, to: string | undefined): RollbackTarget {
  if (to === undefined) return { steps: steps ?? 1 }
  if (steps === undefined) return { to }
  throw new InvalidInputError('The options', [{ path: 'steps', message: 'cannot be given together with `to`' }])
}
