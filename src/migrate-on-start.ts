import type { Kysely } from 'kysely'
import type { Environment } from './config.js'
import { schemaOf } from './connection/schema-plugin.js'
import { createFinanceDb } from './database.js'
import { InvalidConfigError, MigrationsPendingError } from './errors.js'
import { type MigrateOptions, type MigrateResult, migrate, status } from './migrations/index.js'

/**
 * `run`: migrate. `check`: start only on a schema that is up to date, and let somebody else migrate. `off`: look at nothing.
 */
export type MigrateMode = 'run' | 'check' | 'off'

export interface MigrateOnStartOptions extends Omit<MigrateOptions, 'schema' | 'to'> {
  /** `FINANCE_DB_MIGRATE`. Default `run`. */
  readonly mode?: MigrateMode | undefined
  /**
   * Another way to the same database, for migrating alone: past a pooler, or as a role that may change the schema.
   * `DATABASE_MIGRATION_URL`. Default: the handle.
   */
  readonly connectionString?: string | undefined
}

/** What {@link migrateOnStart} did: as `migrate` has it, or nothing where the mode is not `run`. */
export interface MigrateOnStartResult extends MigrateResult {
  readonly mode: MigrateMode
}

/**
 * `migrate`, as the environment of the service wants it. The connection of `DATABASE_MIGRATION_URL` is opened only if
 * something is pending, and closed again.
 *
 * @throws {MigrationsPendingError} The mode is `check` and the schema is not up to date.
 * @throws {InvalidConfigError} `FINANCE_DB_MIGRATE` is none of the modes.
 */
export async function migrateOnStart<DB>(
  db: Kysely<DB>,
  { mode: chosen, connectionString, ...options }: MigrateOnStartOptions = {},
  env: Environment = process.env,
): Promise<MigrateOnStartResult> {
  const mode = modeOf(chosen ?? (env.FINANCE_DB_MIGRATE || 'run'))
  const nothing = { mode, applied: [], skipped: [] }
  if (mode === 'off') return { ...nothing, alreadyUpToDate: false }

  const url = connectionString ?? (env.DATABASE_MIGRATION_URL || undefined)
  if (mode === 'run' && url === undefined) return { mode, ...(await migrate(db, options)) }

  const pending = await pendingOf(db, options)
  if (pending.length === 0) return { ...nothing, alreadyUpToDate: true }
  if (mode === 'check') throw new MigrationsPendingError(pending)

  const direct = createFinanceDb(
    {
      connectionString: url,
      schema: schemaOf(db),
      poolSize: 1,
      maxOverflow: 1,
      minSize: 0,
      statementTimeoutMs: 0,
      applicationName: 'finance-db migrate',
    },
    { DATABASE_SSL_CA: env.DATABASE_SSL_CA, DATABASE_SSL_MODE: env.DATABASE_SSL_MODE },
  )
  try {
    return { mode, ...(await migrate(direct, options)) }
  } finally {
    await direct.destroy()
  }
}

async function pendingOf<DB>(
  db: Kysely<DB>,
  { migrations, vector }: Pick<MigrateOptions, 'migrations' | 'vector'>,
): Promise<string[]> {
  const all = await status(db, { migrations, vector })
  return all.filter(({ state }) => state === 'pending' || state === 'edited').map(({ name }) => name)
}

function modeOf(text: string): MigrateMode {
  if (text === 'run' || text === 'check' || text === 'off') return text
  throw new InvalidConfigError([{ path: 'mode (variable FINANCE_DB_MIGRATE)', message: 'must be run, check or off' }])
}
