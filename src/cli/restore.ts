import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import type { Command } from 'commander'
import { sql } from 'kysely'
import { kindOf, type Manifest, readManifest } from '../backup/manifest.js'
import { about, restoreServer } from '../backup/server.js'
import { identifier } from '../quoting.js'
import { embedded, openPGlite } from './connection.js'
import { isDevelopment, isExpendable } from './danger.js'
import { type ExitCode, exit, UsageError } from './exit-codes.js'
import { inspect, printTrial, serverPlace, type Trial, tryRestore } from './restore-trial.js'
import { type Cli, run } from './run.js'

interface Options {
  verify?: boolean
  replace?: boolean
  privileges: boolean
  yesDestroyData?: string
}

export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('bring a backup back, into a schema that is empty or not there; exit code 3 if it is not what it was')
    .argument('<file>', 'what `backup` wrote')
    .option('--verify', 'only try: restore into a scratch database, compare, and drop it')
    .option('--replace', 'what is in the schema goes, once the backup is in its place')
    .option('--yes-destroy-data <database>', 'the name of the database: --replace wants it outside development')
    .option('--no-privileges', 'without what roles were granted')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, options: Options, [file = '']: readonly string[]): Promise<ExitCode> {
  const { out } = cli
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}.`)
  const kind = await kindOf(file)
  const manifest = await readManifest(file)
  if (manifest === undefined) out.note(`There is no ${file}.json, so nothing says what has to come back.`)
  if (kind === 'pglite' && cli.flags.pglite === undefined) {
    throw new UsageError('This backup is of PGlite: restore it with --pglite DIR.')
  }
  if (kind === 'pg_dump' && cli.flags.pglite !== undefined) {
    throw new UsageError('This backup is of pg_dump, which PGlite cannot take: restore it to a server.')
  }

  const trial = await restore(cli, kind, file, manifest, options)
  out.result({ file, restored: options.verify !== true, ...trial }, () => printTrial(out, trial))
  return trial.ok ? exit.ok : exit.finding
}

async function restore(
  cli: Cli,
  kind: Manifest['kind'],
  file: string,
  manifest: Manifest | undefined,
  options: Options,
): Promise<Trial> {
  if (options.verify === true) {
    if (manifest === undefined)
      throw new UsageError('--verify compares with the manifest that `backup` wrote beside the file.')
    return tryRestore(cli, file, manifest)
  }
  return kind === 'pg_dump' ? toServer(cli, file, manifest, options) : toPGlite(cli, file, manifest, options)
}

async function toServer(cli: Cli, file: string, manifest: Manifest | undefined, options: Options): Promise<Trial> {
  const place = serverPlace(cli)
  const { db, schema } = place
  const { database, relations, vector_schema } = await about(db, schema)
  const { privileges, replace = false, yesDestroyData } = options
  if (relations > 0 && !replace) {
    throw new UsageError(
      `Schema ${schema} of database ${database} is not empty. --replace puts the backup in its place.`,
    )
  }
  if (relations === 0) {
    await restoreServer(place, file, manifest, { privileges })
    return inspect(db, manifest)
  }
  if (yesDestroyData !== database && !isExpendable(cli.env, cli.connect({ migrating: true }))) {
    throw new UsageError(
      `This loses what is in schema ${schema} now. If you want that: --replace --yes-destroy-data ${database}`,
    )
  }

  // Out of the way first, and gone only when what came instead is whole.
  const aside = identifier(`${schema.slice(0, 40)}_before_${Date.now()}`)
  await sql.raw(`alter schema ${identifier(schema)} rename to ${aside}`).execute(db)
  // pgvector stays where others look for it, if that was in our schema.
  const moveVector = async (into: string) => {
    if (vector_schema === schema) await sql.raw(`alter extension vector set schema ${into}`).execute(db)
  }
  try {
    if (vector_schema === schema) await sql.raw(`create schema ${identifier(schema)}`).execute(db)
    await moveVector(identifier(schema))
    await restoreServer(place, file, manifest, { privileges })
  } catch (error) {
    await moveVector(aside)
    await sql.raw(`drop schema if exists ${identifier(schema)}`).execute(db)
    await sql.raw(`alter schema ${aside} rename to ${identifier(schema)}`).execute(db)
    throw error
  }
  const trial = await inspect(db, manifest)
  if (trial.ok) await sql.raw(`drop schema ${aside} cascade`).execute(db)
  else cli.out.note(`What was there before is in schema ${aside}.`)
  return trial
}

async function toPGlite(
  cli: Cli,
  file: string,
  manifest: Manifest | undefined,
  { replace = false, yesDestroyData }: Options,
): Promise<Trial> {
  const directory = cli.flags.pglite ?? ''
  const full = existsSync(directory) && (await readdir(directory)).length > 0
  if (full && !replace) throw new UsageError(`${directory} is not empty. --replace puts the backup in its place.`)
  if (full && yesDestroyData !== 'postgres' && !isDevelopment(cli.env)) {
    throw new UsageError(
      `This loses what is in ${directory} now. If you want that: --replace --yes-destroy-data postgres`,
    )
  }
  const aside = `${directory}.before-${Date.now()}`
  if (full) await rename(directory, aside)
  try {
    const pglite = await openPGlite(directory, file)
    await pglite.close()
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    if (full) await rename(aside, directory)
    throw error
  }
  const { db } = cli.use(embedded(directory, manifest?.schema ?? cli.flags.schema, cli.env))
  const trial = await inspect(db, manifest)
  if (full && trial.ok) await rm(aside, { recursive: true, force: true })
  else if (full) cli.out.note(`What was there before is in ${aside}.`)
  return trial
}
