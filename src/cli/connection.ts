import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { type Environment, fixedTarget, resolveServer, type ServerConfig } from '../config.js'
import { loadPGlite } from '../connection/load-pglite.js'
import { createFinanceDb } from '../database.js'
import { InvalidConfigError } from '../errors.js'
import type { Database } from '../schema/database.js'
import { UsageError } from './exit-codes.js'

export interface ConnectionFlags {
  readonly url?: string | undefined
  readonly schema?: string | undefined
  readonly pglite?: string | undefined
}

/** What a command works on, opened when it first asks something. */
export interface Connection {
  readonly db: Kysely<Database>
  /** For people: never has the password. */
  readonly where: string
  readonly embedded: boolean
  /** The server is this machine, as far as its name tells. */
  readonly loopback: boolean
  /** How to reach it, for other programs; undefined where it is embedded. */
  readonly server?: ServerConfig
}

export interface ConnectOptions {
  /** An embedded database may be made where there is none. */
  readonly create?: boolean
  /** It is about the schema itself: goes to `DATABASE_MIGRATION_URL`, where that is set and `--url` is not given. */
  readonly migrating?: boolean
}

export function connect(
  flags: ConnectionFlags,
  env: Environment,
  { create = false, migrating = false }: ConnectOptions = {},
): Connection {
  if (flags.pglite !== undefined) {
    if (flags.url !== undefined) throw new UsageError('Give --url or --pglite, not both.')
    if (statSync(flags.pglite, { throwIfNoEntry: false })?.isDirectory() === false) {
      throw new UsageError(`${flags.pglite} is a file: --pglite takes a directory.`)
    }
    if (!create && !existsSync(join(flags.pglite, 'PG_VERSION'))) {
      throw new UsageError(
        `There is no database in ${flags.pglite}. Make one: finance-db init --pglite ${flags.pglite}`,
      )
    }
    return { ...embedded(flags.pglite, flags.schema, env), where: `PGlite in ${flags.pglite}` }
  }

  const options = {
    connectionString: flags.url ?? (migrating ? env.DATABASE_MIGRATION_URL || undefined : undefined),
    schema: flags.schema,
    applicationName: 'finance-db cli',
    // Migrating and verifying take as long as they take, unless the environment says otherwise.
    ...(env.DATABASE_COMMAND_TIMEOUT === undefined && { statementTimeoutMs: 0 }),
  }
  // With the size of the pool, which is not ours here, so that what a service cannot start with is told.
  const server = resolve(options, env)
  const { host, port, user, database } = fixedTarget(server)
  return {
    db: createFinanceDb({ ...options, poolSize: 2, maxOverflow: 2 }, env),
    where: `${database ?? user ?? ''} on ${host.startsWith('/') ? host : `${host}:${port}`}`,
    embedded: false,
    loopback: isLoopback(host),
    server,
  }
}

/** PGlite in a directory, or in memory; with pgvector where that is installed. */
export function embedded(directory: string | undefined, schema: string | undefined, env: Environment): Connection {
  const db = createFinanceDb({ pglite: () => openPGlite(directory), schema }, env)
  return { db, where: 'PGlite in memory', embedded: true, loopback: true }
}

/**
 * PGlite in a directory, or in memory; with pgvector where that is installed.
 *
 * @param backup - A file that it begins with.
 */
export async function openPGlite(directory: string | undefined, backup?: string) {
  const { PGlite, vector } = await loadPGlite()
  return PGlite.create({
    ...(directory !== undefined && { dataDir: directory }),
    ...(backup !== undefined && { loadDataDir: new Blob([await readFile(backup)]) }),
    ...(vector !== undefined && { extensions: { vector } }),
  })
}

function resolve(options: Readonly<Record<string, unknown>>, env: Environment) {
  try {
    return resolveServer(options, env)
  } catch (error) {
    const missing =
      error instanceof InvalidConfigError && error.issues.some(({ message }) => message.includes('is not set'))
    if (!missing) throw error
    throw new UsageError(
      `${error.message}\nSet DATABASE_URL here or in a file .env, give --url, or use --pglite DIR for an embedded database.`,
      { cause: error },
    )
  }
}

function isLoopback(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
