import { Kysely, type KyselyConfig, PostgresDialect } from 'kysely'
import type pg from 'pg'
import { createFinanceDb } from '../../database.js'
import type { Database } from '../../schema/database.js'
import { startSequence } from '../factories/sequence.js'
import { createClock, type SandboxClock } from './clock.js'
import { logged } from './logs.js'
import { type EmbeddedPostgres, PGliteStream } from './pglite-stream.js'
import { SandboxPool } from './pool.js'
import { SandboxError, type SandboxProblem } from './problems.js'
import { type SandboxQuery, Session } from './session.js'
import type { Settings } from './settings.js'
import { Wire } from './wire.js'

const { setImmediate } = globalThis

/** Where a sandbox connects: a migrated database that nothing is ever committed to. */
export type SandboxSource =
  | string
  | pg.ClientConfig
  /** An instance of PGlite. It stays the caller's; nothing else should use it while a sandbox is open. */
  | { readonly pglite: EmbeddedPostgres }

export interface SandboxOptions {
  /** The name of the test, for reports. */
  readonly name?: string | undefined
  /** The Postgres schema of our tables. Default `finance`. */
  readonly schema?: string | undefined
  /**
   * When deferred constraints and triggers are checked: at the test's `end` (the default), or also at each `commit` of the
   * code under test, as a server does. Lone statements are checked at the end either way. `never` leaves out the work of
   * deferred triggers, such as the sealing of our audit log: with writes to our tables that is most of a sandbox's cost.
   */
  readonly deferred?: 'end' | 'commit' | 'never' | undefined
  /**
   * After so many milliseconds in which the holder of the connection does nothing, who waits for it gets a
   * {@link SandboxError} instead of hanging. Default 2000.
   */
  readonly stallMs?: number | undefined
}

/** Handles on the connection of one test. */
export interface SandboxHandles {
  /** Our tables, as `createFinanceDb({ pool })` gives them. */
  readonly db: Kysely<Database>
  /** For code that takes a `pg.Pool`, and for a host's own Kysely. */
  readonly pool: pg.Pool
  /** A Kysely of the host's tables: `new Kysely({ dialect: new PostgresDialect({ pool }) })`. */
  kysely<Tables>(config?: Omit<KyselyConfig, 'dialect'>): Kysely<Tables>
  /** Another pool, for code that ends the one that it is given. */
  createPool(): pg.Pool
}

/** One test's view of a database, all of whose writes vanish at the end. */
export interface Sandbox extends SandboxHandles, AsyncDisposable {
  readonly name: string
  /** Moves the time of JavaScript and of SQL together. */
  readonly clock: SandboxClock
  /** What has run so far, without transaction control and without parameters. */
  readonly queries: readonly SandboxQuery[]
  /**
   * Handles whose statements run as another role, with settings that row-level security reads. What the role may not do
   * is refused as in production; other handles keep the role that they have.
   *
   * ```ts
   * const agent = sandbox.as('reporting', { 'app.user_id': ada.id })
   * await agent.pool.query('select * from app.notes')
   * ```
   */
  as(role: string | undefined, settings?: Settings): SandboxHandles
  /**
   * Rolls everything back. Called twice, it does nothing the second time.
   *
   * @throws {SandboxError} What the test did wrong: see `problems`.
   */
  close(): Promise<void>
}

/** Opens sandboxes on connections that are used again, which costs no more than `BEGIN` and `ROLLBACK`. */
export interface Sandboxes {
  /**
   * Several may be open at once, for concurrent tests: each has a connection and sees nothing of the others. But two that
   * insert the same unique value wait for each other. PGlite has one connection, so there they take turns.
   */
  open(options?: SandboxOptions): Promise<Sandbox>
  /**
   * Ends the connections.
   *
   * @throws {SandboxError} Statements came after the end of their test.
   */
  close(): Promise<void>
  /** Whether a test has ended its transaction by SQL, so that the database may hold what it wrote. */
  readonly dirty: boolean
}

/** Sandboxes on one database, for a file of tests or a worker. */
export function createSandboxes(source: SandboxSource): Sandboxes {
  const config = clientConfig(source)
  const late: SandboxProblem[] = []
  const idle: Wire[] = []
  const open = new Set<Sandbox>()
  let dirty = false

  async function takeWire(): Promise<Wire> {
    const wire = idle.pop()
    if (wire !== undefined) return wire
    const [first] = open
    if (typeof config !== 'function') return Wire.open(config)
    if (first !== undefined) throw new SandboxError(first.name, [stillOpen])
    const embedded = await Wire.open(config())
    // The session of PGlite is older than its client: statements may be prepared in it already.
    await embedded.script(['discard all'])
    return embedded
  }

  async function giveBack(wire: Wire): Promise<void> {
    if (wire.broken === undefined && wire.status === 'I') idle.push(wire)
    else wire.destroy()
  }

  return {
    async open(options = {}) {
      const name = options.name ?? 'A test'
      const wire = await takeWire()
      // Concurrent tests count on together: their values are unique, but who gets which is chance.
      if (open.size === 0) startSequence(name)
      const session = new Session(
        wire,
        { test: name, stallMs: options.stallMs ?? 2_000, deferred: options.deferred ?? 'end' },
        (error) => {
          late.push({ kind: 'after-end', message: error.message, cause: error })
        },
      )
      const opened = makeSandbox(wire, session, name, options, typeof config === 'function' ? {} : config, async () => {
        open.delete(opened)
        dirty ||= session.dirty
        await giveBack(wire)
      })
      open.add(opened)
      return opened
    },
    async close() {
      for (const sandbox of open) await sandbox.close()
      for (const wire of idle.splice(0)) await wire.close()
      if (late.length > 0) throw new SandboxError('After the end of a test', late.splice(0))
    },
    get dirty() {
      return dirty
    },
  }
}

/**
 * One sandbox on a connection of its own, which `close` ends. For one test, or by hand; {@link createSandboxes} keeps the
 * connection for the next.
 *
 * ```ts
 * await using sandbox = await openSandbox(url, { name: 'posts a transfer' })
 * await transfers.create(sandbox.db, …)
 * ```
 */
export async function openSandbox(source: SandboxSource, options?: SandboxOptions): Promise<Sandbox> {
  const sandboxes = createSandboxes(source)
  const sandbox = await sandboxes.open(options)
  const close = async () => {
    try {
      await sandbox.close()
    } finally {
      await sandboxes.close()
    }
  }
  return logged(Object.assign(Object.create(sandbox), { close, [Symbol.asyncDispose]: close }), sandbox.queries)
}

const stillOpen: SandboxProblem = {
  kind: 'unsupported',
  message: 'Its sandbox is still open, and PGlite has one connection: tests on it take turns.',
}

function clientConfig(source: SandboxSource): pg.ClientConfig | (() => pg.ClientConfig) {
  if (typeof source === 'string') return { connectionString: source }
  if (!('pglite' in source)) return source
  const { pglite } = source
  // pg types the stream as a socket, of which it uses what the stream has.
  return () => ({ user: 'postgres', database: 'postgres', stream: () => new PGliteStream(pglite) as never })
}

function makeSandbox(
  wire: Wire,
  session: Session,
  name: string,
  options: SandboxOptions,
  poolOptions: pg.PoolConfig,
  closed: () => Promise<void>,
): Sandbox {
  const pools: SandboxPool[] = []
  const clock = createClock(session)

  function handles(settings: Settings): SandboxHandles {
    const createPool = () => {
      const pool = new SandboxPool(
        { session, wire, test: name, settings: () => ({ ...settings, ...clock.settings() }) },
        poolOptions,
      )
      pools.push(pool)
      return logged(pool as unknown as pg.Pool, session.queries)
    }
    let db: Kysely<Database> | undefined
    let pool: pg.Pool | undefined
    return {
      get db() {
        db ??= logged(
          createFinanceDb({ pool: createPool(), prePing: false, schema: options.schema }, {}),
          session.queries,
        )
        return db
      },
      get pool() {
        pool ??= createPool()
        return pool
      },
      kysely<Tables>(config: Omit<KyselyConfig, 'dialect'> = {}) {
        const dialect = new PostgresDialect({ pool: createPool() })
        return logged(new Kysely<Tables>({ ...config, dialect }), session.queries)
      },
      createPool,
    }
  }

  let closing: Promise<void> | undefined
  const close = async () => {
    // Statements that were started a moment ago get as far as the line, and clients that are being released are.
    await new Promise((resolve) => setImmediate(resolve))
    clock.release()
    for (const pool of pools) pool.reportLeaks()
    try {
      await session.close()
    } finally {
      await closed()
    }
  }
  const closeOnce = () => {
    // The second call gives no errors, which the first has given.
    if (closing !== undefined) return closing.catch(() => undefined)
    closing = close()
    return closing
  }
  const own = handles({})
  return logged(
    {
      name,
      clock,
      queries: session.queries,
      get db() {
        return own.db
      },
      get pool() {
        return own.pool
      },
      kysely: own.kysely,
      createPool: own.createPool,
      as: (role, settings = {}) => handles(role === undefined ? settings : { ...settings, role }),
      close: closeOnce,
      [Symbol.asyncDispose]: closeOnce,
    },
    session.queries,
  )
}
