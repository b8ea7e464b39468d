import type { Command } from 'commander'
import { type Kysely, sql } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { lockKey } from '../migrations/names.js'
import { identifier } from '../quoting.js'
import type { Database, Trx } from '../schema/database.js'
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

  const roles = await dropSchema(db)
  out.note(`Dropped schema ${schemaOf(db)} in ${where}.`)
  const migration = await migrateWithProgress(db, out)
  if (roles.length > 0) {
    out.note(`${roles.join(', ')} lost their rights, and scopes their keys: run finance-db provision again.`)
  }
  out.result({ database, schema: schemaOf(db), migration }, () => out.line(`${migrated(migration)} (${where})`))
}

/** All or nothing, and not while another process migrates. Gives the roles that had rights in it. */
async function dropSchema(db: Kysely<Database>): Promise<string[]> {
  const schema = schemaOf(db)
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${lockKey(schema)}::bigint)::text`.execute(trx)
    const roles = await provisionedRoles(trx)
    await sql.raw(`drop schema if exists ${identifier(schema)} cascade`).execute(trx)
    return roles
  })
}

async function provisionedRoles(trx: Trx): Promise<string[]> {
  const registry = `${identifier(schemaOf(trx))}.database_roles`
  const { rows } = await sql<{ there: boolean }>`select to_regclass(${registry}) is not null as there`.execute(trx)
  if (rows[0]?.there !== true) return []
  const roles = await trx.selectFrom('finance.database_roles').select('name').orderBy('name').execute()
  return roles.map(({ name }) => name)
}
