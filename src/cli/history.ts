import type { Command } from 'commander'
import { history } from '../migrations/index.js'
import { instant, seconds } from './format.js'
import { type Cli, run } from './run.js'

export function addHistory(program: Command): void {
  program
    .command('history')
    .description('what was applied, in order: when, by whom, by which version')
    .action(run(execute))
}

async function execute(cli: Cli): Promise<void> {
  const { out } = cli
  const applied = await history(cli.connect().db)
  out.result(applied, () => {
    if (applied.length === 0) return out.line('No migration was applied.')
    out.table(
      [
        { title: '#', align: 'right' },
        { title: 'migration' },
        { title: 'applied' },
        { title: 'took', align: 'right' },
        { title: 'version' },
        { title: 'role' },
      ],
      applied.map(({ sequence, name, applied_at, duration_ms, package_version, applied_by }) => [
        String(sequence),
        name,
        instant(applied_at),
        seconds(duration_ms),
        package_version,
        applied_by,
      ]),
    )
  })
}
