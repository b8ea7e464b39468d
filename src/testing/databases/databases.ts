import type { PGlite } from '@electric-sql/pglite'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { createFinanceDb } from '../../database.js'
import type { Database } from '../../schema/database.js'
import { createSandboxes, type Sandboxes } from '../sandbox/sandbox.js'
import { startTestServer, type TestServerKind, type TestServerOptions } from '../server.js'
import { connected, withDatabase } from './connect.js'
import { newRunName } from './names.js'
import { ensurePGliteImage, openPGliteImage, pglitePool } from './pglite-image.js'
import { dropRun, ensureTemplate, type Preparation } from './template.js'

/** Where migrated databases come from, as plain data: for workers, which get it by `provide` or in the environment. */
export type TestDatabasesHandle =
  | {
      readonly kind: 'server'
      /** The maintenance database, as a user who may create databases. */
      readonly url: string
      /** Where the tests themselves connect when that is not `url`: a pooler before the server. */
      readonly through?: string
      readonly template: string
      /** Names of the run's databases begin with it: they are dropped at its end. */
      readonly run: string
      readonly schema?: string
    }
  | { readonly kind: 'pglite'; readonly image: string; readonly schema?: string }

export interface TestDatabasesOptions extends Omit<TestServerOptions, 'kind'>, Preparation {
  /**
   * Use this kind only. `TEST_DATABASE` of `env` says the same, and `TEST_DATABASE_IMAGE` the container's image.
   * Default: the first server that works, not PGlite.
   */
  readonly kind?: TestServerKind | 'pglite' | undefined
}

/** The databases of one test run. */
export interface TestDatabases {
  readonly handle: TestDatabasesHandle
  /** One line for people. Never has a password. */
  readonly describe: string
  /** Drops what the run has made and ends its server. May be called twice. */
  stop(): Promise<void>
}

/** The variable that carries a {@link TestDatabasesHandle} from a global set-up to the processes of the tests. */
export const handleVariable = 'FINANCE_DB_TEST_DATABASES'

/**
 * Finds or starts a server (or PGlite), migrates a database on it once, and keeps that as a template for copies. A
 * server that stays (`TEST_DATABASE_URL`) and PGlite are migrated again only when a migration has changed.
 *
 * @throws {UnsupportedError} There is nothing to test on. The message says what to install.
 */
export async function startTestDatabases(options: TestDatabasesOptions = {}): Promise<TestDatabases> {
  const env: Readonly<Record<string, string | undefined>> = { ...process.env, ...options.env }
  const kind = options.kind ?? kindOf(env.TEST_DATABASE)
  const schema = options.schema === undefined ? {} : { schema: options.schema }
  if (kind === 'pglite') {
    const image = await ensurePGliteImage(options)
    const stop = async () => undefined
    return { handle: { kind: 'pglite', image, ...schema }, describe: 'PGlite (in this process)', stop }
  }

  const server = await startTestServer({
    ...options,
    env,
    kind,
    image: options.image ?? (env.TEST_DATABASE_IMAGE || undefined),
  })
  try {
    const template = await ensureTemplate(server.url, options)
    const run = newRunName()
    return {
      handle: { kind: 'server', url: server.url, template, run, ...schema },
      describe: server.describe,
      async stop() {
        if (server.kind === 'url') await dropRun(server.url, run)
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

function kindOf(text: string | undefined): TestDatabasesOptions['kind'] {
  const kinds = ['url', 'docker', 'embedded', 'pglite'] as const
  return kinds.find((kind) => kind === text)
}

/** A migrated database of one's own. `await using` closes the handles and drops it. */
export interface DatabaseCopy extends AsyncDisposable {
  /** Undefined on PGlite, which has no address. */
  readonly url: string | undefined
  readonly db: Kysely<Database>
  /** Up to five connections; one on PGlite. */
  readonly pool: pg.Pool
}

const copies = { count: 0 }

/** Copies the template: for tests that must commit, or that need several connections. About a quarter of a second. */
export async function copyDatabase(handle: TestDatabasesHandle): Promise<DatabaseCopy> {
  if (handle.kind === 'pglite') {
    const pglite = await openPGliteImage(handle.image)
    const pool = pglitePool(pglite)
    return copyOf(undefined, pool, handle, () => pglite.close())
  }
  const name = `${handle.run}_${process.pid}_${++copies.count}`
  await connected(handle.url, (client) => client.query(`create database ${name} template ${handle.template}`))
  const url = withDatabase(handle.through ?? handle.url, name)
  const pool = new pg.Pool({ connectionString: url, max: 5 })
  return copyOf(url, pool, handle, () => dropDatabase(handle.url, name))
}

function copyOf(
  url: string | undefined,
  pool: pg.Pool,
  { schema }: TestDatabasesHandle,
  remove: () => Promise<void>,
): DatabaseCopy {
  const db = createFinanceDb({ pool, schema }, {})
  return {
    url,
    db,
    pool,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      if (!pool.ended) await pool.end()
      await remove()
    },
  }
}

/** Sandboxes on the database of one worker, made when it is first asked for. */
export interface WorkerSandboxes extends Sandboxes {
  /** The worker's database; undefined on PGlite. */
  readonly url: string | undefined
}

/**
 * Sandboxes for one worker, which has a database of its own: nothing is committed in it, so that it serves all test files
 * that run in the worker, one after another. One that a test has committed to is replaced.
 */
export async function workerSandboxes(handle: TestDatabasesHandle, worker: string | number): Promise<WorkerSandboxes> {
  if (handle.kind === 'pglite') return pgliteSandboxes(await openPGliteImage(handle.image))
  const name = `${handle.run}_w${worker}`
  await createUnlessThere(handle, name)
  const url = withDatabase(handle.through ?? handle.url, name)
  const sandboxes = createSandboxes(url)
  return {
    url,
    open: sandboxes.open,
    get dirty() {
      return sandboxes.dirty
    },
    async close() {
      try {
        await sandboxes.close()
      } finally {
        if (sandboxes.dirty) await dropDatabase(handle.url, name)
      }
    },
  }
}

function pgliteSandboxes(pglite: PGlite): WorkerSandboxes {
  const sandboxes = createSandboxes({ pglite })
  return {
    url: undefined,
    open: sandboxes.open,
    get dirty() {
      return sandboxes.dirty
    },
    async close() {
      await sandboxes.close().finally(() => pglite.close())
    },
  }
}

async function createUnlessThere(handle: TestDatabasesHandle & { kind: 'server' }, name: string): Promise<void> {
  try {
    await connected(handle.url, (client) => client.query(`create database ${name} template ${handle.template}`))
  } catch (error) {
    // A test file that ran earlier in this worker has made it already.
    if (!(error instanceof pg.DatabaseError && error.code === '42P04')) throw error
  }
}

async function dropDatabase(url: string, name: string): Promise<void> {
  await connected(url, (client) => client.query(`drop database if exists ${name} with (force)`))
}
