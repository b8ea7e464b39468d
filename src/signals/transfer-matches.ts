import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from '../repositories/page.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { InputOf } from '../schema/input-of.js'
import type { TransferMatchReasons } from '../schema/json.js'
import type { TransferMatch } from '../schema/rows.js'
import {
  type TransferMatchFilter,
  type TransferPair,
  transferMatchFilter,
  transferPair,
} from '../schema/transfer-matches.js'
import { day, uuid } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { type FindResult, matchOptions, matchTransfers } from './match-transfers.js'
import { transferCandidates } from './transfer-candidates.js'
import { reasonsOf, scorePair, suggestedFrom } from './transfer-score.js'
import { inChunks } from './user-chunks.js'

const columns = [
  'user_id',
  'id',
  'from_transaction_id',
  'to_transaction_id',
  'status',
  'score',
  'reasons',
  'decided_at',
  'created_at',
  'updated_at',
] as const

const findOptionsFields = {
  /** The days of the side that pays, both inclusive. */
  from: day,
  to: day,
  /** Everybody when left out. */
  users: z.array(uuid).optional(),
  ...matchOptions.shape,
  /** How many connections to use, 2 when left out. Inside a transaction there is one. */
  connections: z.int().min(1).max(64).optional(),
  /** How many people a transaction is for at most, 100 when left out. Fewer where that parts them evenly among the connections. */
  chunk: z.int().min(1).max(5000).optional(),
}

/** What {@link find} looks at. */
export const findOptions = z
  .strictObject(findOptionsFields)
  .refine(({ from, to }) => from <= to, { error: 'must not be before from', path: ['to'] })

export type { FindResult }

export interface FindOptions extends InputOf<typeof findOptionsFields> {
  /** Called after each chunk. What it throws stops the run. */
  readonly onProgress?: ((progress: { readonly users: number; readonly of: number }) => void) | undefined
  /** Stops the run between two chunks, with the signal's reason. What was done stays. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Pairs posted rows that are two sides of one movement between own accounts: the same amount with the opposite sign, days
 * apart at most; across currencies, amounts that fit the nearest rate. A row is part of one pair, and the pairs together are
 * the most certain there can be. What is certain enough is `automatic` and not spending from then on; what is likely is
 * `suggested`, and looked at again by each run. What was confirmed or rejected stays so.
 *
 * Rows with a `transfer_id` need no match. Run again, it writes nothing new. The match of a row that was reversed since is
 * deleted, unless someone confirmed it.
 *
 * One person cannot make it take long: of sums within about a tenth of each other that come in on one day in one currency, 50
 * are looked at, and of a person's possible pairs the 100,000 nearest. What is left is for the next run.
 *
 * @throws {InvalidInputError} Before anything is written.
 */
export async function find(db: Db, { onProgress, signal, ...options }: FindOptions): Promise<FindResult> {
  const input = parseInput(findOptions, options, 'The options')
  const { from, to, users, days = 5, rates = [], connections, chunk = 100 } = input
  const result = { automatic: 0, suggested: 0 }
  let looked = 0
  await inChunks(db, { users, connections, chunk, signal }, async (people, of) => {
    const found = await transaction(db, (trx) => matchTransfers(trx, { people, from, to, days, rates }))
    result.automatic += found.automatic
    result.suggested += found.suggested
    looked += people.length
    onProgress?.({ users: looked, of })
  }).catch(translateError)
  return result
}

/** @throws {NotFoundError} Also when the match belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<TransferMatch> {
  return db
    .selectFrom('finance.transfer_matches')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow(() => new NotFoundError('transfer match'))
    .catch(translateError)
}

/** In the order they were found. Walks `transfer_matches_pkey`. */
export async function list(
  db: Db,
  userId: string,
  filter: TransferMatchFilter = {},
  request: PageRequest = {},
): Promise<Page<TransferMatch>> {
  const { status, transaction_id } = parseInput(transferMatchFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.transfer_matches').select(columns).where('user_id', '=', userId)
  if (status !== undefined) query = query.where('status', '=', status)
  if (transaction_id !== undefined) {
    query = query.where(({ or, eb }) =>
      or([eb('from_transaction_id', '=', transaction_id), eb('to_transaction_id', '=', transaction_id)]),
    )
  }
  if (request.after !== undefined) {
    const [after] = decodeCursor(request.after, z.tuple([uuid]))
    query = query.where('id', '>', after)
  }
  const rows = await query
    .orderBy('id')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ id }) => [id])
}

/** Why two rows are, or are not, taken for one movement. */
export interface Explanation {
  /** The score they have, or would have; undefined when they cannot be one movement. */
  readonly score: number | undefined
  readonly reasons: TransferMatchReasons | undefined
  /** The match that there is for this pair. */
  readonly match: TransferMatch | undefined
  /** What stands against it, in sentences. Empty when nothing does. */
  readonly obstacles: readonly string[]
}

/**
 * Why two rows are matched or not. `rates` and `days` as in {@link find}. Rivals are not looked for: those that a match had
 * when it was found are in `match.reasons`.
 *
 * @throws {InvalidInputError} Before anything is read.
 * @throws {NotFoundError} One of the transactions does not exist or belongs to another user.
 */
export async function explain(
  db: Db,
  pair: TransferPair,
  options: Pick<FindOptions, 'rates' | 'days'> = {},
): Promise<Explanation> {
  const { user_id, from_transaction_id, to_transaction_id } = parseInput(transferPair, pair, 'The pair')
  const { rates = [], days = 5 } = parseInput(matchOptions, options, 'The options')
  const [from, to] = await bothSides(db, user_id, from_transaction_id, to_transaction_id).catch(translateError)
  const obstacles: string[] = []
  if (from.account_id === to.account_id) obstacles.push('Both are on one account.')
  if (from.status !== 'posted' || to.status !== 'posted') obstacles.push('One of them is pending.')
  if (!from.amount.startsWith('-') || to.amount.startsWith('-')) {
    obstacles.push('Money has to leave by the first and arrive by the second.')
  }
  if (from.transfer_id !== null || to.transfer_id !== null) obstacles.push('One of them is part of a transfer already.')

  const only = { from_id: from_transaction_id, to_id: to_transaction_id }
  const search = { people: [user_id], from: from.day, to: from.day, days, rates, only }
  const [candidate] = (await transferCandidates(db, search).catch(translateError)) ?? []
  if (candidate === undefined && obstacles.length === 0) {
    obstacles.push('The amounts do not agree, the days are too far apart, or one of them was reversed.')
  }
  const match = await db
    .selectFrom('finance.transfer_matches')
    .select(columns)
    .where('user_id', '=', user_id)
    .where('from_transaction_id', '=', from_transaction_id)
    .where('to_transaction_id', '=', to_transaction_id)
    .executeTakeFirst()
    .catch(translateError)
  if (match?.status === 'rejected') obstacles.push('The pair was rejected.')
  if (candidate === undefined) return { score: undefined, reasons: undefined, match, obstacles }
  const circumstances = { rivals: match?.reasons.rivals ?? 0, isHabit: false, isOutspoken: false }
  const score = scorePair(candidate, circumstances)
  if (score < suggestedFrom) obstacles.push('The score is too low.')
  return { score, reasons: reasonsOf(candidate, circumstances), match, obstacles }
}

async function bothSides(db: Db, userId: string, fromId: string, toId: string) {
  const rows = await db
    .selectFrom('finance.transactions')
    .select(['id', 'account_id', 'amount', 'status', 'transfer_id'])
    .select(sql<string>`to_char(date::timestamp, 'YYYY-MM-DD')`.as('day'))
    .where('user_id', '=', userId)
    .where('id', 'in', [fromId, toId])
    .execute()
  const [from, to] = [
    rows.find(({ id }) => id === fromId.toLowerCase()),
    rows.find(({ id }) => id === toId.toLowerCase()),
  ]
  if (from === undefined || to === undefined) throw new NotFoundError('transaction')
  return [from, to] as const
}

/** Someone says that it is one movement: its rows are not spending. @throws {NotFoundError} Also when it is another user's. */
export async function confirm(db: Db, userId: string, id: string): Promise<TransferMatch> {
  return decide(db, userId, id, 'confirmed')
}

/**
 * Someone says that it is none: its rows count again, and the pair is not suggested any more; each may find another side.
 *
 * @throws {NotFoundError} Also when the match belongs to another user.
 */
export async function reject(db: Db, userId: string, id: string): Promise<TransferMatch> {
  return decide(db, userId, id, 'rejected')
}

async function decide(db: Db, userId: string, id: string, status: 'confirmed' | 'rejected'): Promise<TransferMatch> {
  return db
    .updateTable('finance.transfer_matches')
    .set({ status, decided_at: sql<Date>`now()` })
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow(() => new NotFoundError('transfer match'))
    .catch(translateError)
}
