import { Kysely, type KyselyConfig, type LogEvent, type PGliteDialectConfig } from 'kysely'
import type pg from 'pg'
import {
  type Environment,
  type HandleSettings,
  type PoolSettings,
  type PoolUseSettings,
  resolveHandle,
  resolvePool,
  resolveSchema,
  resolveServer,
  type TargetOptions,
} from './config.js'
import { pgliteDialect } from './connection/pglite.js'
import { hostPoolDialect, serverDialect } from './connection/postgres.js'
import { defaultSchema, schemaPlugin } from './connection/schema-plugin.js'
import { type InputIssue, InvalidConfigError } from './errors.js'
import { sqlStateOf } from './postgres-errors.js'
import type { Database } from './schema/database.js'

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined }
type Without<Keys extends string> = { readonly [K in Keys]?: never }

/** A statement that ran, for `log`. Its parameters are not part of it. */
export interface LoggedStatement {
  readonly sql: string
  readonly durationMs: number
  readonly failed: boolean
  /** What the server said when it failed; undefined when it said nothing. */
  readonly sqlState?: string | undefined
}

interface Logging {
  /** Where `echo` goes. Default: a line to `console.error`. Giving it turns `echo` on. */
  readonly log?: ((statement: LoggedStatement) => void) | undefined
}

/** A pool of our own, to `connectionString` or to what the environment says. */
export interface ServerOptions
  extends Optional<HandleSettings & PoolUseSettings & PoolSettings & TargetOptions>,
    Logging,
    Without<'pool' | 'pglite' | 'kysely'> {}

/** The host's own `pg.Pool`. Its settings stay the host's. */
export interface PoolOptions
  extends Optional<Omit<HandleSettings, 'acquireTimeoutMs'> & PoolUseSettings>,
    Logging,
    Without<'connectionString' | 'pglite' | 'kysely'> {
  readonly pool: HostPool
}

/** What we need of a `pg.Pool`, so that a pool of another make can stand in for one. */
export interface HostPool {
  connect(): Promise<unknown>
  readonly options: object
}

/** PGlite, embedded: an instance, which stays the host's, or a function that makes one, which is closed with the handle. */
export interface PGliteOptions
  extends Optional<HandleSettings>,
    Logging,
    Without<'connectionString' | 'pool' | 'kysely'> {
  readonly pglite: PGliteDialectConfig['pglite']
}

/**
 * The host's own Kysely on PostgreSQL or PGlite. Values come back as its driver gives them, so its pool needs parsers as
 * ours: `date` as text, `bigint` as number.
 */
export interface KyselyOptions<Tables> extends Without<'connectionString' | 'pool' | 'pglite'> {
  readonly kysely: Kysely<Tables>
  readonly schema?: string | undefined
}

export type FinanceDbOptions = ServerOptions | PoolOptions | PGliteOptions

/**
 * A Kysely handle on the finance database. Connects when it is first used. Options win over the environment, of which
 * only what the source needs is read. `db.destroy()` closes what was opened here and nothing that the host gave.
 *
 * ```ts
 * const db = createFinanceDb()                                   // DATABASE_URL or POSTGRES_…
 * const db = createFinanceDb({ connectionString, poolSize: 5 })
 * const db = createFinanceDb({ pool })                           // a pg.Pool
 * const db = createFinanceDb({ pglite: () => new PGlite() })
 * const db = createFinanceDb<OwnTables>()                        // knows the types of the host's tables too
 * const db = createFinanceDb({ kysely, schema: 'money' })        // the host's own Kysely
 * ```
 *
 * @throws {InvalidConfigError} Names each option and variable that is wrong, all at once, and shows no value.
 */
export function createFinanceDb<Tables>(options: KyselyOptions<Tables>, env?: Environment): Kysely<Tables & Database>
export function createFinanceDb<Tables = unknown>(
  options?: FinanceDbOptions,
  env?: Environment,
): Kysely<Tables & Database>
export function createFinanceDb(
  options: FinanceDbOptions | KyselyOptions<unknown> = {},
  env: Environment = process.env,
): Kysely<Database> | Kysely<Database & unknown> {
  const given: Readonly<Record<string, unknown>> = { ...options }
  assertOneSource(given)

  if (options.kysely !== undefined) return borrowed(options.kysely, resolveSchema(given, env))
  if (options.pglite !== undefined) {
    const settings = resolveHandle(given, env)
    return handle(pgliteDialect(options.pglite, settings), settings, options)
  }
  if (options.pool !== undefined) {
    const settings = resolvePool(given, env)
    return handle(hostPoolDialect(options.pool as pg.Pool, settings), settings, options)
  }
  const config = resolveServer(given, env)
  return handle(serverDialect(config), config, options as ServerOptions)
}

const sources: Readonly<Record<string, (value: unknown) => boolean>> = {
  connectionString: () => true,
  pool: (value) => has(value, 'connect') && has(value, 'options'),
  pglite: (value) => typeof value === 'function' || (has(value, 'query') && has(value, 'transaction')),
  kysely: (value) => has(value, 'getExecutor') && has(value, 'withPlugin'),
}

const has = (value: unknown, member: string) => typeof value === 'object' && value !== null && member in value

function assertOneSource(options: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(sources).filter((name) => options[name] !== undefined)
  const issues: InputIssue[] = given
    .filter((name) => sources[name]?.(options[name]) === false)
    .map((path) => ({ path, message: 'is not what the option takes' }))
  if (given.length > 1) issues.push({ path: given.join(', '), message: 'give one of them' })
  if (issues.length > 0) throw new InvalidConfigError(issues)
}

function handle(dialect: KyselyConfig['dialect'], settings: HandleSettings, { log }: Logging): Kysely<Database> {
  return new Kysely<Database>({
    dialect,
    plugins: settings.schema === defaultSchema ? [] : [schemaPlugin(settings.schema)],
    ...((settings.echo || log !== undefined) && { log: logger(log ?? print) }),
  })
}

function logger(log: NonNullable<Logging['log']>) {
  return (event: LogEvent) =>
    log({
      sql: event.query.sql,
      durationMs: event.queryDurationMillis,
      failed: event.level === 'error',
      ...(event.level === 'error' && { sqlState: sqlStateOf(event.error) }),
    })
}

function print({ sql, durationMs, failed }: LoggedStatement): void {
  console.error(`${durationMs.toFixed(1)} ms${failed ? ' failed' : ''}: ${sql}`)
}

/** A handle on the host's Kysely that does not close it. */
function borrowed<Tables>(kysely: Kysely<Tables>, schema: string): Kysely<Tables & Database> {
  const view =
    schema === defaultSchema ? kysely.$extendTables<Record<never, never>>() : kysely.withPlugin(schemaPlugin(schema))
  const stayOpen = { value: async () => {} }
  Object.defineProperties(view, { destroy: stayOpen, [Symbol.asyncDispose]: stayOpen })
  return view as unknown as Kysely<Tables & Database>
}
