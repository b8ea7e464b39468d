import { createWriteStream, statSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { type Command, InvalidArgumentError } from 'commander'
import type { Kysely } from 'kysely'
import * as users from '../repositories/users.js'
import type { Database } from '../schema/database.js'
import { type Persona, personas } from '../schema/enums.js'
import { type GeneratorOptions, generator, labels, type SeedResult, seed } from '../seed/index.js'
import { cannotWrite } from './cannot-write.js'
import { bar } from './charts.js'
import { UsageError } from './exit-codes.js'
import { counted } from './format.js'
import type { Output } from './output.js'
import { type Cli, run } from './run.js'
import { wholeNumber } from './whole-number.js'

/** The last day of sample data. It stands still, so that a seed that is run again another day finds its people. */
export const sampleUntil = '2025-12-31'

interface Options {
  users: number
  seed: number
  until: string
  days: number
  personas?: Partial<Record<Persona, number>>
  generator: number
  labels?: string
  intoExisting?: boolean
}

export function addSeed(program: Command): void {
  program
    .command('seed')
    .description('add made-up people and their money; the same numbers give the same data')
    .option('--users <n>', 'how many people', wholeNumber, 5)
    .option('--seed <n>', 'another number, other people', wholeNumber, 1)
    .option('--until <day>', 'the last day with money, YYYY-MM-DD', sampleUntil)
    .option('--days <n>', 'how many days of money', wholeNumber, 730)
    .option('--personas <mix>', 'who is among them, in parts: savings_builder=2,high_utilization=1', parseMix)
    .option('--generator <n>', 'the version of the generator that the data have to come from', wholeNumber, generator)
    .option('--labels <file>', 'write what is true of the data, one JSON object a line, to score detectors by')
    .option('--into-existing', 'also where there are accounts that are not of a seed')
    .action(run<Options>(execute))
}

async function execute(cli: Cli, { intoExisting = false, labels: file, ...options }: Options): Promise<void> {
  const { out } = cli
  const { db, where } = cli.connect()
  if (!intoExisting) await refuseRealData(db, where)
  const seeding = () => seedWithProgress(db, out, options)
  const [result, written] = file === undefined ? [await seeding()] : await withLabels(file, out, options, seeding)
  out.result({ ...result, ...(written !== undefined && { labels: written, labels_file: file }) }, () => {
    out.line(`${seeded(result)} (${where})`)
    if (written !== undefined) out.line(`Wrote ${counted(written, 'label')} to ${file}`)
  })
}

/**
 * Writes the labels first, since a place that cannot be written is better known before the seed. The file has its name
 * when the people are there too.
 *
 * @returns What `seeding` gives, and how many labels.
 */
async function withLabels<T>(
  file: string,
  out: Output,
  options: GeneratorOptions,
  seeding: () => Promise<T>,
): Promise<[T, number]> {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`${file} is a directory.`)
  const partial = `${file}.partial`
  try {
    const count = await writeLabels(partial, out, options).catch(cannotWrite(file))
    const result = await seeding()
    await rename(partial, file).catch(cannotWrite(file))
    return [result, count]
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** @returns How many. */
async function writeLabels(file: string, out: Output, options: GeneratorOptions): Promise<number> {
  const progress = out.progress()
  let [count, people] = [0, 0]
  async function* lines() {
    for await (const label of labels(options)) {
      count++
      if (label.type === 'user')
        progress.update(`labels: ${++people} of ${counted(options.users ?? 0, 'person', 'people')}`)
      yield `${JSON.stringify(label)}\n`
    }
  }
  await pipeline(lines, createWriteStream(file)).finally(progress.done)
  return count
}

export async function seedWithProgress(
  db: Kysely<Database>,
  out: Output,
  options: GeneratorOptions,
): Promise<SeedResult> {
  const progress = out.progress()
  try {
    return await seed(db, {
      ...options,
      onProgress: ({ users: done, of, transactions }) =>
        progress.update(
          `seeding ${bar(done, of, 24).padEnd(24)} ${done} of ${counted(of, 'person', 'people')}, ${counted(transactions, 'transaction')}`,
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

function parseMix(text: string): Partial<Record<Persona, number>> {
  return Object.fromEntries(
    text.split(',').map((entry) => {
      const [name = '', parts = ''] = entry.split('=')
      if (!personas.some((persona) => persona === name)) {
        throw new InvalidArgumentError(`Give parts as name=number, where the names are ${personas.join(', ')}.`)
      }
      return [name, wholeNumber(parts)]
    }),
  )
}
