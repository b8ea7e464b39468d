import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { type Environment, fixedTarget, type ServerConfig } from '../config.js'
import { isBehindPooler } from '../connection/postgres.js'
import { stopWithClient } from '../connection/stop-with-client.js'
import { withPassword } from '../connection/target.js'
import { createFinanceDb } from '../database.js'
import { InvalidInputError, PermissionDeniedError, SchemaMissingError, UnsupportedError } from '../errors.js'
import { identifier } from '../quoting.js'
import type { Database } from '../schema/database.js'
import { sqlState } from '../sql-state.js'
import { version } from '../version.js'
import { readFacts } from './facts.js'
import { type Manifest, writeManifest } from './manifest.js'
import { findProgram, libpqEnvironment, runProgram } from './programs.js'

/** A server to dump from or to restore to. */
export interface ServerPlace {
  readonly db: Kysely<Database>
  readonly config: ServerConfig
  readonly schema: string
  readonly env: Environment
}

interface About {
  readonly server_version: string
  readonly major: number
  readonly database: string
  readonly relations: number
  readonly vector_schema: string | null
}

export async function about(db: Kysely<Database>, schema: string): Promise<About> {
  const { rows } = await sql<About>`select current_setting('server_version') as server_version,
    current_setting('server_version_num')::integer / 10000 as major, current_database()::text as database,
    (select count(*)::integer from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${schema}) as relations,
    (select n.nspname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector') as vector_schema`.execute(
    db,
  )
  return rows[0] as About
}

/** @throws {UnsupportedError} A pooler is between: pg_dump and pg_restore set up a session and go on in it. */
async function requireSession(db: Kysely<Database>): Promise<void> {
  if (!(await isBehindPooler(db))) return
  throw new UnsupportedError(
    'pg_dump and pg_restore take a session of their own, and this connection goes through a pooler (PgBouncer, RDS Proxy): ' +
      'give the address of the server itself, by --url or DATABASE_MIGRATION_URL.',
  )
}

/** Dumps our schema, and counts it at the very same moment, while others go on writing. */
export async function dumpServer({ db, config, schema, env }: ServerPlace, file: string): Promise<Manifest> {
  const { server_version, major, relations, vector_schema } = await about(db, schema)
  if (relations === 0) throw new SchemaMissingError(`There is nothing in schema "${schema}" to back up.`)
  await requireSession(db)
  const program = await findProgram('pg_dump', major, env)
  const partial = `${file}.partial`
  // Nobody else is to read it from the first byte on.
  await writeFile(partial, '', { mode: 0o600 })
  try {
    const facts = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => {
        await stopWithClient(trx)
        const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(trx)
        // Where one fails, the other is of no use. Both have ended before the transaction does, and the file goes.
        const stop = new AbortController()
        const fail = (error: unknown): never => {
          stop.abort(error) // the first reason stays
          throw error
        }
        const counted = readFacts(trx.withoutPlugins(), schema, stop.signal).catch(fail)
        const dumped = withLibpq(config, env, undefined, (libpq) =>
          runProgram(
            program,
            [
              '--format=custom',
              `--schema=${identifier(schema)}`,
              `--snapshot=${rows[0]?.id}`,
              `--file=${partial}`,
              '--no-password',
            ],
            libpq,
            stop.signal,
          ),
        ).catch(fail)
        await Promise.allSettled([counted, dumped])
        stop.signal.throwIfAborted()
        return counted
      })
    await rename(partial, file)
    return await writeManifest(file, {
      kind: 'pg_dump',
      package_version: version,
      server_version,
      schema,
      vector_schema,
      facts,
    })
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

export interface RestoreOptions {
  /** Without the privileges of roles, which may not be there. */
  readonly privileges: boolean
}

/** Into a schema that has nothing in it: all or nothing. */
export async function restoreServer(
  { db, config, schema, env }: ServerPlace,
  file: string,
  manifest: Manifest | undefined,
  { privileges }: RestoreOptions,
): Promise<void> {
  const { major, database } = await about(db, schema)
  await requireSession(db)
  const program = await findProgram('pg_restore', major, env)
  await withLibpq(config, env, database, async (libpq) => {
    const list = await runProgram(program, ['--list', file], libpq)
    const inFile = /^\d+; \d+ \d+ SCHEMA - (\S+)/m.exec(list)?.[1]
    if (inFile !== schema) {
      throw new InvalidInputError('The backup', [
        {
          path: file,
          message: `is of schema ${inFile ?? '(none)'}, and cannot become ${schema}: restore with --schema ${inFile}`,
        },
      ])
    }
    const vector = / TABLE \S+ documents /.test(list) ? (manifest?.vector_schema ?? 'public') : undefined
    if (vector !== undefined) await prepareVector(db, vector, file)
    const args = ['--single-transaction', '--exit-on-error', '--no-owner', '--no-password', `--dbname=${database}`]
    if (!privileges) args.push('--no-privileges')
    if (vector !== schema) {
      await sql.raw(`drop schema if exists ${identifier(schema)}`).execute(db) // restrict: only an empty one
      await runProgram(program, [...args, file], libpq)
      return
    }
    // pgvector is in our own schema, so that is there before the rest is restored.
    const entries = list.replace(/^\d+; \d+ \d+ SCHEMA - .*$/m, '')
    await withTemporaryFile('finance-db-list', entries, (path) =>
      runProgram(program, [...args, `--use-list=${path}`, file], libpq),
    )
  })
}

/** pgvector is not in a dump of one schema, and the dump names the schema that it was in. */
async function prepareVector(db: Kysely<Database>, wanted: string, file: string): Promise<void> {
  const { rows } = await sql<{ schema: string }>`select n.nspname::text as schema from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`.execute(db)
  const there = rows[0]?.schema
  if (there === wanted) return
  const into = identifier(wanted)
  if (there !== undefined) {
    throw new InvalidInputError('The backup', [
      {
        path: file,
        message: `has pgvector in schema ${wanted}, and here it is in ${there}: run \`alter extension vector set schema ${into}\``,
      },
    ])
  }
  await sql.raw(`create schema if not exists ${into}`).execute(db)
  try {
    await sql.raw(`create extension vector with schema ${into}`).execute(db)
  } catch (cause) {
    if (sqlState(cause) !== '42501') throw cause
    throw new PermissionDeniedError(
      'The backup has documents, which need the extension pgvector, and this role may not create it: run ' +
        `\`create extension vector with schema ${into}\` as an administrator, or restore as one.`,
      { cause },
    )
  }
}

/** Runs `body` on a database of the same server that is dropped after it. */
export async function inScratch<T>(place: ServerPlace, body: (scratch: ServerPlace) => Promise<T>): Promise<T> {
  const name = `finance_db_verify_${randomBytes(6).toString('hex')}`
  await sql
    .raw(`create database ${name} template template0`)
    .execute(place.db)
    .catch((cause: unknown) => {
      if (sqlState(cause) !== '42501') throw cause
      throw new PermissionDeniedError('To verify, a database is made and dropped again: the role needs CREATEDB.', {
        cause,
      })
    })
  const { config, schema, env } = place
  const server = fixedTarget(config)
  const target = withPassword({ ...server, database: name }, server.password)
  const { host, port, user } = target
  const db = createFinanceDb(
    {
      host,
      port,
      database: name,
      schema,
      sslMode: config.sslMode,
      poolSize: 2,
      maxOverflow: 0,
      statementTimeoutMs: 0,
      applicationName: 'finance-db verify',
      ...(user !== undefined && { user }),
      ...(target.password !== undefined && { password: target.password }),
      ...(config.sslCa !== undefined && { sslCa: config.sslCa }),
    },
    {},
  )
  try {
    return await body({ db, config: { ...config, target }, schema, env })
  } finally {
    await db.destroy()
    await sql.raw(`drop database if exists ${name} with (force)`).execute(place.db)
  }
}

async function withLibpq<T>(
  config: ServerConfig,
  env: Environment,
  database: string | undefined,
  body: (libpq: Record<string, string>) => Promise<T>,
): Promise<T> {
  const { sslMode, sslCa } = config
  const target = fixedTarget(config)
  const to = withPassword({ ...target, ...(database !== undefined && { database }) }, target.password)
  if (sslCa === undefined) {
    const ca = sslMode.startsWith('verify-') ? 'system' : undefined
    return body(libpqEnvironment(to, target.password, { mode: sslMode, ca }, env))
  }
  return withTemporaryFile('finance-db-ca', sslCa, (path) =>
    body(libpqEnvironment(to, target.password, { mode: sslMode, ca: path }, env)),
  )
}

async function withTemporaryFile<T>(name: string, text: string, body: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `${name}-${randomBytes(6).toString('hex')}`)
  await writeFile(path, text, { mode: 0o600, flag: 'wx' })
  try {
    return await body(path)
  } finally {
    await rm(path, { force: true })
  }
}
