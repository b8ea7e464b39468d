import type { Environment, HandleSettings, PoolSettings, PoolUseSettings, ServerConfig } from './connection/options.js'
import { readTarget, targetNames } from './connection/read-target.js'
import { defaultSchema } from './connection/schema-plugin.js'
import {
  allSettings,
  caRule,
  type Given,
  Issues,
  readCertificates,
  readSettings,
  refuseUnknown,
  type SettingName,
  type SettingsOf,
} from './connection/settings.js'
import type { Target } from './connection/target.js'

export type {
  Environment,
  HandleSettings,
  PoolSettings,
  PoolUseSettings,
  ServerConfig,
  Supplier,
  TargetOptions,
} from './connection/options.js'

/**
 * For AWS Lambda, where each instance handles one request at a time and is frozen between requests.
 *
 * - One connection, no overflow: there is no second query to serve, and every instance costs the server its connections.
 * - Nothing is kept on purpose and `allowExitOnIdle` lets the event loop drain, so that the pool holds no invocation
 *   or shutdown open.
 * - Timers stand still while frozen, so a connection can be dead at the next request: pre-ping finds out.
 * - Short waits: a caller with a few seconds to live needs an error before it is cut off.
 *
 * @see https://node-postgres.com/apis/pool for `max`, `min`, `idleTimeoutMillis` and `allowExitOnIdle`
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
export const lambdaPreset = {
  poolSize: 1,
  maxOverflow: 0,
  minSize: 0,
  idleTimeoutMs: 1000,
  maxLifetimeMs: 15 * 60_000,
  acquireTimeoutMs: 5000,
  connectTimeoutMs: 3000,
  prePing: true,
  allowExitOnIdle: true,
} as const satisfies Partial<PoolSettings & PoolUseSettings & HandleSettings>

/**
 * What `createFinanceDb()` would use, with the defaults: for a check at start-up, or to show. Connects to nothing.
 *
 * @throws {InvalidConfigError} Names every variable that is wrong, and no value.
 */
export function loadConfig(env: Environment): ServerConfig {
  return resolveServer({}, env)
}

const handleSettings = ['schema', 'echo', 'acquireTimeoutMs'] as const
const poolUseSettings = ['schema', 'echo', 'preparedStatements', 'prePing'] as const

const defaults = {
  schema: defaultSchema,
  echo: false,
  acquireTimeoutMs: 30_000,
  preparedStatements: true,
  prePing: true,
}

const serverDefaults = {
  ...defaults,
  poolSize: 20,
  maxOverflow: 30,
  idleTimeoutMs: 10_000,
  maxLifetimeMs: 3_600_000,
  connectTimeoutMs: 10_000,
  statementTimeoutMs: 60_000,
  idleTransactionTimeoutMs: 60_000,
  answerTimeoutMs: 0,
  allowExitOnIdle: false,
}

/** For a host's own Kysely: there is only the schema to know. */
export function resolveSchema(options: Given, env: Environment): string {
  return resolve(options, ['kysely'], ['schema'], env).schema ?? defaultSchema
}

/** For PGlite. */
export function resolveHandle(options: Given, env: Environment): HandleSettings {
  return { ...defaults, ...resolve(options, ['pglite', 'log'], handleSettings, env) }
}

/** For a host's own pool. */
export function resolvePool(options: Given, env: Environment): HandleSettings & PoolUseSettings {
  return { ...defaults, ...resolve(options, ['pool', 'log'], poolUseSettings, env) }
}

/** Where the server is that a command line names: its connection string is never a function. */
export function fixedTarget({ target }: ServerConfig): Target {
  if (typeof target === 'function') throw new Error('a command line has no connection string that is a function')
  return target
}

function resolve<Name extends SettingName>(
  options: Given,
  others: readonly string[],
  names: readonly Name[],
  env: Environment,
): SettingsOf<Name> {
  const issues = new Issues()
  refuseUnknown(options, [...others, ...names], issues)
  const read = readSettings(names, options, env, issues)
  issues.throwIfAny()
  return read
}

/** For a pool of our own. */
export function resolveServer(options: Given, env: Environment): ServerConfig {
  const issues = new Issues()
  refuseUnknown(options, ['connectionString', 'log', ...targetNames, ...allSettings], issues)
  const read = readSettings(allSettings, options, env, issues)
  const { target, password } = readTarget(
    options,
    env,
    options.sslMode === undefined ? undefined : read.sslMode,
    issues,
  )
  // What the connection string says of TLS stands between an option and a variable.
  const inString = typeof target === 'object' ? target : undefined
  const sslMode = inString?.sslMode ?? read.sslMode ?? 'prefer'
  const sslCa = readCertificates((options.sslCa === undefined ? inString?.sslCa : undefined) ?? read.sslCa, issues)
  if (sslMode === 'verify-ca' && sslCa === undefined) issues.add('sslCa (variable DATABASE_SSL_CA)', caRule)
  issues.throwIfAny()
  if (target === undefined) throw new Error('a wrong target is always an issue')

  const config = {
    ...serverDefaults,
    ...(inString?.preparedStatements === undefined ? {} : { preparedStatements: inString.preparedStatements }),
    ...read,
    sslMode,
    sslCa,
    target,
  }
  const minSize = Math.min(config.minSize ?? config.poolSize, config.poolSize + config.maxOverflow)
  return Object.defineProperty({ ...config, minSize }, 'password', { value: password, enumerable: false })
}
