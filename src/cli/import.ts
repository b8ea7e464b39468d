import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { csvTransactions } from '../import/index.js'
import type { ImportRow } from '../repositories/import-row.js'
import * as transactions from '../repositories/transactions.js'
import { UsageError } from './exit-codes.js'
import { findAccount, findUser } from './find.js'
import { count, counted, money, shorten } from './format.js'
import { type LayoutFlags, layoutOf } from './import-layout.js'
import { type Cli, run } from './run.js'
import { wholeNumberFrom } from './whole-number.js'

interface Options extends LayoutFlags {
  user: string
  account: string
  layout?: string
  source: string
  preview?: boolean
}

export function addImport(program: Command): void {
  program
    .command('import')
    .argument('<file>', 'a CSV file; - is stdin')
    .description('bring in a CSV file of a bank, all or nothing; importing it again adds nothing')
    .requiredOption('--user <user>', 'id, username or email')
    .requiredOption('--account <account>', 'id, external_id or name')
    .option(
      '--map <field=column>',
      'date, merchant, amount (or debit and credit), description, category, currency, external_id',
      collect,
    )
    .option('--date-format <format>', 'such as DD.MM.YYYY (default: YYYY-MM-DD)')
    .option('--decimal <sign>', 'what stands before the decimals: . or ,')
    .option('--thousands <sign>', 'what stands between groups of digits')
    .option('--invert', 'money out is positive in this file')
    .option('--delimiter <sign>', 'between columns (default: ,); "tab" for a tab')
    .option('--encoding <name>', 'such as windows-1252 (default: utf-8)')
    .option('--skip-lines <n>', 'lines before the header', wholeNumberFrom(0))
    .option('--skip-last-rows <n>', 'rows at the end, such as totals', wholeNumberFrom(0))
    .option('--no-header', 'there is none: columns are places, counted from 0')
    .option('--layout <file>', 'all of this as JSON, as csvTransactions takes it; the flags above win')
    .option('--source <name>', 'kept with each transaction', 'csv')
    .option('--preview', 'show the first rows as they are read, and write nothing')
    .addHelpText(
      'after',
      `
Columns not mapped: date, merchant and amount are looked for under these names. Without external_id=COLUMN a row is known
by its contents (external_id=hash), so that files may overlap; external_id=none takes every row as new.

  finance-db import giro.csv --user ada@example.org --account Giro --delimiter ';' --date-format DD.MM.YYYY \\
    --decimal , --thousands . --map date=Buchungstag --map merchant=Empfänger --map amount=Betrag`,
    )
    .action(run<Options>(execute))
}

async function execute(cli: Cli, options: Options, [file = '-']: readonly string[]): Promise<void> {
  const { out } = cli
  const layout = layoutOf(options, options.layout === undefined ? {} : await readLayout(options.layout))
  const { db } = cli.connect()
  const user = await findUser(db, options.user)
  const account = await findAccount(db, user.id, options.account)
  const { source, bytes } = await open(file)
  const rows = csvTransactions(source, { ...layout, user_id: user.id, account_id: account.id })
  if (options.preview === true) return preview(cli, rows, account.currency)

  const progress = out.progress()
  let read = 0
  const result = await transactions
    .import(db, rows, {
      source: options.source,
      onProgress(done, phase) {
        if (phase === 'reading') read = done
        progress.update(
          phase === 'reading' ? `read ${count(done)} rows${bytes()}` : `wrote ${count(done)} of ${count(read)} rows`,
        )
      },
    })
    .finally(progress.done)

  const { balance, currency } = await findAccount(db, user.id, account.id)
  out.result({ ...result, account_id: account.id, balance, currency }, () => {
    const { inserted, skipped, updated } = result
    out.line(
      `Imported ${counted(inserted, 'transaction')}, ${count(updated)} settled, ${count(skipped)} there already. ` +
        `${account.name} stands at ${money(balance, currency)}.`,
    )
  })
}

async function preview({ out }: Cli, rows: AsyncIterable<ImportRow>, currency: string): Promise<void> {
  const first: ImportRow[] = []
  let read = 0
  for await (const row of rows) {
    read += 1
    if (first.length < 10) first.push(row)
  }
  out.result({ rows: read, first }, () => {
    out.table(
      [{ title: 'date' }, { title: 'merchant' }, { title: 'amount', align: 'right' }, { title: 'description' }],
      first.map((row) => [
        row.date,
        shorten(row.merchant, 30),
        money(row.amount, row.currency ?? currency),
        shorten(row.description ?? '', 30),
      ]),
    )
    out.line()
    out.line(`  ${counted(read, 'row')} can be read. Nothing was written.`)
  })
}

/** What to read, and a text that tells how much of it is read. */
async function open(file: string) {
  if (file === '-') return { source: process.stdin, bytes: () => '' }
  const size = await stat(file).catch((cause: unknown) => {
    throw new UsageError(`The file ${file} cannot be read.`, { cause })
  })
  if (!size.isFile() && !size.isFIFO()) throw new UsageError(`${file} is not a file.`)
  const source = createReadStream(file, { highWaterMark: 256 * 1024 })
  const bytes = () => (size.size > 0 ? ` (${Math.floor((100 * source.bytesRead) / size.size)} %)` : '')
  return { source, bytes }
}

async function readLayout(file: string): Promise<Record<string, unknown>> {
  try {
    const layout: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof layout === 'object' && layout !== null && !Array.isArray(layout)) return { ...layout }
  } catch (cause) {
    throw new UsageError(`The layout ${file} cannot be read as JSON.`, { cause })
  }
  throw new UsageError(`The layout ${file} must be a JSON object.`)
}

function collect(text: string, list: readonly string[] = []): string[] {
  return [...list, text]
}
