import type { Command } from 'commander'
import type { Kysely } from 'kysely'
import { type MigrateResult, type MigrationProgress, migrate, sql } from '../migrations/index.js'
import type { Database } from '../schema/database.js'
import { counted, seconds } from './format.js'
import type { Output } from './output.js'
import { type Cli, run } from './run.js'

interface Options {
  to?: string
  dryRun?: boolean
}

export function addMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the schema up to date; safe to run from many places at once')
    .option('--to <name>', 'the last migration to apply')
    .option('--dry-run', 'print what would be run, as a script for psql, and change nothing')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { to, dryRun = false }: Options): Promise<void> {
  const { out } = cli
  const { db, where } = cli.connect({ create: !dryRun, migrating: true })
  if (dryRun) {
    const script = await sql(db, { to })
    return out.result({ script }, () => out.line(script.trimEnd()))
  }
  const result = await migrateWithProgress(db, out, to)
  out.result(result, () => out.line(`${migrated(result)} (${where})`))
}

export async function migrateWithProgress(db: Kysely<Database>, out: Output, to?: string): Promise<MigrateResult> {
  const result = await migrate(db, { to, onProgress: (event) => tell(out, event) })
  for (const { name, reason } of result.skipped) out.note(`Left out ${name}, because ${reason}.`)
  return result
}

export function migrated({ applied }: MigrateResult): string {
  return applied.length === 0 ? 'The schema is up to date' : `Applied ${counted(applied.length, 'migration')}`
}

/** Says on stderr what happens. */
export function tell(out: Output, event: MigrationProgress): void {
  const text = sentence(event)
  if (text !== undefined) out.note(text)
}

function sentence(event: MigrationProgress): string | undefined {
  switch (event.type) {
    case 'waiting':
      return 'Another process is migrating: waiting for it.'
    case 'retrying':
      return `A table is in use: trying again in ${seconds(event.delayMs)}.`
    case 'building':
      return `building the indexes of ${event.name} while the table is in use`
    case 'applied':
      return `applied ${event.name} (${seconds(event.durationMs)})`
    case 'rolled-back':
      return `undid ${event.name} (${seconds(event.durationMs)})`
    case 'applying':
    case 'rolling-back':
      return undefined
  }
}
