import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import {
  type ComputedFeatureFilter,
  computedFeatureFilter,
  type NewComputedFeature,
  newComputedFeature,
} from '../schema/computed-features.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { ComputedFeature } from '../schema/rows.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = ['user_id', 'id', 'time_window', 'signal_type', 'signal_value', 'computed_at', 'created_at'] as const

/**
 * Records a signal for the first time.
 *
 * @throws {InvalidInputError} `signal_value` is not what its `signal_type` asks for.
 * @throws {MissingReferenceError} The user does not exist.
 * @throws {ConflictError} The user already has this signal in this window: {@link put} replaces it.
 */
export async function create(db: Db, feature: NewComputedFeature): Promise<ComputedFeature> {
  return db
    .insertInto('finance.computed_features')
    .values(parseInput(newComputedFeature, feature, 'The computed feature'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Records any number of signals, all or none, in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, features: readonly NewComputedFeature[]): Promise<ComputedFeature[]> {
  const rows = parseInput(z.array(newComputedFeature), features, 'The computed features')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.computed_features').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/**
 * Records a signal, or replaces the one that the user has in this window; the id stays.
 *
 * @throws {InvalidInputError} `signal_value` is not what its `signal_type` asks for.
 * @throws {MissingReferenceError} The user does not exist.
 */
export async function put(db: Db, feature: NewComputedFeature): Promise<ComputedFeature> {
  return db
    .insertInto('finance.computed_features')
    .values(parseInput(newComputedFeature, feature, 'The computed feature'))
    .onConflict((conflict) =>
      conflict.columns(['user_id', 'time_window', 'signal_type']).doUpdateSet(({ ref }) => ({
        signal_value: ref('excluded.signal_value'),
        computed_at: ref('excluded.computed_at'),
      })),
    )
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** @throws {NotFoundError} Also when the signal belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<ComputedFeature> {
  return db
    .selectFrom('finance.computed_features')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow(() => new NotFoundError('computed feature'))
    .catch(translateError)
}

/** The value of one signal in one window; undefined when it was not computed. Walks `computed_features_signal_type_key`. */
export async function find(
  db: Db,
  userId: string,
  timeWindow: ComputedFeature['time_window'],
  signalType: string,
): Promise<ComputedFeature | undefined> {
  return db
    .selectFrom('finance.computed_features')
    .select(columns)
    .where('user_id', '=', userId)
    .where('time_window', '=', timeWindow)
    .where('signal_type', '=', signalType)
    .executeTakeFirst()
    .catch(translateError)
}

/** By window (as text: `180d`, `30d`, `90d`), then by signal type. Walks `computed_features_signal_type_key`. */
export async function list(
  db: Db,
  userId: string,
  filter: ComputedFeatureFilter = {},
  request: PageRequest = {},
): Promise<Page<ComputedFeature>> {
  const { time_window, signal_type } = parseInput(computedFeatureFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.computed_features').select(columns).where('user_id', '=', userId)

  if (time_window !== undefined) query = query.where('time_window', '=', time_window)
  if (signal_type !== undefined) query = query.where('signal_type', '=', signal_type)
  if (request.after !== undefined) {
    const [afterWindow, afterType] = decodeCursor(request.after, z.tuple([z.string(), z.string()]))
    query = query.where(
      sql<boolean>`(${sql.ref('time_window')}, ${sql.ref('signal_type')}) > (${afterWindow}, ${afterType})`,
    )
  }

  const rows = await query
    .orderBy('time_window')
    .orderBy('signal_type')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, (row) => [row.time_window, row.signal_type])
}

/** Removes a signal, such as that of a closed card. @throws {NotFoundError} Also when it belongs to another user. */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('finance.computed_features')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
    .catch(translateError)
  if (numDeletedRows === 0n) throw new NotFoundError('computed feature')
}
