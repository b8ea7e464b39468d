import type { Command } from 'commander'
import { history, rollback } from '../migrations/index.js'
import { isExpendable } from './danger.js'
import { UsageError } from './exit-codes.js'
import { counted } from './format.js'
import { tell } from './migrate.js'
import { type Cli, run } from './run.js'
import { wholeNumberFrom } from './whole-number.js'

interface Options {
  steps?: number
  to?: string
  yes?: boolean
}

export function addRollback(program: Command): void {
  program
    .command('rollback')
    .description('undo the newest migrations, with the data in what they made')
    .option('--steps <n>', 'how many; "all" for all (default: 1)', parseSteps)
    .option('--to <name>', 'the one to go back to, which stays')
    .option('--yes', 'do it outside development, where it is refused otherwise')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { steps, to, yes = false }: Options): Promise<void> {
  const { out, env } = cli
  if (steps !== undefined && to !== undefined) throw new UsageError('Give --steps or --to, not both.')
  const connection = cli.connect({ migrating: true })
  const { db, where } = connection
  if (!yes && !isExpendable(env, connection)) {
    const newest = (await history(db)).at(-1)?.name
    throw new UsageError(
      `Rolling back drops tables with what is in them (${newest === undefined ? 'no migration is applied' : `the newest migration is ${newest}`}, in ${where}). ` +
        'Outside development (FINANCE_DB_ENV or NODE_ENV, on this machine) it wants --yes.',
    )
  }
  const result = await rollback(db, { steps, to, onProgress: (event) => tell(out, event) })
  out.result(result, () => out.line(`Undid ${counted(result.rolledBack.length, 'migration')} (${where})`))
}

function parseSteps(text: string): number {
  return text === 'all' ? Number.POSITIVE_INFINITY : wholeNumberFrom(1)(text)
}
