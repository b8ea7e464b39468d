import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from '../repositories/page.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { TransferMatchReasons } from '../schema/json.js'
import type { TransferMatch } from '../schema/rows.js'
import {
  quotedRate,
  type TransferMatchFilter,
  type TransferPair,
  transferMatchFilter,
  transferPair,
} from '../schema/transfer-matches.js'
import { day, uuid } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { bestAssignment } from './best-assignment.js'
import { planned } from './planned.js'
import { type Search, transferCandidates } from './transfer-candidates.js'
import { automaticFrom, scorePair, suggestedFrom } from './transfer-score.js'
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

/** What {@link find} looks at. */
export const findOptions = z
  .strictObject({
    /** The days of the side that pays, both inclusive. */
    from: day,
    to: day,
    /** Everybody when left out. */
    users: z.array(uuid).optional(),
    /** How many days later the other side may be booked, 5 when left out. */
    days: z.int().min(0).max(30).optional(),
    /** For pairs across currencies: without a rate there are none. */
    rates: z.array(quotedRate).max(10_000).optional(),
    /** How many connections to use, 2 when left out. Inside a transaction there is one. */
    connections: z.int().min(1).max(64).optional(),
    /** How many people a transaction is for, 100 when left out. */
    chunk: z.int().min(1).max(5000).optional(),
  })
  .refine(({ from, to }) => from <= to, { error: 'must not be before from', path: ['to'] })

export interface FindOptions extends z.infer<typeof findOptions> {
  /** Called after each chunk. What it throws stops the run. */
  readonly onProgress?: ((progress: { readonly users: number; readonly of: number }) => void) | undefined
  /** Stops the run between two chunks, with the signal's reason. What was done stays. */
  readonly signal?: AbortSignal | undefined
}

/** New matches that were written. */
export interface FindResult {
  readonly automatic: number
  readonly suggested: number
}

/**
 * Pairs posted rows that are two sides of one movement between own accounts: the same amount with the opposite sign, days
 * apart at most; across currencies, amounts that fit the nearest rate. A row is part of one pair, and the pairs together are
 * the most certain there can be. What is certain enough is `automatic` and not spending from then on; what is likely is
 * `suggested`, and looked at again by each run. What was confirmed or rejected stays so.
 *
 * Rows with a `transfer_id` need no match. Run again, it writes nothing new.
 *
 * @throws {InvalidInputError} Before anything is written.
 */
export async function find(db: Db, { onProgress, signal, ...options }: FindOptions): Promise<FindResult> {
  const input = parseInput(findOptions, options, 'The options')
  const { from, to, users, days = 5, rates = [], connections, chunk = 100 } = input
  const result = { automatic: 0, suggested: 0 }
  let looked = 0
  await inChunks(db, { users, connections, chunk, signal }, async (people, of) => {
    const found = await transaction(db, (trx) => findForPeople(trx, { people, from, to, days, rates }))
    result.automatic += found.automatic
    result.suggested += found.suggested
    looked += people.length
    onProgress?.({ users: looked, of })
  }).catch(translateError)
  return result
}

async function findForPeople(db: Db, search: Search): Promise<FindResult> {
  const pairs = await planned(db, (trx) => transferCandidates(trx, search))
  const count = (ids: readonly string[]) =>
    ids.reduce((n, id) => n.set(id, (n.get(id) ?? 0) + 1), new Map<string, number>())
  const [froms, tos] = [count(pairs.map((p) => p.from_id)), count(pairs.map((p) => p.to_id))]
  const scored = pairs.map((pair) => {
    const rivals = (froms.get(pair.from_id) ?? 1) + (tos.get(pair.to_id) ?? 1) - 2
    return { ...pair, left: pair.from_id, right: pair.to_id, ...scorePair(pair, rivals) }
  })
  const matches = bestAssignment(scored.filter(({ score }) => score >= suggestedFrom))
  return write(db, search, matches)
}

type Scored = Pick<TransferMatch, 'user_id'> & {
  readonly from_id: string
  readonly to_id: string
  readonly score: number
  readonly reasons: TransferMatchReasons
}

async function write(db: Db, { people, from, to }: Search, matches: readonly Scored[]): Promise<FindResult> {
  const rows = matches.map(({ user_id, from_id, to_id, score, reasons }) => ({
    user_id,
    from_id,
    to_id,
    score,
    reasons,
    status: score >= automaticFrom ? 'automatic' : 'suggested',
  }))
  const table = sql.table('finance.transfer_matches')
  const found = sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
    as n (user_id uuid, from_id uuid, to_id uuid, score numeric, reasons jsonb, status text)`
  // suggestions that others took the place of
  await sql`
    delete from ${table} m
    where m.user_id = any(${people}::uuid[]) and m.status = 'suggested'
      and exists (
        select from ${sql.table('finance.transactions')} t
        where t.user_id = m.user_id and t.id = m.from_transaction_id and t.date between ${from}::date and ${to}::date
      )
      and not exists (
        select from ${found}
        where n.user_id = m.user_id and n.from_id = m.from_transaction_id and n.to_id = m.to_transaction_id
      )`.execute(db)
  const promoted = await sql`
    update ${table} m set status = 'automatic', score = n.score, reasons = n.reasons
    from ${found}
    where m.user_id = n.user_id and m.from_transaction_id = n.from_id and m.to_transaction_id = n.to_id
      and m.status = 'suggested' and n.status = 'automatic'`.execute(db)
  const inserted = await sql<{ status: string }>`
    insert into ${table} (user_id, from_transaction_id, to_transaction_id, status, score, reasons)
    select n.user_id, n.from_id, n.to_id, n.status, n.score, n.reasons from ${found}
    order by 1, 2
    on conflict do nothing -- another run was faster, or it is there
    returning status`.execute(db)
  const automatic = inserted.rows.filter(({ status }) => status === 'automatic').length
  return {
    automatic: automatic + Number(promoted.numAffectedRows ?? 0),
    suggested: inserted.rows.length - automatic,
  }
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
 * @throws {NotFoundError} One of the transactions does not exist or belongs to another user.
 */
export async function explain(
  db: Db,
  pair: TransferPair,
  options: Pick<FindOptions, 'rates' | 'days'> = {},
): Promise<Explanation> {
  const { user_id, from_transaction_id, to_transaction_id } = parseInput(transferPair, pair, 'The pair')
  const { rates = [], days = 5 } = options
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
  const [candidate] = await transferCandidates(db, search).catch(translateError)
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
  const scored = candidate === undefined ? undefined : scorePair(candidate, match?.reasons.rivals ?? 0)
  if (scored !== undefined && scored.score < suggestedFrom) obstacles.push('The score is too low.')
  return { score: scored?.score, reasons: scored?.reasons, match, obstacles }
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
