import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import { readFacts } from '../backup/facts.js'
import { type Manifest, writeManifest } from '../backup/manifest.js'
import { about, dumpServer } from '../backup/server.js'
import { schemaOf } from '../connection/schema-plugin.js'
import { createFinanceDb } from '../database.js'
import { SchemaMissingError } from '../errors.js'
import { version } from '../version.js'
import { cannotWrite } from './cannot-write.js'
import { openPGlite } from './connection.js'
import { type ExitCode, exit, UsageError } from './exit-codes.js'
import { count, counted } from './format.js'
import { printTrial, serverPlace, tryRestore } from './restore-trial.js'
import { type Cli, run } from './run.js'

interface Options {
  verify?: boolean
  force?: boolean
}

export function addBackup(program: Command): void {
  program
    .command('backup')
    .description('write our schema to a file, by pg_dump or as PGlite has it, with a manifest beside it')
    .argument('<file>', 'where to', notEmpty)
    .option('--verify', 'restore it into a scratch database and compare; exit code 3 if it differs')
    .option('--force', 'replace the file if it is there')
    .action(run<Options>(execute))
}

async function execute(
  cli: Cli,
  { verify = false, force = false }: Options,
  [file = '']: readonly string[],
): Promise<ExitCode> {
  const { out } = cli
  if (existsSync(file) && !force)
    throw new UsageError(`${file} is there already: choose another name, or give --force.`)
  const dump = cli.flags.pglite === undefined ? ofServer : ofPGlite
  const manifest = await dump(cli, file).catch(cannotWrite(file))
  if (verify) out.note(`Wrote ${file}. It is restored into a scratch database now.`)
  const trial = verify ? await tryRestore(cli, file, manifest) : undefined
  const rows = Object.values(manifest.facts.tables).reduce((sum, table) => sum + table.rows, 0)
  out.result({ file, ...manifest, ...(trial && { trial }) }, () => {
    out.line(`Wrote ${counted(rows, 'row')} of schema ${manifest.schema} to ${file} (${count(manifest.bytes)} bytes).`)
    if (trial !== undefined) printTrial(out, trial)
  })
  if (trial === undefined) out.note('Nobody has restored it yet: --verify does.')
  return trial === undefined || trial.ok ? exit.ok : exit.finding
}

async function ofServer(cli: Cli, file: string): Promise<Manifest> {
  return dumpServer(serverPlace(cli), file)
}

async function ofPGlite(cli: Cli, file: string): Promise<Manifest> {
  const { flags, env } = cli
  cli.connect() // says what is wrong with the directory; nothing is opened before it is asked something
  const pglite = await openPGlite(flags.pglite)
  const { db } = cli.use({
    db: createFinanceDb({ pglite: () => pglite, schema: flags.schema }, env),
    where: `PGlite in ${flags.pglite}`,
    embedded: true,
    loopback: true,
  })
  const schema = schemaOf(db)
  const { server_version, vector_schema, relations } = await about(db, schema)
  if (relations === 0) throw new SchemaMissingError(`There is nothing in schema "${schema}" to back up.`)
  const facts = await db.transaction().execute((trx) => readFacts(trx.withoutPlugins(), schema))
  const dump = await pglite.dumpDataDir('gzip')
  await writeFile(`${file}.partial`, Buffer.from(await dump.arrayBuffer()), { mode: 0o600 })
  await rename(`${file}.partial`, file)
  return writeManifest(file, { kind: 'pglite', package_version: version, server_version, schema, vector_schema, facts })
}

function notEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('Give the name of a file.')
  return text
}
