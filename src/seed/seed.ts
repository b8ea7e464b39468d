import { setImmediate as breathe } from 'node:timers/promises'
import { z } from 'zod'
import { ConflictError } from '../errors.js'
import * as accounts from '../repositories/accounts.js'
import * as transactions from '../repositories/transactions.js'
import * as users from '../repositories/users.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { day } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { dayNumber } from './calendar.js'
import { createHousehold } from './household.js'
import { createPerson, loadNames } from './people.js'
import { createPrng } from './prng.js'
import { profiles } from './profiles.js'

export interface SeedOptions {
  /** How many people, 1 to 100000. Default 5. The first is `demo_user`. */
  readonly users?: number | undefined
  /** Another number, other people. Default 1. */
  readonly seed?: number | undefined
  /** The last day with money, `'YYYY-MM-DD'`. There is no default: a seed looks at no clock. */
  readonly until: string
  /** How many days of money, `until` included. Default 730. */
  readonly days?: number | undefined
  /** Called after each person. What it throws stops the seed. */
  readonly onProgress?: ((progress: SeedProgress) => void) | undefined
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

const seedOptions = z
  .strictObject({
    users: z.int().min(1).max(100_000),
    seed: z.int(),
    until: day,
    days: z.int().min(1).max(36_525),
  })
  // A UUID version 7 counts from 1970.
  .refine(({ until, days }) => dayNumber(until) >= days - 1, { error: 'must not go back before 1970', path: ['days'] })

/**
 * Fills a migrated database with made-up people and their money: pay, rent, bills, subscriptions, purchases, a credit
 * card, savings, a holiday in euros. Amounts are exact and, like the ids, follow from the options alone: the same on every
 * machine and every day. (Names also follow from the version of `@faker-js/faker`; `created_at` is when it was written.)
 *
 * Each person is one transaction, and one who is there already is passed over: a seed that was stopped is run again and
 * ends as if it had not been. With more `users` it adds people.
 *
 * @throws {UnsupportedError} `@faker-js/faker` is not installed.
 * @throws {ConflictError} A `demo_user` is there that these options do not make.
 * @throws {SchemaMissingError} The database is not migrated.
 */
export async function seed(db: Db, { onProgress, ...options }: SeedOptions): Promise<SeedResult> {
  const withDefaults = {
    users: options.users ?? 5,
    seed: options.seed ?? 1,
    until: options.until,
    days: options.days ?? 730,
  }
  const { users: count, seed: number, until, days } = parseInput(seedOptions, withDefaults, 'The seed')
  const last = dayNumber(until)
  const span = { first: last - days + 1, last }
  const names = await loadNames()

  const result = { userIds: [] as string[], created: 0, accounts: 0, transactions: 0 }
  for (let place = 1; place <= count; place++) {
    const prng = createPrng(`finance-db seed 1\0${number}\0${until}\0${days}\0${place}`)
    const profile = profiles[(place - 1) % profiles.length] ?? profiles[0]
    const person = createPerson(names, prng.fork('person'), place, span.first, profile.goals)
    const { id } = person.user

    // Someone who is there is there whole.
    if ((await users.find(db, id)) === undefined) {
      const household = createHousehold(person, profile, prng, span)
      const written = await transaction(db, async (trx) => {
        await users.create(trx, person.user)
        await accounts.createMany(trx, household.accounts)
        await transactions.createMany(trx, household.transactions)
        return true
      }).catch(async (error: unknown) => {
        // Another seed may have been faster.
        if (error instanceof ConflictError && (await users.find(db, id)) !== undefined) return false
        throw error instanceof ConflictError ? taken(error) : error
      })
      if (written) {
        result.created += 1
        result.accounts += household.accounts.length
        result.transactions += household.transactions.length
      }
    }
    result.userIds.push(id)
    // PGlite never waits for anything: without this, signals and timers would wait for the whole seed.
    await breathe()
    onProgress?.({ users: place, of: count, transactions: result.transactions })
  }
  return result
}

function taken(cause: ConflictError): ConflictError {
  return new ConflictError(
    'Someone of another seed is in the way (the first of each is demo_user): use the same seed, until and days, or an empty database.',
    { table: cause.table, constraint: cause.constraint },
    { cause },
  )
}
