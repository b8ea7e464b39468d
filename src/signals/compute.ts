import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { type TimeWindow, timeWindows } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import type { InputOf } from '../schema/input-of.js'
import { day, uuid } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { creditSignals } from './families/credit.js'
import { incomeSignals } from './families/income.js'
import { savingsSignals } from './families/savings.js'
import { sharedCtes } from './families/shared.js'
import { subscriptionSignals } from './families/subscription.js'
import { matchOptions, matchTransfers } from './match-transfers.js'
import { movementCtes, readVocabulary } from './movements.js'
import { planned } from './planned.js'
import { type Inputs, readInputs, remember } from './signal-states.js'
import { evidenceDays, streamCtes } from './streams.js'
import { confidence } from './subscriptions.js'
import { inPickedChunks, lockPeople } from './user-chunks.js'

const computeOptionsFields = {
  /** The last day that counts. There is no default: a night's run that lasts past midnight stays on its day. */
  as_of: day,
  /** All of them when left out. */
  windows: z.array(z.enum(timeWindows)).min(1).optional(),
  /** Everybody when left out. */
  users: z.array(uuid).optional(),
  /** How many connections to use, 2 when left out. Inside a transaction there is one. */
  connections: z.int().min(1).max(64).optional(),
  /** How many people a transaction is for at most, 100 when left out. Fewer where that parts them evenly among the connections. */
  chunk: z.int().min(1).max(5000).optional(),
  /** Compute also who has nothing new. */
  force: z.boolean().optional(),
  /**
   * Let `transferMatches.find` go first, for those who have something new and the days that are looked at: what it is sure
   * of is not spending. Left out when left out, since it takes a third as long again, and writes matches.
   */
  match_transfers: z.union([z.boolean(), matchOptions]).optional(),
}

/** What {@link compute} does. */
export const computeOptions = z.strictObject(computeOptionsFields)

export interface ComputeProgress {
  /** Done so far, those with nothing new included. */
  readonly users: number
  readonly of: number
}

export interface ComputeOptions extends InputOf<typeof computeOptionsFields> {
  /** Called after each chunk. What it throws stops the run. */
  readonly onProgress?: ((progress: ComputeProgress) => void) | undefined
  /** Stops the run between two chunks, with the signal's reason. What was done stays. */
  readonly signal?: AbortSignal | undefined
}

export interface ComputeResult {
  /** Looked at. */
  readonly users: number
  /** Had something new, and have new signals. */
  readonly computed: number
  /** Rows written to `computed_features`. */
  readonly signals: number
}

/**
 * Computes `subscription`, `credit_utilization_<account>` for each card, `savings_behavior` and `income_stability` in the
 * windows that end with `as_of`, and writes them to `computed_features`, in SQL, for many people at a time. Read them by
 * `computedFeatures`; what they mean is in their schemas (`subscriptionSignal`, …).
 *
 * Who has no new or changed rows since their last computation for this day is passed over. The others are taken in chunks, each
 * in a transaction of its own: a run that was stopped is run again and goes on where it was. Inside a transaction of the host
 * all is one. A person without accounts has no signals, nor has one who was erased. The signals of a card that is gone are removed.
 *
 * Money between own accounts is told by its rows and by `transferMatches`: let `transferMatches.find` go first, or set
 * `match_transfers`.
 *
 * @throws {InvalidInputError} Before anything is written.
 */
export async function compute(db: Db, { onProgress, signal, ...options }: ComputeOptions): Promise<ComputeResult> {
  const {
    as_of,
    windows = [...timeWindows],
    users,
    connections,
    chunk = 100,
    force = false,
    match_transfers = false,
  } = parseInput(computeOptions, options, 'The options')
  const result = { users: 0, computed: 0, signals: 0 }
  const tell = (users: number, of: number) => {
    result.users += users
    onProgress?.({ users: result.users, of })
  }
  // Looked at before the rows are read: what comes in between is found by the next run.
  const pickStale = async (people: readonly string[], of: number) => {
    const inputs = await planned(db, (trx) => readInputs(trx, people, as_of, windows))
    const stale = inputs.filter(({ known }) => force || !known)
    if (stale.length < people.length) tell(people.length - stale.length, of)
    return stale
  }
  await inPickedChunks(db, { users, connections, chunk, signal }, pickStale, async (stale, of) => {
    const done = await transaction(db, (trx) => computeChunk(trx, stale, { as_of, windows, match_transfers }))
    result.computed += done.computed
    result.signals += done.signals
    tell(stale.length, of)
  }).catch(translateError)
  return result
}

interface Run {
  readonly as_of: string
  readonly windows: readonly TimeWindow[]
  readonly match_transfers: NonNullable<InputOf<typeof computeOptionsFields>['match_transfers']>
}

async function computeChunk(
  db: Db,
  people: readonly Inputs[],
  { as_of: asOf, windows, match_transfers }: Run,
): Promise<Pick<ComputeResult, 'computed' | 'signals'>> {
  const asked = people.map(({ user_id }) => user_id)
  // Matching takes turns on people. The same lock at once, since a weaker one before it could deadlock with an erasure.
  const ids = await lockPeople(db, asked, match_transfers === false ? 'key share' : 'no key update')
  return planned(db, async (trx) => {
    const there = new Set(ids)
    let inputs = people.filter(({ user_id }) => there.has(user_id))
    if (match_transfers !== false) {
      const { days = 5, rates = [] } = match_transfers === true ? {} : match_transfers
      const from = new Date(Date.parse(asOf) - evidenceDays * 86_400_000).toISOString().slice(0, 10)
      await matchTransfers(trx, { people: ids, from, to: asOf, days, rates })
      inputs = await readInputs(trx, ids, asOf, windows)
    }
    // Two runs take turns on these rows: the second computes from what is there then, and sees what the first wrote.
    await remember(trx, inputs, asOf, windows)
    return { computed: ids.length, signals: await write(trx, ids, asOf, windows) }
  })
}

async function write(
  db: Db,
  people: readonly string[],
  asOfDay: string,
  windows: readonly TimeWindow[],
): Promise<number> {
  const ids = sql`${people}::uuid[]`
  const asOf = sql`${asOfDay}::date`
  const reach = { people: ids, from: sql`${asOf} - ${sql.lit(evidenceDays)}`, to: asOf }
  const vocabulary = await readVocabulary(db, reach)
  const families = [
    subscriptionSignals(asOf, confidence),
    savingsSignals(asOf),
    incomeSignals(asOf),
    creditSignals(asOf),
  ]
  const { rows } = await sql<{ written: number }>`
    with ${movementCtes(reach, vocabulary)},
    ${streamCtes(reach)},
    ${sharedCtes(ids, asOf, sql`${windows}::text[]`)},
    ${sql.join(families.map(({ ctes }) => ctes))},
    signals as materialized (
      ${sql.join(
        families.map(({ select }) => select),
        sql` union all `,
      )}
    ),
    written as (
      insert into ${sql.table('finance.computed_features')} (user_id, time_window, signal_type, signal_value)
      select person, time_window, signal_type, signal_value from signals
      order by person, time_window, signal_type
      on conflict (user_id, time_window, signal_type) do update
        set signal_value = excluded.signal_value, computed_at = now()
      returning 1
    ),
    removed as (
      delete from ${sql.table('finance.computed_features')} f
      where f.user_id = any(${ids}) and f.time_window = any(${windows}::text[])
        and (f.signal_type in ('subscription', 'savings_behavior', 'income_stability')
          or f.signal_type ~ '^credit_utilization_[0-9a-f-]{36}$')
        and (f.user_id, f.time_window, f.signal_type) not in (select person, time_window, signal_type from signals)
    )
    select count(*)::int as written from written`.execute(db)
  return rows[0]?.written ?? 0
}
