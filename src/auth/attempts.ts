import { sql } from 'kysely'
import { z } from 'zod'
import { TooManyAttemptsError, UnsupportedError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { lowerCase } from '../schema/texts.js'

const ms = z
  .number()
  .positive()
  .max(365 * 24 * 3_600_000)

function limit(defaults: { free: number; waitMs: number; maxWaitMs: number; drainMs: number }) {
  return z
    .strictObject({
      /** Failures before the first wait. */
      free: z.int().min(1).max(1_000_000).default(defaults.free),
      /** The first wait; each failure after it doubles it. */
      waitMs: ms.default(defaults.waitMs),
      maxWaitMs: ms.default(defaults.maxWaitMs),
      /** One failure is forgotten each time this much has passed. */
      drainMs: ms.default(defaults.drainMs),
    })
    .prefault({})
}

const second = 1_000
const minute = 60_000

/**
 * How many failures are free, and how long the waits are after them. By default a login name has 5, then waits of 1 s
 * doubling to 15 min: 96 guesses a day. A client has 50, because many people may share one, and recovers one in 30 s.
 */
export const attemptLimits = z
  .strictObject({
    name: limit({ free: 5, waitMs: second, maxWaitMs: 15 * minute, drainMs: 15 * minute }),
    client: limit({ free: 50, waitMs: second, maxWaitMs: 15 * minute, drainMs: 30 * second }),
  })
  .prefault({})

export type AttemptLimits = z.input<typeof attemptLimits>
type Limit = z.output<typeof attemptLimits>['name']

/**
 * What is counted: what was typed as a name, whether anybody has it or not; where it came from; or who is known already. An email
 * and a username are two names even where they are the same text: a username may be the email of somebody else, and who logs
 * in by it is forgiven its failures.
 */
export interface AttemptKey {
  readonly kind: 'email' | 'username' | 'client' | 'user'
  readonly value: string
}

const attempts = sql.table('finance.auth_attempts')

// Folded by the database, as the search for the name is: were one spelling two keys, each would bring guesses of its own.
function hashed({ kind, value }: AttemptKey) {
  return sql<string>`encode(sha256(convert_to(${`${kind}:`}::text || ${lowerCase(sql.val(value))}, 'UTF8')), 'hex')`
}

function drained(limit: Limit) {
  const failures = sql.ref('finance.auth_attempts.failures')
  const since = sql.ref('finance.auth_attempts.updated_at')
  const elapsedMs = sql`greatest(0, extract(epoch from now() - ${since})::double precision * 1000)`
  return sql`greatest(0, ${failures} - ${elapsedMs} / ${limit.drainMs}::double precision)`
}

function blockedUntil(failures: ReturnType<typeof drained>, { free, waitMs, maxWaitMs }: Limit) {
  const beyond = sql`ceil(${failures}) - ${free}::double precision`
  return sql`case when ${beyond} >= 0 then now() + interval '1 millisecond'
    * least(${maxWaitMs}::double precision, ${waitMs}::double precision * power(2, least(${beyond}, 60))) end`
}

/**
 * Counts an attempt as failed before it is looked at, so that any number of them at once cannot slip past the limit.
 * What was refused is not counted.
 *
 * @throws {TooManyAttemptsError} Not yet.
 */
export async function countAttempt(db: Db, key: AttemptKey, limit: Limit): Promise<void> {
  const first = sql`1::double precision`
  const next = sql`${drained(limit)} + 1`
  const { rows } = await sql<{ key_hash: string }>`
    insert into ${attempts} (key_hash, failures, blocked_until)
    values (${hashed(key)}, ${first}, ${blockedUntil(first, limit)})
    on conflict (key_hash) do update set failures = ${next}, blocked_until = ${blockedUntil(next, limit)}
    where coalesce(${sql.ref('finance.auth_attempts.blocked_until')} <= now(), true)
    returning key_hash`
    .execute(db)
    .catch(translateError)
  if (rows.length > 0) return

  const blocked = await db
    .selectFrom('finance.auth_attempts')
    .select(sql<number>`ceil(extract(epoch from blocked_until - now()) * 1000)::int`.as('ms'))
    .where('key_hash', '=', hashed(key))
    .executeTakeFirst()
    .catch(translateError)
  throw new TooManyAttemptsError(Math.max(1, blocked?.ms ?? 1))
}

/** The attempt did not fail: it is not counted after all. What failed before stays. */
export async function uncountAttempt(db: Db, key: AttemptKey, limit: Limit): Promise<void> {
  await sql`
    update ${attempts} set failures = greatest(0, ${drained(limit)} - 1), blocked_until = null
    where key_hash = ${hashed(key)}`
    .execute(db)
    .catch(translateError)
}

/** Forgets what failed. */
export async function forgiveAttempts(db: Db, keys: readonly AttemptKey[]): Promise<void> {
  await db.deleteFrom('finance.auth_attempts').where('key_hash', 'in', keys.map(hashed)).execute().catch(translateError)
}

/** @throws {UnsupportedError} Within a transaction, whose rollback would take back what must stay. */
export function outsideTransaction(db: Db, what: string): void {
  if (!db.isTransaction) return
  throw new UnsupportedError(`${what} writes what must outlive a rollback: call it outside of a transaction.`)
}
