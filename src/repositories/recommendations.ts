import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseChanges, parseInput } from '../schema/input.js'
import {
  type NewRecommendation,
  newRecommendation,
  type RecommendationChanges,
  type RecommendationFilter,
  recommendationChanges,
  recommendationFilter,
} from '../schema/recommendations.js'
import type { Recommendation } from '../schema/rows.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = [
  'user_id',
  'id',
  'type',
  'title',
  'rationale',
  'shown_at',
  'clicked',
  'created_at',
  'updated_at',
] as const

/** @throws {MissingReferenceError} The user does not exist. */
export async function create(db: Db, recommendation: NewRecommendation): Promise<Recommendation> {
  return db
    .insertInto('finance.recommendations')
    .values(parseInput(newRecommendation, recommendation, 'The recommendation'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Any number of recommendations, all or none, in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, recommendations: readonly NewRecommendation[]): Promise<Recommendation[]> {
  const rows = parseInput(z.array(newRecommendation), recommendations, 'The recommendations')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.recommendations').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} Also when the recommendation belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Recommendation> {
  const recommendation = await find(db, userId, id)
  if (recommendation === undefined) throw new NotFoundError('recommendation')
  return recommendation
}

/** Undefined when there is no such recommendation, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Recommendation | undefined> {
  return db
    .selectFrom('finance.recommendations')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
    .catch(translateError)
}

/** Newest first. Walks `recommendations_created_at_idx`. */
export async function list(
  db: Db,
  userId: string,
  filter: RecommendationFilter = {},
  request: PageRequest = {},
): Promise<Page<Recommendation>> {
  const { type, shown, clicked } = parseInput(recommendationFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.recommendations').select(columns).where('user_id', '=', userId)

  if (type !== undefined) query = query.where('type', '=', type)
  if (shown !== undefined) query = query.where('shown_at', shown ? 'is not' : 'is', null)
  if (clicked !== undefined) query = query.where('clicked', '=', clicked)
  if (request.after !== undefined) {
    const [createdAt, id] = decodeCursor(request.after, z.tuple([z.iso.datetime(), z.guid()]))
    query = query.where(({ eb, refTuple, tuple }) =>
      eb(refTuple('created_at', 'id'), '<', tuple(new Date(createdAt), id)),
    )
  }

  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ created_at, id }) => [created_at.toISOString(), id])
}

/**
 * Changes what is given and leaves the rest.
 *
 * @throws {NotFoundError} Also when the recommendation belongs to another user.
 * @throws {RuleViolationError} It would be clicked without having been shown.
 */
export async function update(
  db: Db,
  userId: string,
  id: string,
  changes: RecommendationChanges,
): Promise<Recommendation> {
  const values = parseChanges(recommendationChanges, changes)
  if (values === undefined) return get(db, userId, id)
  return db
    .updateTable('finance.recommendations')
    .set(values)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow(() => new NotFoundError('recommendation'))
    .catch(translateError)
}
