import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { typesOf } from '../codegen.js'
import { schemaOf } from '../connection/schema-plugin.js'
import { cannotWrite } from './cannot-write.js'
import { type ExitCode, exit } from './exit-codes.js'
import { type Cli, run } from './run.js'

interface Options {
  include?: string
  check?: boolean
}

export function addCodegen(program: Command): void {
  program
    .command('codegen')
    .description('write the Kysely types of your own tables, to go with ours; needs kysely-codegen')
    .argument('<file>', 'where to, such as src/host-tables.ts')
    .option('--include <pattern>', 'only tables like this, such as public.*')
    .option('--check', 'write nothing; exit code 3 if the file is out of date')
    .action(run<Options>(execute))
}

async function execute(
  cli: Cli,
  { include, check = false }: Options,
  [file = '']: readonly string[],
): Promise<ExitCode> {
  const { out } = cli
  const { db } = cli.connect()
  const types = await typesOf(db, {
    excludePattern: `${schemaOf(db)}.*`,
    ...(include !== undefined && { includePattern: include }),
  })
  const current = existsSync(file) && (await readFile(file, 'utf8')) === types
  if (!current && !check) await writeFile(file, types).catch(cannotWrite(file))
  out.result({ file, upToDate: current, written: !current && !check }, () =>
    out.line(current ? `${file} is up to date.` : check ? `${file} is out of date.` : `Wrote ${file}.`),
  )
  if (!current && !check) out.note('Type your handle with it: createFinanceDb<DB>() knows these tables and ours.')
  return current || !check ? exit.ok : exit.finding
}
