import type { Command } from 'commander'
import { type ExitCode, exit } from './exit-codes.js'
import { instant } from './format.js'
import { type Cli, run } from './run.js'
import { schemaState } from './schema-state.js'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description(
      'every migration and what has become of it; exit code 3 if one is pending, edited, or newer and breaking',
    )
    .action(run(execute))
}

async function execute(cli: Cli): Promise<ExitCode> {
  const { out } = cli
  const { db } = cli.connect()
  const { migrations, finding, summary } = await schemaState(db)
  out.result({ migrations, ok: !finding }, () => {
    const colours = {
      applied: 'green',
      pending: 'yellow',
      skipped: 'dim',
      edited: 'red',
      'unknown-newer': 'cyan',
    } as const
    out.table(
      [{ title: 'migration' }, { title: 'state' }, { title: 'applied' }],
      migrations.map(({ name, state, source, applied_at }) => [
        source === 'host' ? `${name} (host)` : name,
        out.style(colours[state], state),
        applied_at === undefined ? '' : instant(applied_at),
      ]),
    )
    out.line()
    out.line(`  ${summary}`)
  })
  return finding ? exit.finding : exit.ok
}
