import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type InsightFilter, insightFilter, insightSelection, type NewInsight, newInsight } from '../schema/insights.js'
import type { Insight } from '../schema/rows.js'
import { insertAll } from './insert.js'
import { decodeInstantCursor } from './instant-cursor.js'
import { type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = ['user_id', 'id', 'title', 'message', 'type', 'is_read', 'created_at', 'updated_at'] as const

/** @throws {MissingReferenceError} The user does not exist. */
export async function create(db: Db, insight: NewInsight): Promise<Insight> {
  return db
    .insertInto('finance.insights')
    .values(parseInput(newInsight, insight, 'The insight'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Any number of insights, all or none, in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, insights: readonly NewInsight[]): Promise<Insight[]> {
  const rows = parseInput(z.array(newInsight), insights, 'The insights')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.insights').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} Also when the insight belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Insight> {
  const insight = await find(db, userId, id)
  if (insight === undefined) throw new NotFoundError('insight')
  return insight
}

/** Undefined when there is no such insight, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Insight | undefined> {
  return db
    .selectFrom('finance.insights')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
    .catch(translateError)
}

/** Newest first. Walks `insights_created_at_idx`, or `insights_unread_idx` for those with `is_read: false`. */
export async function list(
  db: Db,
  userId: string,
  filter: InsightFilter = {},
  request: PageRequest = {},
): Promise<Page<Insight>> {
  const { type, is_read } = parseInput(insightFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.insights').select(columns).where('user_id', '=', userId)

  if (type !== undefined) query = query.where('type', '=', type)
  // spelled as the index spells it: a parameter would hide from the planner that the index holds these rows
  if (is_read !== undefined) query = query.where(({ eb, not }) => (is_read ? eb.ref('is_read') : not('is_read')))
  if (request.after !== undefined) {
    const [at, id] = decodeInstantCursor(request.after)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(at, id)))
  }

  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ created_at, id }) => [created_at.toISOString(), id])
}

/** How many the user has not read. Walks `insights_unread_idx`. */
export async function unreadCount(db: Db, userId: string): Promise<number> {
  const { unread } = await db
    .selectFrom('finance.insights')
    .select(sql<number>`count(*)::int`.as('unread'))
    .where('user_id', '=', userId)
    .where(({ not }) => not('is_read'))
    .executeTakeFirstOrThrow()
    .catch(translateError)
  return unread
}

/**
 * Marks insights as read, and gives how many were unread. Ids that are not there, or belong to another user, are passed
 * over. `'all'` is all that are there now: give ids where the user may not have seen the newest.
 */
export async function markRead(db: Db, userId: string, ids: readonly string[] | 'all'): Promise<number> {
  const selection = parseInput(insightSelection, ids, 'The selection')
  if (selection.length === 0) return 0
  let query = db
    .updateTable('finance.insights')
    .set({ is_read: true })
    .where('user_id', '=', userId)
    .where(({ not }) => not('is_read'))
  if (selection !== 'all') query = query.where('id', '=', sql<string>`any(${selection}::uuid[])`)
  const { numUpdatedRows } = await query.executeTakeFirstOrThrow().catch(translateError)
  return Number(numUpdatedRows)
}

/** @throws {NotFoundError} Also when the insight belongs to another user. */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('finance.insights')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
    .catch(translateError)
  if (numDeletedRows === 0n) throw new NotFoundError('insight')
}
