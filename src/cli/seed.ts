import { type Command, InvalidArgumentError } from 'commander'
import type { Kysely } from 'kysely'
import * as users from '../repositories/users.js'
import type { Database } from '../schema/database.js'
import { type SeedResult, seed } from '../seed/index.js'
import { UsageError } from './exit-codes.js'
import { counted } from './format.js'
import type { Output } from './output.js'
import { type Cli, run } from './run.js'

/** The last day of sample data. It stands still, so that a seed that is run again another day finds its people. */
export const sampleUntil = '2025-12-31'

interface Options {
  users: number
  seed: number
  until: string
  days: number
  intoExisting?: boolean
}

export function addSeed(program: Command): void {
  program
    .command('seed')
    .description('add made-up people and their money; the same numbers give the same data')
    .option('--users <n>', 'how many people', parseWhole, 5)
    .option('--seed <n>', 'another number, other people', parseWhole, 1)
    .option('--until <day>', 'the last day with money, YYYY-MM-DD', sampleUntil)
    .option('--days <n>', 'how many days of money', parseWhole, 730)
    .option('--into-existing', 'also where there are accounts that are not of a seed')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { intoExisting = false, ...options }: Options): Promise<void> {
  const { out } = cli
  const { db, where } = cli.connect()
  if (!intoExisting) await refuseRealData(db, where)
  const result = await seedWithProgress(db, out, options)
  out.result(result, () => out.line(`${seeded(result)} (${where})`))
}

export async function seedWithProgress(
  db: Kysely<Database>,
  out: Output,
  options: { users: number; seed: number; until: string; days: number },
): Promise<SeedResult> {
  const progress = out.progress()
  try {
    return await seed(db, {
      ...options,
      onProgress: ({ users: done, of, transactions }) =>
        progress.update(
          `seeding: ${done} of ${counted(of, 'person', 'people')}, ${counted(transactions, 'transaction')}`,
        ),
    })
  } finally {
    progress.done()
  }
}

export function seeded({ created, transactions, userIds }: SeedResult): string {
  if (created === 0) return `All ${counted(userIds.length, 'person', 'people')} were there`
  return `Added ${counted(created, 'person', 'people')} with ${counted(transactions, 'transaction')}`
}

/** Made-up money does not belong among real money. */
export async function refuseRealData(db: Kysely<Database>, where: string): Promise<void> {
  if ((await users.findByUsername(db, 'demo_user')) !== undefined) return
  const account = await db.selectFrom('finance.accounts').select('id').limit(1).executeTakeFirst()
  if (account === undefined) return
  throw new UsageError(
    `There are accounts in ${where} that no seed made. To put made-up people among them: finance-db seed --into-existing`,
  )
}

function parseWhole(text: string): number {
  const number = Number(text)
  if (text === '' || !Number.isSafeInteger(number)) throw new InvalidArgumentError('Give a whole number.')
  return number
}
