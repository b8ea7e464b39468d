import { type Command, Option } from 'commander'
import { sql, type VectorMode } from '../migrations/index.js'
import { type Cli, run } from './run.js'

interface Options {
  all?: boolean
  to?: string
  vector?: VectorMode
}

export function addSql(program: Command): void {
  program
    .command('sql')
    .description('print the pending migrations as a script for psql')
    .option('--all', 'every migration, for an empty database; connects to nothing')
    .option('--to <name>', 'the last migration')
    .addOption(
      new Option('--vector <mode>', 'migrations that need pgvector (default: auto, with --all off)').choices([
        'auto',
        'require',
        'off',
      ]),
    )
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { all = false, to, vector }: Options): Promise<void> {
  const { out, flags, env } = cli
  const schema = flags.schema ?? (env.FINANCE_DB_SCHEMA || undefined)
  const options = { to, vector, schema }
  const script = all ? await sql(undefined, options) : await sql(cli.connect({ migrating: true }).db, options)
  out.result({ script }, () => out.line(script.trimEnd()))
}
