import { setImmediate as breathe } from 'node:timers/promises'
import { sql } from 'kysely'
import { z } from 'zod'
import { supportsCopy } from '../connection/postgres.js'
import { ConflictError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { transaction } from '../transaction.js'
import { type Batch, createBatch } from './batch.js'
import { generate } from './generate.js'
import { createPlan, type GeneratorOptions, type Plan } from './options.js'
import { createPerson } from './people.js'

export interface SeedOptions extends GeneratorOptions {
  /** About how many transactions are written in one transaction of the database. Default 20,000, and 1,000 where there is no COPY. */
  readonly batchRows?: number | undefined
  /** Called after each batch of people. What it throws stops the seed. */
  readonly onProgress?: ((progress: SeedProgress) => void) | undefined
  /** Stops the seed with its reason once the running batch is written. */
  readonly signal?: AbortSignal | undefined
}

export interface SeedProgress {
  /** People done so far, those that were there before included. */
  readonly users: number
  readonly of: number
  /** Written so far by this call. */
  readonly transactions: number
}

export interface SeedResult {
  /** Of everyone in the seed, the first is `demo_user`. */
  readonly userIds: readonly string[]
  /** People that this call wrote; the others were there. */
  readonly created: number
  readonly accounts: number
  readonly transactions: number
}

const runOptions = z.strictObject({
  batchRows: z.int().min(1).max(1_000_000).optional(),
  onProgress: z.custom<NonNullable<SeedOptions['onProgress']>>((value) => typeof value === 'function').optional(),
  signal: z.instanceof(AbortSignal).optional(),
})

/**
 * Fills a migrated database with made-up people and two years of their money: pay, rent or mortgage, bills, subscriptions,
 * purchases, cards, savings, funds, what they send each other, refunds, fees. Every value follows from the options alone:
 * the same on every machine and every day, ids included (`created_at` and `recorded_at` are when it was written).
 * {@link labels} tells what is true of it.
 *
 * People are written whole, some in one transaction, by COPY where the handle can, and who is there already is passed over:
 * a seed that was stopped, or killed, is run again and ends as if it had not been. With more `users` it adds people, and
 * what they and those before them sent each other.
 *
 * @throws {ConflictError} A `demo_user` is there that these options do not make.
 * @throws {UnsupportedError} The `generator` is not of this release.
 * @throws {SchemaMissingError} The database is not migrated.
 */
export async function seed(db: Db, { batchRows, onProgress, signal, ...options }: SeedOptions): Promise<SeedResult> {
  const plan = createPlan(options)
  parseInput(runOptions, { batchRows, onProgress, signal }, 'The seed')
  const rowsAtOnce = batchRows ?? (supportsCopy(db) ? 20_000 : 1_000)
  const isThere = createLookup(db, plan)
  const result = { userIds: [] as string[], created: 0, accounts: 0, transactions: 0 }

  // One batch is made up while the one before it is written.
  let writing: Promise<void> = Promise.resolve()
  try {
    for (let place = 1; place <= plan.users; ) {
      // The first is small: until it is made the server has nothing to do.
      const rows = place === 1 ? Math.min(rowsAtOnce, 4_000) : rowsAtOnce
      const made = await makeBatch(db, plan, place, { rows, isThere, signal })
      await writing
      signal?.throwIfAborted()
      writing = finish(made)
      // Its error is thrown by the await above, in the next round or at the end.
      writing.catch(() => undefined)
      place = made.next
    }
  } finally {
    await writing.catch(() => undefined)
  }
  await writing
  return result

  async function finish({ batch, places, next, userIds }: Made): Promise<void> {
    const written = batch.people === 0 ? batch : await writeOrPass(db, plan, batch, places)
    result.userIds.push(...userIds)
    result.created += written.people
    result.accounts += written.accounts
    result.transactions += written.transactions
    onProgress?.({ users: next - 1, of: plan.users, transactions: result.transactions })
  }
}

interface Made {
  readonly batch: Batch
  /** Those in it, in the order of the seed. */
  readonly places: readonly number[]
  /** Of everybody up to `next`. */
  readonly userIds: readonly string[]
  readonly next: number
}

interface Making {
  readonly rows: number
  readonly isThere: (place: number) => Promise<boolean>
  readonly signal: AbortSignal | undefined
}

async function makeBatch(db: Db, plan: Plan, from: number, { rows, isThere, signal }: Making): Promise<Made> {
  const batch = await createBatch(db, plan)
  const [places, userIds]: [number[], string[]] = [[], []]
  let place = from
  for (; place <= plan.users && batch.transactions < rows && userIds.length < lookAhead; place++) {
    signal?.throwIfAborted()
    userIds.push(createPerson(plan, place).id)
    if (await isThere(place)) continue
    places.push(place)
    batch.add(generate(plan, place))
    // The batch before goes out meanwhile, and signals and timers have their turn.
    await breathe()
  }
  return { batch, places, userIds, next: place }
}

const lookAhead = 500

/** Looks many places up at once, those of the batches to come too. */
function createLookup(db: Db, plan: Plan): (place: number) => Promise<boolean> {
  let there = new Set<number>()
  let upTo = 0
  return async (place) => {
    if (place > upTo) {
      upTo = Math.min(place + lookAhead - 1, plan.users)
      there = await findThere(
        db,
        plan,
        Array.from({ length: upTo - place + 1 }, (_, i) => place + i),
      )
    }
    return there.has(place)
  }
}

/** Someone who is there is there whole. */
async function findThere(db: Db, plan: Plan, places: readonly number[]): Promise<Set<number>> {
  const byId = new Map(places.map((place) => [createPerson(plan, place).id, place]))
  const { rows } = await sql<{ id: string }>`select id from ${sql.table('finance.users')}
    where id = any(${[...byId.keys()]}::uuid[])`
    .execute(db)
    .catch(translateError)
  return new Set(rows.flatMap(({ id }) => byId.get(id) ?? []))
}

/** Writes a batch. Where another seed has been faster, only those of it who are not there. */
async function writeOrPass(db: Db, plan: Plan, batch: Batch, places: readonly number[]): Promise<Batch> {
  try {
    await transaction(db, (trx) => batch.write(trx).catch(translateError))
    return batch
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error
    const there = await findThere(db, plan, places)
    if (there.size === 0) throw taken(error)
    const rest = places.filter((place) => !there.has(place))
    const remaining = await createBatch(db, plan)
    for (const place of rest) remaining.add(generate(plan, place))
    return rest.length === 0 ? remaining : writeOrPass(db, plan, remaining, rest)
  }
}

function taken(cause: ConflictError): ConflictError {
  return new ConflictError(
    'Someone of another seed is in the way (the first of each is demo_user): use the same seed, until, days, personas and generator, or an empty database.',
    { table: cause.table, constraint: cause.constraint },
    { cause },
  )
}
