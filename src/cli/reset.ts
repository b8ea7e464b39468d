import type { Command } from 'commander'
import { type Kysely, sql } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { lockKey } from '../migrations/names.js'
import { identifier } from '../quoting.js'
import type { Database } from '../schema/database.js'
import { isExpendable } from './danger.js'
import { UsageError } from './exit-codes.js'
import { migrated, migrateWithProgress } from './migrate.js'
import { type Cli, run } from './run.js'

interface Options {
  force?: boolean
  yesDestroyData?: string
}

export function addReset(program: Command): void {
  program
    .command('reset')
    .description('drop our schema with everything in it, and migrate again; for development')
    .option('--force', 'outside development, or on another machine, together with:')
    .option('--yes-destroy-data <database>', 'the name of the database, to show that you mean this one')
    .addHelpText('after', '\nDevelopment is FINANCE_DB_ENV, or else NODE_ENV, being "development" or "test".')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { force = false, yesDestroyData }: Options): Promise<void> {
  const { out, env } = cli
  const connection = cli.connect({ migrating: true })
  const { db, where, loopback } = connection
  const { rows } = await sql<{ database: string }>`select current_database()::text as database`.execute(db)
  const database = rows[0]?.database ?? ''

  const confirmed = force && yesDestroyData === database
  if (!confirmed && !isExpendable(env, connection)) {
    const why = loopback
      ? 'neither FINANCE_DB_ENV nor NODE_ENV says development or test'
      : 'the server is not on this machine'
    throw new UsageError(
      `Reset would drop schema ${schemaOf(db)} in ${where} with everything in it, and ${why}. ` +
        `If that is what you want: finance-db reset --force --yes-destroy-data ${database}`,
    )
  }
  if (yesDestroyData !== undefined && yesDestroyData !== database) {
    throw new UsageError(`The database is ${database}, not what --yes-destroy-data says.`)
  }

  await dropSchema(db)
  out.note(`Dropped schema ${schemaOf(db)} in ${where}.`)
  const migration = await migrateWithProgress(db, out)
  out.result({ database, schema: schemaOf(db), migration }, () => out.line(`${migrated(migration)} (${where})`))
}

/** All or nothing, and not while another process migrates. */
async function dropSchema(db: Kysely<Database>): Promise<void> {
  const schema = schemaOf(db)
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lockKey(schema)}::bigint)::text`.execute(trx)
    await sql.raw(`drop schema if exists ${identifier(schema)} cascade`).execute(trx)
  })
}
