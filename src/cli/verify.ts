import type { Command } from 'commander'
import { sql } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { stopWithClient } from '../connection/stop-with-client.js'
import * as accounts from '../repositories/accounts.js'
import * as reports from '../repositories/reports.js'
import * as users from '../repositories/users.js'
import type { Db, Trx } from '../schema/database.js'
import { transaction } from '../transaction.js'
import { type ExitCode, exit } from './exit-codes.js'
import { count } from './format.js'
import { checkInvariants, countRows, type Invariant } from './invariants.js'
import { printAccounts, printCashFlow, printCategories, printNetWorth } from './money-sections.js'
import type { Output } from './output.js'
import { type Cli, run } from './run.js'

interface Options {
  sample: boolean
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check that all money adds up, over every row; exit code 3 if something does not')
    .option('--no-sample', 'do not show demo_user, where that is there, as an example')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { sample }: Options): Promise<ExitCode> {
  const { out } = cli
  const { db } = cli.connect()
  const progress = out.progress()
  const found = await transaction(db, (trx) => look(trx, schemaOf(db), progress.update, sample), {
    // One moment for all queries.
    isolationLevel: 'repeatable read',
    accessMode: 'read only',
  }).finally(progress.done)

  const broken = found.invariants.filter((invariant) => invariant.broken > 0)
  out.result({ ok: broken.length === 0, ...found }, () => {
    out.table(
      [{ title: 'table' }, { title: 'rows', align: 'right' }],
      Object.entries(found.counts).map(([table, rows]) => [table, count(rows)]),
    )
    out.line()
    printInvariants(out, found.invariants)
    if (found.sample !== undefined) printSample(out, found.sample)
  })
  return broken.length === 0 ? exit.ok : exit.finding
}

async function look(trx: Trx, schema: string, onProgress: (name: string) => void, wantSample: boolean) {
  await stopWithClient(trx)
  const counts = await countRows(trx)
  const invariants = await checkInvariants(trx, schema, onProgress)
  return { counts, invariants, sample: wantSample ? await findSample(trx) : undefined }
}

export function printInvariants(out: Output, invariants: readonly Invariant[]): void {
  for (const { name, broken, examples } of invariants) {
    if (broken === 0) out.line(`  ${out.style('green', '✓')} ${name}`)
    else out.line(`  ${out.style('red', '✗')} ${name}: not so for ${count(broken)}, such as ${examples.join(', ')}`)
  }
}

/** The first of a seed. Nobody else: the money of a real person is not shown unasked. */
async function findSample(db: Db) {
  const user = await users.findByUsername(db, 'demo_user')
  if (user === undefined) return undefined
  const { rows } = await sql<{ last: string | null }>`select to_char(max(date)::timestamp, 'YYYY-MM-DD') as last
    from ${sql.table('finance.transactions')} where user_id = ${user.id}`.execute(db)
  const to = rows[0]?.last
  if (to == null) return undefined
  const range = { from: `${Number(to.slice(0, 4)) - (to.slice(5, 7) === '12' ? 0 : 1)}-${nextMonth(to)}-01`, to }
  return {
    user: { id: user.id, username: user.username },
    range,
    accounts: (await accounts.list(db, user.id, {}, { limit: 20 })).rows,
    net_worth: await reports.netWorth(db, user.id),
    cash_flow: await reports.cashFlowByMonth(db, user.id, range),
    spending: (await reports.spendingByCategory(db, user.id, range)).slice(0, 8),
  }
}

/** Twelve months with that of the day as the last begin with this one, `'01'` to `'12'`. */
function nextMonth(day: string): string {
  return String((Number(day.slice(5, 7)) % 12) + 1).padStart(2, '0')
}

function printSample(out: Output, sample: NonNullable<Awaited<ReturnType<typeof findSample>>>): void {
  out.line()
  const { user, range } = sample
  out.line(out.style('bold', `For example ${user.username ?? user.id}, ${range.from} to ${range.to}`))
  out.line()
  printAccounts(out, sample.accounts)
  out.line()
  printNetWorth(out, sample.net_worth)
  out.line()
  printCashFlow(out, sample.cash_flow)
  out.line()
  printCategories(out, sample.spending)
}
