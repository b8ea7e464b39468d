import { type QueryCreator, sql } from 'kysely'
import { z } from 'zod'
import { ConsentRequiredError, NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { ConsentRequirement } from '../schema/consents.js'
import { type Database, type Db, withQueries } from '../schema/database.js'
import { parseChanges, parseInput } from '../schema/input.js'
import type { DecisionTraceData } from '../schema/json.js'
import {
  type NewRecommendation,
  newRecommendation,
  type RecommendationChanges,
  type RecommendationFilter,
  type RecommendationOptions,
  type RecommendationsOptions,
  recommendationChanges,
  recommendationFilter,
  recommendationOptions,
  recommendationsOptions,
} from '../schema/recommendations.js'
import type { Recommendation } from '../schema/rows.js'
import { repeatStatement } from '../transaction.js'
import { onFreshSnapshot } from './fresh-snapshot.js'
import { insertAll } from './insert.js'
import { decodeInstantCursor } from './instant-cursor.js'
import { type Page, type PageRequest, pageLimit, toPage } from './page.js'
import { holdConsents, standingConsents } from './standing-consent.js'
import { together } from './together.js'

export { type Funnel, funnel, funnelByUser, type UserFunnel } from './recommendation-funnel.js'

const columns = [
  'user_id',
  'id',
  'type',
  'title',
  'rationale',
  'catalogue_key',
  'shown_at',
  'clicked',
  'created_at',
  'updated_at',
] as const

/**
 * Writes a recommendation, in one statement with the `trace` of how it came about where one is given.
 *
 * With `requireConsent` the statement also holds the consent of the user against being taken back before the
 * recommendation is committed: one is never there without the other.
 *
 * @throws {MissingReferenceError} The user does not exist.
 * @throws {ConsentRequiredError} The user does not exist, or has no standing consent, or only to an older version.
 */
export async function create(
  db: Db,
  recommendation: NewRecommendation,
  options: RecommendationOptions = {},
): Promise<Recommendation> {
  const input = parseInput(newRecommendation, recommendation, 'The recommendation')
  const { trace, requireConsent } = parseInput(recommendationOptions, options, 'The options')
  const requirement = requirementOf(requireConsent)

  if (requirement === undefined && trace === undefined) {
    return db
      .insertInto('finance.recommendations')
      .values(input)
      .returning(columns)
      .executeTakeFirstOrThrow()
      .catch(translateError)
  }
  if (requirement === undefined) {
    return insertFrom(
      withQueries(db).with('allowed', (cte) => cte.selectNoFrom(sql<string>`${input.user_id}::uuid`.as('user_id'))),
      input,
      trace,
    )
      .executeTakeFirstOrThrow()
      .catch(translateError)
  }
  const insert = insertFrom(
    withQueries(db).with('allowed', (cte) =>
      standingConsents(cte, requirement).select('c.user_id').where('c.user_id', '=', input.user_id).forShare(),
    ),
    input,
    trace,
  )
  const created = await onFreshSnapshot(
    async () => repeatStatement(db, () => insert.executeTakeFirst()).catch(translateError),
    () => hasConsent(db, input.user_id, requirement),
  )
  if (created === undefined) throw new ConsentRequiredError()
  return created
}

/**
 * Any number of recommendations, all or none, in the order of the input. With `requireConsent` one user without it is
 * enough to refuse all. Errors as {@link create}.
 */
export async function createMany(
  db: Db,
  recommendations: readonly NewRecommendation[],
  options: RecommendationsOptions = {},
): Promise<Recommendation[]> {
  const rows = parseInput(z.array(newRecommendation), recommendations, 'The recommendations')
  const { requireConsent } = parseInput(recommendationsOptions, options, 'The options')
  const requirement = requirementOf(requireConsent)
  const insert = (handle: Db) =>
    insertAll(handle, rows, (part, values) =>
      part.insertInto('finance.recommendations').values(values).returning(columns).execute(),
    )

  if (requirement === undefined || rows.length === 0) return insert(db).catch(translateError)
  const userIds = [...new Set(rows.map(({ user_id }) => user_id.toLowerCase()))]
  return together(db, async (trx) => {
    const held = await holdConsents(trx, userIds, requirement)
    if (held.length < userIds.length) throw new ConsentRequiredError()
    return insert(trx)
  }).catch(translateError)
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
    const [createdAt, id] = decodeInstantCursor(request.after)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(createdAt, id)))
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

/**
 * Notes that the user was shown it. The first time counts: shown again, nothing changes.
 *
 * @throws {NotFoundError} Also when the recommendation belongs to another user.
 */
export async function markShown(db: Db, userId: string, id: string): Promise<Recommendation> {
  const shown = await db
    .updateTable('finance.recommendations')
    .set({ shown_at: sql<Date>`now()` })
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .where('shown_at', 'is', null)
    .returning(columns)
    .executeTakeFirst()
    .catch(translateError)
  return shown ?? get(db, userId, id)
}

/**
 * Notes that the user followed it. What was clicked was shown: where that was not noted, it is now. Clicked again, nothing
 * changes.
 *
 * @throws {NotFoundError} Also when the recommendation belongs to another user.
 */
export async function markClicked(db: Db, userId: string, id: string): Promise<Recommendation> {
  const clicked = await db
    .updateTable('finance.recommendations')
    .set({ clicked: true, shown_at: sql<Date>`coalesce(shown_at, now())` })
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .where(({ not }) => not('clicked'))
    .returning(columns)
    .executeTakeFirst()
    .catch(translateError)
  return clicked ?? get(db, userId, id)
}

type Input = z.infer<typeof newRecommendation>
type Allowed = QueryCreator<Database & { allowed: { user_id: string } }>

/** Writes the row, and the trace, for the user that `allowed` holds; nothing when it is empty. */
function insertFrom(allowed: Allowed, { user_id: _, ...input }: Input, trace: DecisionTraceData | undefined) {
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  const names = given.map(([column]) => column as keyof typeof input)
  const created = allowed.with('created', (cte) =>
    cte
      .insertInto('finance.recommendations')
      .columns(['user_id', ...names])
      .expression(
        cte
          .selectFrom('allowed')
          .select('user_id')
          .select(given.map(([column, value]) => sql`${value}`.as(column))),
      )
      .returning(columns),
  )
  if (trace === undefined) return created.selectFrom('created').select(columns)
  return created
    .with('traced', (cte) =>
      cte
        .insertInto('finance.decision_traces')
        .columns(['user_id', 'recommendation_id', 'trace_data'])
        .expression(
          cte
            .selectFrom('created')
            .select(['user_id', 'id as recommendation_id', sql<DecisionTraceData>`${trace}::jsonb`.as('trace_data')]),
        ),
    )
    .selectFrom('created')
    .select(columns)
}

function requirementOf(requireConsent: RecommendationsOptions['requireConsent']): ConsentRequirement | undefined {
  if (requireConsent === true) return {}
  return requireConsent === false ? undefined : requireConsent
}

async function hasConsent(db: Db, userId: string, requirement: ConsentRequirement): Promise<boolean> {
  const consent = standingConsents(db, requirement).select('c.id').where('c.user_id', '=', userId)
  return (await consent.executeTakeFirst().catch(translateError)) !== undefined
}
