import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import {
  type DecisionTraceFilter,
  decisionTraceFilter,
  type NewDecisionTrace,
  newDecisionTrace,
} from '../schema/decision-traces.js'
import { parseInput } from '../schema/input.js'
import type { DecisionTrace } from '../schema/rows.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = ['user_id', 'id', 'recommendation_id', 'trace_data', 'created_at'] as const

/**
 * Records how a recommendation that is there came about. A trace never changes. To write both at once, give the trace to
 * `recommendations.create`.
 *
 * @throws {MissingReferenceError} The recommendation does not exist, or belongs to another user.
 * @throws {ConflictError} It has a trace already.
 */
export async function create(db: Db, trace: NewDecisionTrace): Promise<DecisionTrace> {
  return db
    .insertInto('finance.decision_traces')
    .values(parseInput(newDecisionTrace, trace, 'The decision trace'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Any number of traces, all or none, in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, traces: readonly NewDecisionTrace[]): Promise<DecisionTrace[]> {
  const rows = parseInput(z.array(newDecisionTrace), traces, 'The decision traces')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.decision_traces').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} The recommendation has no trace, is not there, or belongs to another user. */
export async function getByRecommendation(db: Db, userId: string, recommendationId: string): Promise<DecisionTrace> {
  const trace = await findByRecommendation(db, userId, recommendationId)
  if (trace === undefined) throw new NotFoundError('decision trace')
  return trace
}

/** Undefined where {@link getByRecommendation} throws. Walks `decision_traces_recommendation_id_key`. */
export async function findByRecommendation(
  db: Db,
  userId: string,
  recommendationId: string,
): Promise<DecisionTrace | undefined> {
  return db
    .selectFrom('finance.decision_traces')
    .select(columns)
    .where('user_id', '=', userId)
    .where('recommendation_id', '=', recommendationId)
    .executeTakeFirst()
    .catch(translateError)
}

/** Newest first. Walks `decision_traces_pkey` backwards: ids sort by the time they were made. */
export async function list(
  db: Db,
  userId: string,
  filter: DecisionTraceFilter = {},
  request: PageRequest = {},
): Promise<Page<DecisionTrace>> {
  const { from, to } = parseInput(decisionTraceFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.decision_traces').select(columns).where('user_id', '=', userId)

  if (from !== undefined) query = query.where('created_at', '>=', from)
  if (to !== undefined) query = query.where('created_at', '<', to)
  if (request.after !== undefined) {
    const [id] = decodeCursor(request.after, z.tuple([z.guid()]))
    query = query.where('id', '<', id)
  }

  const rows = await query
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ id }) => [id])
}
