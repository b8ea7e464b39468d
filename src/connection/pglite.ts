import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PGliteAdapter,
  PGliteDialect,
  type PGliteDialectConfig,
  PGliteDriver,
} from 'kysely'
import { ConnectionError, TimeoutError } from '../errors.js'
import { createMutex, type Mutex } from './mutex.js'
import { parsers } from './parsers.js'

type PGliteSource = PGliteDialectConfig['pglite']
type PGlite = Exclude<PGliteSource, (...args: never) => unknown>
type PGliteConnection = Awaited<ReturnType<PGliteDriver['acquireConnection']>> &
  Parameters<PGliteDriver['beginTransaction']>[0]
type PGliteTransaction = Parameters<Parameters<PGlite['transaction']>[0]>[0]

/**
 * A Kysely dialect over PGlite. PGlite has one connection: a handle waits its turn for it, in order, at most
 * `acquireTimeoutMs`, and all handles on one instance wait in the same line. A function is called at the first query,
 * and what it returns is closed with the handle; an instance stays the caller's and stays open.
 */
export function pgliteDialect(source: PGliteSource, { acquireTimeoutMs }: { acquireTimeoutMs: number }): Dialect {
  return {
    createAdapter: () => new QueueingAdapter(),
    createDriver: () => createDriver(source, acquireTimeoutMs),
    createIntrospector: (db) => new PGliteDialect({ pglite: source }).createIntrospector(db),
    createQueryCompiler: () => new PGliteDialect({ pglite: source }).createQueryCompiler(),
  }
}

/** Kysely would queue before our driver does: in no order, with no limit, and blind to other handles on the instance. */
class QueueingAdapter extends PGliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

const lines = new WeakMap<PGlite, Mutex>()

function lineFor(instance: PGlite): Mutex {
  let line = lines.get(instance)
  if (line === undefined) {
    line = createMutex()
    lines.set(instance, line)
  }
  return line
}

function createDriver(source: PGliteSource, acquireTimeoutMs: number): Driver {
  let instance: PGlite | undefined
  let free: (() => void) | undefined
  const inner = new PGliteDriver({
    pglite: async (options) => {
      instance = typeof source === 'function' ? await source(options) : source
      return faithful(instance, typeof source === 'function')
    },
  })

  async function acquireConnection(): Promise<DatabaseConnection> {
    if (instance === undefined || instance.closed) throw new ConnectionError('The PGlite instance is closed.')
    const unlock = await lineFor(instance).lock(acquireTimeoutMs)
    if (unlock === undefined) {
      throw new TimeoutError(
        'connection',
        `PGlite was busy for ${acquireTimeoutMs} ms. It has one connection: inside a transaction use its handle (\`trx\`), never \`db\`.`,
      )
    }
    free = unlock
    return inner.acquireConnection()
  }

  return {
    init: (options) => inner.init(options),
    acquireConnection,
    async releaseConnection() {
      free?.()
    },
    async beginTransaction(connection, { isolationLevel, accessMode }) {
      // Kysely's driver would wait for ever for the `begin` of a closed instance, and ignores the settings.
      if (instance?.closed !== false) throw new ConnectionError('The PGlite instance is closed.')
      await inner.beginTransaction(connection as PGliteConnection)
      const settings = [isolationLevel && `isolation level ${isolationLevel}`, accessMode].filter(Boolean)
      if (settings.length > 0)
        await connection.executeQuery(CompiledQuery.raw(`set transaction ${settings.join(', ')}`))
    },
    async commitTransaction(connection) {
      // PGlite does not tell that a commit became a rollback because an earlier statement had failed; this does, as 25P02.
      await connection.executeQuery(CompiledQuery.raw('select'))
      await inner.commitTransaction(connection as PGliteConnection)
    },
    rollbackTransaction: (connection) => inner.rollbackTransaction(connection as PGliteConnection),
    savepoint: (connection, name, compile) => inner.savepoint(connection, name, compile),
    rollbackToSavepoint: (connection, name, compile) => inner.rollbackToSavepoint(connection, name, compile),
    releaseSavepoint: (connection, name, compile) => inner.releaseSavepoint(connection, name, compile),
    destroy: () => inner.destroy(),
  }
}

/** The instance with our parsers in each query, closing only what is ours. */
function faithful(instance: PGlite, owned: boolean): PGlite {
  const query: PGlite['query'] = (text, params, options) => instance.query(text, params, { ...options, parsers })
  return {
    query,
    transaction: (callback) =>
      instance.transaction((trx) => {
        const inside: PGliteTransaction = {
          query: (text, params, options) => trx.query(text, params, { ...options, parsers }),
          rollback: () => trx.rollback(),
        }
        return callback(inside)
      }),
    close: async () => {
      if (owned) await instance.close()
    },
    get closed() {
      return instance.closed
    },
    get ready() {
      return instance.ready
    },
    get waitReady() {
      return instance.waitReady
    },
  }
}
