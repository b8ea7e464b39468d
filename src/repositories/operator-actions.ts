import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError, OperatorRequiredError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import { type Db, withQueries } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import {
  type NewOperatorAction,
  newOperatorAction,
  type OperatorActionFilter,
  operatorActionFilter,
} from '../schema/operator-actions.js'
import type { OperatorAction } from '../schema/rows.js'
import { decodeInstantCursor } from './instant-cursor.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = ['user_id', 'id', 'operator_id', 'action_type', 'reason', 'created_at'] as const

/**
 * Records what an operator did for or about another person. In a transaction with what was done, the two stand or fall
 * together: nobody who may not act can act. The operator keeps role and activity until the transaction ends.
 *
 * @throws {OperatorRequiredError} `operator_id` is not an active operator or admin, or not there.
 * @throws {InvalidInputError} Also when operator and user are the same: nobody overrides decisions about themselves.
 * @throws {MissingReferenceError} The user does not exist.
 */
export async function record(db: Db, action: NewOperatorAction): Promise<OperatorAction> {
  const { operator_id, user_id, action_type, reason } = parseInput(newOperatorAction, action, 'The operator action')
  return withQueries(db)
    .with('operator', (cte) =>
      cte
        .selectFrom('finance.users')
        .select('id')
        .where('id', '=', operator_id)
        .where('role', 'in', ['operator', 'admin'])
        .where('is_active', '=', true)
        .forShare(),
    )
    .insertInto('finance.operator_actions')
    .columns(['user_id', 'operator_id', 'action_type', 'reason'])
    .expression((eb) =>
      eb
        .selectFrom('operator')
        .select([
          sql<string>`${user_id}::uuid`.as('user_id'),
          'id',
          sql<string>`${action_type}::text`.as('action_type'),
          sql<string>`${reason}::text`.as('reason'),
        ]),
    )
    .returning(columns)
    .executeTakeFirstOrThrow(() => new OperatorRequiredError())
    .catch(translateError)
}

/** @throws {NotFoundError} Also when the action is about another user. */
export async function get(db: Db, userId: string, id: string): Promise<OperatorAction> {
  return db
    .selectFrom('finance.operator_actions')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow(() => new NotFoundError('operator action'))
    .catch(translateError)
}

/** What was done about a person, newest first. Walks `operator_actions_pkey` backwards. */
export async function list(
  db: Db,
  userId: string,
  filter: OperatorActionFilter = {},
  request: PageRequest = {},
): Promise<Page<OperatorAction>> {
  const limit = pageLimit(request)
  let query = filtered(db, filter).where('user_id', '=', userId)
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

/** What an operator did, to anybody, newest first. Walks `operator_actions_operator_id_idx`. */
export async function listByOperator(
  db: Db,
  operatorId: string,
  filter: OperatorActionFilter = {},
  request: PageRequest = {},
): Promise<Page<OperatorAction>> {
  const limit = pageLimit(request)
  let query = filtered(db, filter).where('operator_id', '=', operatorId)
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

function filtered(db: Db, filter: OperatorActionFilter) {
  const { action_type, from, to } = parseInput(operatorActionFilter, filter, 'The filter')
  let query = db.selectFrom('finance.operator_actions').select(columns)
  if (action_type !== undefined) query = query.where('action_type', '=', action_type)
  if (from !== undefined) query = query.where('created_at', '>=', from)
  if (to !== undefined) query = query.where('created_at', '<', to)
  return query
}
