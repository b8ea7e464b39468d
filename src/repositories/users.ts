import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateDeleteError, translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseChanges, parseInput } from '../schema/input.js'
import type { User } from '../schema/rows.js'
import { lowerCase } from '../schema/texts.js'
import { type NewUser, newUser, type UserChanges, type UserFilter, userChanges, userFilter } from '../schema/users.js'
import { repeatStatement } from '../transaction.js'
import { executeCompiled } from './compiled.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

export { type EraseOptions, erase } from './user-erasure.js'
export { exportData as export, type HeldRow } from './user-export.js'

/** Everything but the password hash. */
const columns = [
  'id',
  'email',
  'username',
  'role',
  'first_name',
  'last_name',
  'phone_number',
  'financial_goals',
  'external_auth_id',
  'is_active',
  'erased_at',
  'created_at',
  'updated_at',
] as const

/**
 * Adds a person.
 *
 * @throws {ConflictError} The email, username or `external_auth_id` is taken.
 */
export async function create(db: Db, user: NewUser): Promise<User> {
  return db
    .insertInto('finance.users')
    .values(parseInput(newUser, user, 'The user'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Adds any number of people, all or none, and gives them in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, users: readonly NewUser[]): Promise<User[]> {
  const rows = parseInput(z.array(newUser), users, 'The users')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.users').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} */
export async function get(db: Db, id: string): Promise<User> {
  const user = await find(db, id)
  if (user === undefined) throw new NotFoundError('user')
  return user
}

/** Undefined when there is no such person. */
export async function find(db: Db, id: string): Promise<User | undefined> {
  const [user] = await executeCompiled(db, 'users.find', { id }, (p) =>
    db.selectFrom('finance.users').select(columns).where('id', '=', p.id),
  ).catch(translateError)
  return user
}

/** By email, without regard to case. Walks `users_email_key`. */
export async function findByEmail(db: Db, email: string): Promise<User | undefined> {
  return db
    .selectFrom('finance.users')
    .select(columns)
    .where(lowerCase(sql.ref('email')), '=', lowerCase(sql.val(email)))
    .executeTakeFirst()
    .catch(translateError)
}

/** By username, without regard to case. Walks `users_username_key`. */
export async function findByUsername(db: Db, username: string): Promise<User | undefined> {
  return db
    .selectFrom('finance.users')
    .select(columns)
    .where(lowerCase(sql.ref('username')), '=', lowerCase(sql.val(username)))
    .executeTakeFirst()
    .catch(translateError)
}

/** By the subject of the outside identity provider. */
export async function findByExternalAuthId(db: Db, externalAuthId: string): Promise<User | undefined> {
  return db
    .selectFrom('finance.users')
    .select(columns)
    .where('external_auth_id', '=', externalAuthId)
    .executeTakeFirst()
    .catch(translateError)
}

/** Newest first. Walks `users_pkey` backwards: ids sort by the time they were made. */
export async function list(db: Db, filter: UserFilter = {}, request: PageRequest = {}): Promise<Page<User>> {
  const { role, is_active } = parseInput(userFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.users').select(columns)

  if (role !== undefined) query = query.where('role', '=', role)
  if (is_active !== undefined) query = query.where('is_active', '=', is_active)
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

/**
 * Changes what is given and leaves the rest.
 *
 * @throws {NotFoundError}
 * @throws {ConflictError} As in {@link create}.
 * @throws {RuleViolationError} The person was erased.
 */
export async function update(db: Db, id: string, changes: UserChanges): Promise<User> {
  const values = parseChanges(userChanges, changes)
  if (values === undefined) return get(db, id)
  const write = db.updateTable('finance.users').set(values).where('id', '=', id).returning(columns)
  return repeatStatement(db, () => write.executeTakeFirstOrThrow(() => new NotFoundError('user'))).catch(translateError)
}

/**
 * Removes a person who has no accounts, with what hangs on the person alone (consent, insights, signals, chats).
 * Whoever has money here stays: make them inactive instead.
 *
 * @throws {NotFoundError}
 * @throws {StillReferencedError} The person has accounts, was sent money, or acted as an operator.
 */
export async function remove(db: Db, id: string): Promise<void> {
  const removal = db.deleteFrom('finance.users').where('id', '=', id)
  const { numDeletedRows } = await repeatStatement(db, () => removal.executeTakeFirstOrThrow()).catch(
    translateDeleteError,
  )
  if (numDeletedRows === 0n) throw new NotFoundError('user')
}
