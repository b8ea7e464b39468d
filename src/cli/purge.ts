import type { Command } from 'commander'
import * as retention from '../repositories/retention.js'
import { UsageError } from './exit-codes.js'
import { count } from './format.js'
import { type Cli, run } from './run.js'
import { wholeNumber } from './whole-number.js'

interface Options {
  chatLogs?: number
  authSessions?: number
  authAttempts?: number
  decisionTraces?: number
  agentQueries?: number
  hold?: string[]
  batch?: number
  pause?: number
  dryRun?: boolean
}

export function addPurge(program: Command): void {
  program
    .command('purge')
    .description('delete what is older than so many days, in small batches; stopped, it goes on when run again')
    .option('--chat-logs <days>', 'messages since they were said', wholeNumber)
    .option('--auth-sessions <days>', 'sessions since they ended', wholeNumber)
    .option('--auth-attempts <days>', 'failed log-ins since the last', wholeNumber)
    .option('--decision-traces <days>', 'traces since they were written', wholeNumber)
    .option('--agent-queries <days>', 'queries of agents since they were asked', wholeNumber)
    .option('--hold <user...>', 'ids of users whose rows stay')
    .option('--batch <rows>', 'rows of a transaction (default: 1000)', wholeNumber)
    .option('--pause <ms>', 'between two of them (default: 100)', wholeNumber)
    .option('--dry-run', 'count only')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, options: Options): Promise<void> {
  const { out } = cli
  const {
    chatLogs,
    authSessions,
    authAttempts,
    decisionTraces,
    agentQueries,
    hold,
    batch,
    pause,
    dryRun = false,
  } = options
  const policy = {
    chat_logs: chatLogs,
    auth_sessions: authSessions,
    auth_attempts: authAttempts,
    decision_traces: decisionTraces,
    agent_queries: agentQueries,
  }
  if (Object.values(policy).every((days) => days === undefined)) {
    throw new UsageError('Say what is to go, such as --chat-logs 365. What is not named stays.')
  }
  const { db, where } = cli.connect()
  const progress = out.progress()
  let sum = 0
  const report = await retention
    .purge(db, policy, {
      dryRun,
      holds: hold,
      batchSize: batch,
      pauseMs: pause,
      onBatch: (table, deleted) => {
        sum += deleted
        progress.update(`${table}: ${count(sum)} rows gone`)
      },
    })
    .finally(progress.done)
  out.result(report, () => {
    out.table(
      [{ title: 'table' }, { title: dryRun ? 'would go' : 'deleted', align: 'right' }],
      report.tables.map(({ table, rows }) => [table, count(rows)]),
    )
    if (dryRun) out.note(`Nothing was deleted (${where}).`)
  })
}
