import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import { ConnectionError, FinanceDbError, InvalidConfigError, TimeoutError } from '../errors.js'
import { noTlsMessage, supplierFailure } from './connect-failure.js'
import type { ServerConfig, Supplier } from './options.js'
import { caRule } from './settings.js'
import type { SslMode, Target } from './target.js'

/** Our own pool, and what it learns about its server from refusals. */
export interface Server {
  readonly pool: pg.Pool
  /** `host:port` of the latest attempt. */
  readonly where: () => string
  /**
   * Changes how connections are made after a refusal that this can help, and says whether to try again: TLS or plain for
   * `prefer` and `allow` (pg knows neither), and start-up parameters that PgBouncer does not take. The change stays.
   */
  readonly adapt: (error: unknown) => boolean
}

interface Attempt {
  readonly mode: SslMode
  readonly tls: boolean
  /** Whether `statement_timeout` and `idle_in_transaction_session_timeout` are asked for. */
  readonly limits: boolean
}

/** Makes the pool. It connects when it is first used. */
export function createServer(config: ServerConfig): Server {
  const { target, statementTimeoutMs, idleTransactionTimeoutMs, connectTimeoutMs } = config
  // What refusals taught. `tls` is undefined until then: each mode has its own first choice.
  const learnt = {
    tls: undefined as boolean | undefined,
    tlsMissing: false,
    limits: statementTimeoutMs > 0 || idleTransactionTimeoutMs > 0,
  }
  const attempts = new WeakMap<Error, Attempt>()
  let latest: Target | undefined = typeof target === 'function' ? undefined : target

  function attemptAt(to: Target): Attempt {
    const mode = to.sslMode ?? config.sslMode
    const tls = mode === 'prefer' || mode === 'allow' ? (learnt.tls ?? mode === 'prefer') : mode !== 'disable'
    return { mode, tls, limits: learnt.limits }
  }

  function clientConfig(to: Target, { mode, tls, limits }: Attempt): pg.ClientConfig {
    return {
      host: to.host,
      port: to.port,
      user: to.user,
      database: to.database ?? to.user,
      password: config.password === undefined ? to.password : supply(config.password),
      // On a Unix socket there is no TLS; libpq ignores the mode there too.
      ssl: tls && !to.host.startsWith('/') && tlsOptions(mode, config.sslCa ?? to.sslCa),
      options: to.options,
      application_name: to.applicationName,
      fallback_application_name: 'finance-db',
      statement_timeout: limits && statementTimeoutMs,
      idle_in_transaction_session_timeout: limits ? idleTransactionTimeoutMs : 0,
      connectionTimeoutMillis: connectTimeoutMs,
      enableChannelBinding: to.channelBinding,
      keepAlive: true,
      // Node would leave it to the system, which waits for two hours before it asks the first time.
      keepAliveInitialDelayMillis: 10_000,
    }
  }

  // pg's pool has one limit for waiting in line and for connecting, and builds clients from its own options.
  class Client extends pg.Client {
    #attempt: Attempt

    constructor() {
      const to = latest ?? { host: 'localhost', port: 5432 }
      const attempt = attemptAt(to)
      super(clientConfig(to, attempt))
      this.#attempt = attempt
    }

    // pg asks for this when it starts a session; its types do not know. The style is all that parsers need, and the order of days
    // and months in what is written stays the database's. Poolers take it: it is what pgjdbc asks for.
    getStartupConf(): Record<string, string> {
      const inherited: unknown = Reflect.get(pg.Client.prototype, 'getStartupConf')
      return { ...(inherited as () => Record<string, string>).call(this), DateStyle: 'ISO' }
    }

    override connect(): Promise<pg.Client>
    override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void
    override connect(callback?: (...outcome: never[]) => void): Promise<pg.Client> | undefined {
      const connected = this.#connect()
      if (callback === undefined) return connected
      const report = callback as (error: unknown, client?: pg.Client) => void
      connected.then((client) => report(null, client), report)
      return undefined
    }

    async #connect(): Promise<pg.Client> {
      try {
        if (typeof target === 'function') {
          latest = await withinTime(target, connectTimeoutMs)
          this.#attempt = attemptAt(latest)
          become(this, new pg.Client(clientConfig(latest, this.#attempt)))
        }
        return await super.connect()
      } catch (error) {
        if (error instanceof Error) attempts.set(error, this.#attempt)
        // pg leaves the socket open when it was our side that failed, the password function for one.
        void this.end()
        throw error
      }
    }
  }

  const pool = new pg.Pool({
    // pg's types have the class without arguments that it calls with the pool's options; ours needs none.
    Client,
    max: config.poolSize + config.maxOverflow,
    min: config.minSize,
    idleTimeoutMillis: config.idleTimeoutMs,
    connectionTimeoutMillis: config.acquireTimeoutMs,
    maxLifetimeSeconds: config.maxLifetimeMs / 1000,
    allowExitOnIdle: config.allowExitOnIdle,
  })

  return {
    pool,
    where: () => (latest === undefined ? 'the database server' : whereOf(latest)),
    adapt(error) {
      const attempt = error instanceof Error ? attempts.get(error) : undefined
      if (attempt === undefined) return false
      if (attempt.limits && isUnsupportedParameter(error)) {
        if (learnt.limits) warnOfLimits()
        learnt.limits = false
        return true
      }
      if ((attempt.mode !== 'prefer' && attempt.mode !== 'allow') || !isTlsMatter(error)) return false
      if (isTlsMissing(error)) learnt.tlsMissing = true
      learnt.tls = !attempt.tls && !learnt.tlsMissing
      return learnt.tls !== attempt.tls
    },
  }
}

export function whereOf({ host, port }: Pick<Target, 'host' | 'port'>): string {
  return host.startsWith('/')
    ? `${host}/.s.PGSQL.${port}`
    : host.includes(':')
      ? `[${host}]:${port}`
      : `${host}:${port}`
}

/** `require` with a CA checks it, as libpq does: who names a CA wants it used. */
function tlsOptions(mode: SslMode, ca: string | undefined): ConnectionOptions {
  const trusted = ca === undefined ? {} : { ca }
  if (mode === 'verify-full') return { ...trusted, rejectUnauthorized: true }
  if (mode === 'verify-ca' || (mode === 'require' && ca !== undefined)) {
    if (ca === undefined) throw new InvalidConfigError([{ path: 'sslCa (variable DATABASE_SSL_CA)', message: caRule }])
    return { ...trusted, rejectUnauthorized: true, checkServerIdentity: () => undefined }
  }
  return { rejectUnauthorized: false }
}

// 28000: pg_hba.conf has no line for this kind of connection. libpq tries the other kind after it too.
function isTlsMatter(error: unknown): boolean {
  return isTlsMissing(error) || (error instanceof Error && 'code' in error && error.code === '28000')
}

function isTlsMissing(error: unknown): boolean {
  return error instanceof Error && error.message === noTlsMessage
}

function isUnsupportedParameter(error: unknown): boolean {
  return error instanceof Error && /^unsupported startup parameter/.test(error.message)
}

function warnOfLimits(): void {
  process.emitWarning(
    'The pooler in front of PostgreSQL does not take statement_timeout and idle_in_transaction_session_timeout, so nothing ' +
      'has a limit. Set them on the role (alter role … set …), and DATABASE_COMMAND_TIMEOUT=0 and ' +
      'DATABASE_IDLE_TRANSACTION_TIMEOUT=0, or ignore_startup_parameters in PgBouncer.',
    { code: 'FINANCE_DB_NO_STATEMENT_TIMEOUT' },
  )
}

function supply(password: Supplier): () => Promise<string> {
  return async () => {
    let value: unknown
    try {
      value = await password()
    } catch (error) {
      throw supplierFailure('password', error)
    }
    if (typeof value !== 'string' || value === '') {
      throw new ConnectionError('The function that gives the password gave none.')
    }
    return value
  }
}

async function withinTime(target: () => Promise<Target>, limitMs: number): Promise<Target> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    if (limitMs === 0) return
    const message = `The function that gives the connection string took longer than ${limitMs} ms (connectTimeoutMs).`
    timer = setTimeout(() => reject(new TimeoutError('connection', message)), limitMs)
  })
  try {
    return await Promise.race([target(), late])
  } catch (error) {
    throw error instanceof FinanceDbError ? error : supplierFailure('connection string', error)
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A client fixes where it connects when it is constructed, which pg's pool does before it lets anyone wait. So one whose
 * target is only known now takes over the fields of a client that was made with it.
 */
function become(client: pg.Client, made: pg.Client): void {
  const fields = [
    'connectionParameters',
    'connection',
    'host',
    'port',
    'user',
    'database',
    'ssl',
    'enableChannelBinding',
  ]
  for (const field of fields) Reflect.set(client, field, Reflect.get(made, field))
  Object.defineProperty(client, 'password', { value: Reflect.get(made, 'password'), enumerable: false, writable: true })
}
