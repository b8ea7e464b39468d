import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { stopWithClient } from '../connection/stop-with-client.js'
import type { DayRange } from '../repositories/reports.js'
import type { Trx } from '../schema/database.js'
import { day } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { cannotWrite } from './cannot-write.js'
import { UsageError } from './exit-codes.js'
import { findUser } from './find.js'
import { lastDay, rangeUntil } from './report/days.js'
import type { Html } from './report/html.js'
import { page } from './report/page.js'
import { gatherPopulation } from './report/population-data.js'
import { populationPage } from './report/population-page.js'
import { gatherUser } from './report/user-data.js'
import { userPage } from './report/user-page.js'
import { type Cli, run } from './run.js'
import { wholeNumberFrom } from './whole-number.js'

interface Options {
  user?: string
  asOf?: string
  days?: number
  out: string
  force?: boolean
}

interface Report {
  readonly title: string
  readonly range: DayRange
  readonly body: readonly Html[]
}

export function addReport(program: Command): void {
  program
    .command('report')
    .description('write one HTML page, with charts, about a user or about all of them')
    .option('--user <who>', 'id, username or email; without it, figures of everybody and names of nobody')
    .option('--as-of <day>', 'the last day, YYYY-MM-DD (default: that of the last transaction)', parseDay)
    .option('--days <n>', 'how many days (default: the twelve months that end then)', wholeNumberFrom(1, 3660))
    .option('--out <file>', 'where to', 'report.html')
    .option('--force', 'replace the file')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { out: file, force = false, ...options }: Options): Promise<void> {
  const path = resolve(file)
  if (!force && existsSync(path)) throw new UsageError(`${file} exists. Give --force to replace it.`)
  const { db, where } = cli.connect()
  // One moment for all queries.
  const report = await transaction(db, (trx) => gather(trx, options), {
    isolationLevel: 'repeatable read',
    accessMode: 'read only',
  })
  const { title, range, body } = report
  const text = await page(title, `${range.from} to ${range.to}`, body)
  await write(path, text, force).catch(cannotWrite(file))
  const written = {
    file: path,
    bytes: Buffer.byteLength(text),
    about: options.user === undefined ? 'population' : 'user',
    range,
  }
  cli.out.result(written, () => cli.out.line(`Wrote ${file}: ${title}, ${range.from} to ${range.to} (${where})`))
}

async function gather(trx: Trx, { user: who, asOf, days }: Omit<Options, 'out' | 'force'>): Promise<Report> {
  await stopWithClient(trx)
  const user = who === undefined ? undefined : await findUser(trx, who)
  const range = rangeUntil(asOf ?? (await lastDay(trx, user?.id)), days)
  if (user === undefined) {
    return { title: 'Everybody’s money', range, body: populationPage(await gatherPopulation(trx, range)) }
  }
  const report = await gatherUser(trx, user, range)
  return { title: `The money of ${report.user.name}`, range, body: userPage(report) }
}

/** Readable by its owner only: it is about someone's money. */
async function write(path: string, text: string, force: boolean): Promise<void> {
  await writeFile(path, text, { flag: force ? 'w' : 'wx', mode: 0o600 })
  if (force) await chmod(path, 0o600)
}

function parseDay(text: string): string {
  if (!day.safeParse(text).success) throw new InvalidArgumentError('Give a day such as 2025-12-31.')
  return text
}
