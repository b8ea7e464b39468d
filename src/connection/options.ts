import type { SslMode, Target } from './target.js'

/** Environment variables, as in `process.env`. An empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A secret that is fetched when a connection is made: AWS Secrets Manager, an RDS IAM token, Vault. */
export type Supplier = () => string | Promise<string>

/** How to behave, whatever is connected to. */
export interface HandleSettings {
  /** The Postgres schema that holds our objects. `FINANCE_DB_SCHEMA`, default `finance`. */
  schema: string
  /** Log each statement with its time, never its parameters. `DATABASE_ECHO` or `DB_ECHO`, default false. */
  echo: boolean
  /**
   * How long a query waits for a free connection, in milliseconds; 0 is for ever.
   * `DATABASE_POOL_TIMEOUT` in seconds, default 30 s.
   */
  acquireTimeoutMs: number
}

/** How to use a pool of connections, ours or the host's. */
export interface PoolUseSettings {
  /**
   * Prepare statements that come again, under names. Turn it off behind PgBouncer in transaction mode before 1.21, or
   * with its `max_prepared_statements` at 0. `DATABASE_PREPARED_STATEMENTS`, or `?pgbouncer=true` in the connection string.
   * Default true.
   */
  preparedStatements: boolean
  /**
   * Check a connection that has been idle for 50 ms or more before handing it out, and replace a dead one unseen.
   * `DATABASE_POOL_PRE_PING`, default true.
   */
  prePing: boolean
}

/** How to make a pool. */
export interface PoolSettings {
  /** Connections that are kept. `DATABASE_POOL_SIZE`, default 20. */
  poolSize: number
  /**
   * Connections beyond `poolSize` under load. pg's pool has no such thing: its `max` is the sum of the two, its `min` is
   * `poolSize` (unless `minSize` says less), and `idleTimeoutMs` closes what is above that. pg opens connections when they
   * are needed, not `min` of them at the start. `DATABASE_MAX_OVERFLOW`, default 30.
   */
  maxOverflow: number
  /** Connections that stay open however long they are idle. Default `poolSize`. */
  minSize: number
  /** A connection above `minSize` is closed after so long without work, in milliseconds. Default 10 s. */
  idleTimeoutMs: number
  /** A connection is replaced at this age, in milliseconds; 0 is never. `DATABASE_POOL_RECYCLE` in seconds, default 1 h. */
  maxLifetimeMs: number
  /** Limit on making one connection, in milliseconds; 0 is none. `DATABASE_CONNECT_TIMEOUT` in seconds, default 10 s. */
  connectTimeoutMs: number
  /**
   * The server ends a statement that runs longer (`statement_timeout`), in milliseconds; 0 is never. PgBouncer takes it
   * only with `ignore_startup_parameters = statement_timeout` and drops it; without that we connect without it and warn:
   * then set it on the role. `DATABASE_COMMAND_TIMEOUT` in seconds, default 60 s.
   */
  statementTimeoutMs: number
  /**
   * The server ends a session whose transaction has been idle for so long (`idle_in_transaction_session_timeout`), in
   * milliseconds; 0 is never. Without it, locks of a process that the network lost stay held. The transaction gets a
   * `TimeoutError`. PgBouncer takes it as it takes `statementTimeoutMs`. `DATABASE_IDLE_TRANSACTION_TIMEOUT` in seconds,
   * default 60 s.
   */
  idleTransactionTimeoutMs: number
  /**
   * A connection that has owed an answer for so long is broken off, in milliseconds: for networks that swallow packets and
   * servers that hang, where otherwise the system takes some 15 minutes to notice. The caller gets a `ConnectionError`. It
   * must be longer than any statement, those of migrations too; COPY is exempt. `DATABASE_ANSWER_TIMEOUT` in seconds,
   * default 0: never.
   */
  answerTimeoutMs: number
  /** Let the process end while connections are idle. Default false. */
  allowExitOnIdle: boolean
  /**
   * As libpq has them. `disable`: never TLS. `allow`: plain, TLS if the server insists. `prefer`: TLS, plain if the server
   * has none. `require`: TLS, unverified unless a CA is given. `verify-ca`: the CA is checked. `verify-full`: the host name
   * too. `DATABASE_SSL_MODE`, or `sslmode` in the connection string, which wins. Default `prefer`.
   *
   * @see https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
   */
  sslMode: SslMode
  /**
   * Certificates of the authorities to trust: PEM, or a path to it. `DATABASE_SSL_CA`, or `sslrootcert` in the connection string,
   * which wins. Default: those of Node; `verify-ca` needs one.
   */
  sslCa: string | undefined
}

/** Where to connect. What is given apart from `connectionString` overrides what is in it. */
export interface TargetOptions {
  /**
   * `DATABASE_URL`. A function is asked again for each new connection. Without it: `POSTGRES_USER`, `POSTGRES_PASSWORD`,
   * `POSTGRES_HOST` (or `POSTGRES_SERVER`, default localhost), `POSTGRES_PORT` (5432) and `POSTGRES_DB` (the user).
   */
  connectionString?: string | Supplier | undefined
  host?: string | undefined
  port?: number | undefined
  user?: string | undefined
  /** A function is asked again for each new connection. */
  password?: string | Supplier | undefined
  database?: string | undefined
  /** What `pg_stat_activity` shows. Default `finance-db`. */
  applicationName?: string | undefined
}

/** All of it, resolved. */
export interface ServerConfig extends HandleSettings, PoolUseSettings, PoolSettings {
  /** Known now, or known when a connection is made. */
  readonly target: Target | (() => Promise<Target>)
  /** Set when the password is asked for at each new connection. Not enumerable. */
  readonly password?: Supplier | undefined
}
