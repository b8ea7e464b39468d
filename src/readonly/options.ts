import type { PGliteDialectConfig } from 'kysely'
import { z } from 'zod'
import { resolveSchema, resolveServer, type ServerConfig } from '../config.js'
import type { Environment, PoolSettings, TargetOptions } from '../connection/options.js'
import { Issues } from '../connection/settings.js'
import { InvalidConfigError } from '../errors.js'
import { firstScopeKey, type ScopeKey } from '../roles/scope-token.js'
import type { Audit } from './audit.js'
import type { Executor } from './executor.js'
import { createGate, type GateOptions } from './gate.js'
import { doorLimits, type QueryLimits } from './limits.js'
import { pgliteExecutor } from './pglite-executor.js'
import { serverExecutor } from './server-executor.js'

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined }

/**
 * How to connect, as for `createFinanceDb`, and what to allow. Without `connectionString` it is `READONLY_DATABASE_URL`, or
 * `POSTGRES_READONLY_USER` and `POSTGRES_READONLY_PASSWORD` with `POSTGRES_HOST`, `POSTGRES_PORT` and `POSTGRES_DB`; never
 * `DATABASE_URL`, which is that of an application that writes.
 */
export interface ReadOnlyDbOptions
  extends Optional<TargetOptions>,
    Optional<
      Pick<
        PoolSettings,
        'sslMode' | 'sslCa' | 'connectTimeoutMs' | 'idleTimeoutMs' | 'maxLifetimeMs' | 'allowExitOnIdle'
      >
    >,
    Optional<GateOptions> {
  readonly schema?: string | undefined
  /** Those of every query. */
  readonly limits?: Partial<QueryLimits> | undefined
  /**
   * Whether queries are parsed and refused with an explanation when they use what is not allowed; it needs the package
   * `libpg-query`. Default `on`. Without it the database refuses them all the same, in fewer words.
   */
  readonly guard?: 'on' | 'off' | undefined
  /** Signs whose rows a statement may see, for `asUser`. As text `id:base64`, the first of several; `FINANCE_SCOPE_KEY`. */
  readonly scopeKey?: ScopeKey | string | undefined
  /** Where each query is recorded: a handle that writes (`agent_queries`), or a function. Default: nowhere. */
  readonly audit?: Audit | undefined
  /** When a query cannot be recorded: `refuse` withholds its answer (the default), `answer` gives it. */
  readonly onAuditFailure?: 'refuse' | 'answer' | undefined
  /**
   * On a standby: the oldest data that is good enough, by the time of the last transaction that was replayed. While the
   * primary writes nothing, this age grows too.
   */
  readonly maxStalenessMs?: number | undefined
  /** How long a read waits for a standby to catch up, in milliseconds. Default 2,000. */
  readonly freshnessWaitMs?: number | undefined
  /** PGlite instead of a server. One process can hold less back: see docs/readonly.md. */
  readonly pglite?: PGliteDialectConfig['pglite'] | undefined
  /** On PGlite, the role that queries run as (`set local role`), when it exists. */
  readonly role?: string | undefined
}

export interface DoorSettings extends GateOptions {
  readonly config: ServerConfig | undefined
  readonly pglite: PGliteDialectConfig['pglite'] | undefined
  readonly pgliteRole: string | undefined
  readonly schema: string
  readonly limits: QueryLimits
  readonly guard: 'on' | 'off'
  readonly scopeKey: ScopeKey | undefined
  readonly audit: Audit | undefined
  readonly onAuditFailure: 'refuse' | 'answer'
  readonly maxStalenessMs: number | undefined
  readonly freshnessWaitMs: number
}

const waitMs = z.int().min(0).max(600_000)
const ownShape = {
  concurrency: z.int().min(1).max(1000).optional(),
  queue: z.int().min(0).max(100_000).optional(),
  queueTimeoutMs: waitMs.optional(),
  guard: z.enum(['on', 'off']).optional(),
  scopeKey: z
    .union([
      z.string(),
      z.object({ id: z.string().min(1), secret: z.instanceof(Uint8Array).refine((s) => s.length === 32) }),
    ])
    .optional(),
  audit: z.union([z.custom<Audit>((v) => typeof v === 'function' || (typeof v === 'object' && v !== null))]).optional(),
  onAuditFailure: z.enum(['refuse', 'answer']).optional(),
  maxStalenessMs: waitMs.optional(),
  freshnessWaitMs: waitMs.optional(),
  role: z.string().min(1).max(63).optional(),
}
const rules: Readonly<Record<string, string>> = {
  guard: "must be 'on' or 'off'",
  onAuditFailure: "must be 'refuse' or 'answer'",
  scopeKey: 'must be a key of 32 bytes with an id, or its text id:base64',
  audit: 'must be a handle or a function',
  role: 'must be the name of a role',
}

/** @throws {InvalidConfigError} @throws {InvalidInputError} The limits. */
export function readOptions(options: ReadOnlyDbOptions, env: Environment): DoorSettings {
  const { limits, pglite, ...rest } = options
  const issues = new Issues()
  const own: Record<string, unknown> = {}
  const connection: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(rest)) {
    if (value === undefined) continue
    const check = ownShape[name as keyof typeof ownShape]
    if (check === undefined) connection[name] = value
    else if (check.safeParse(value).success) own[name] = value
    else issues.add(name, rules[name] ?? 'must be a whole number that makes sense here')
  }
  issues.throwIfAny()

  const given = own as z.infer<z.ZodObject<typeof ownShape>>
  const scopeKey = given.scopeKey ?? (env.FINANCE_SCOPE_KEY?.trim() || undefined)
  const concurrency = given.concurrency ?? 4
  if (pglite === undefined) assertTarget(connection, env)
  const config =
    pglite === undefined ? resolveServer(serverOptions(connection, concurrency), agentEnvironment(env)) : undefined
  return {
    config,
    pglite,
    pgliteRole: given.role,
    schema: config?.schema ?? resolveSchema(connection, env),
    limits: doorLimits(limits),
    guard: given.guard ?? 'on',
    scopeKey: typeof scopeKey === 'string' ? firstScopeKey(scopeKey) : scopeKey,
    audit: given.audit,
    onAuditFailure: given.onAuditFailure ?? 'refuse',
    maxStalenessMs: given.maxStalenessMs,
    freshnessWaitMs: given.freshnessWaitMs ?? 2000,
    concurrency,
    queue: given.queue ?? 50,
    queueTimeoutMs: given.queueTimeoutMs ?? 30_000,
  }
}

/** The limits of time are set in each transaction, which every pooler lets through. */
function serverOptions(connection: Record<string, unknown>, concurrency: number): Record<string, unknown> {
  return {
    applicationName: 'finance-db readonly',
    ...connection,
    poolSize: concurrency,
    maxOverflow: 0,
    minSize: 0,
    statementTimeoutMs: 0,
    preparedStatements: false,
    prePing: false,
    acquireTimeoutMs: 30_000,
  }
}

/** DATABASE_URL is not for the door: to say that it is missing would send the operator to the wrong variable. */
function assertTarget(connection: Record<string, unknown>, env: Environment): void {
  const { connectionString, host, user } = connection
  if (connectionString ?? host ?? user) return
  if (namesAgent(env)) return
  throw new InvalidConfigError([
    {
      path: 'READONLY_DATABASE_URL (option connectionString)',
      message: 'is not set, and neither is POSTGRES_READONLY_USER; DATABASE_URL is not used for reading',
    },
  ])
}

/** Whether the environment says where the agent logs in. */
export function namesAgent(env: Environment): boolean {
  return Boolean(env.READONLY_DATABASE_URL?.trim() || env.POSTGRES_READONLY_USER?.trim())
}

/** What says where the agent logs in, under the names that `createFinanceDb` reads. */
export function agentEnvironment(env: Environment): Environment {
  const { POSTGRES_READONLY_USER: user, READONLY_DATABASE_URL: url } = env
  const shared = [
    'DATABASE_SSL_MODE',
    'DATABASE_SSL_CA',
    'FINANCE_DB_SCHEMA',
    'DATABASE_CONNECT_TIMEOUT',
    'DATABASE_POOL_RECYCLE',
  ]
  const kept: Record<string, string | undefined> = Object.fromEntries(shared.map((name) => [name, env[name]]))
  if (url?.trim()) return { ...kept, DATABASE_URL: url }
  if (!user?.trim()) return kept
  return {
    ...kept,
    POSTGRES_USER: user,
    POSTGRES_PASSWORD: env.POSTGRES_READONLY_PASSWORD,
    POSTGRES_HOST: env.POSTGRES_HOST ?? env.POSTGRES_SERVER,
    POSTGRES_PORT: env.POSTGRES_PORT,
    POSTGRES_DB: env.POSTGRES_DB,
  }
}

export function executorFor(settings: DoorSettings): Executor {
  const { config, pglite, pgliteRole, schema, scopeKey } = settings
  const gate = createGate(settings)
  if (config !== undefined) return serverExecutor({ config, gate, scopeKey, schema })
  if (pglite === undefined) throw new Error('there is a server or PGlite')
  return pgliteExecutor({ source: pglite, role: pgliteRole, gate, scopeKey, schema })
}
