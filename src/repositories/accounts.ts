import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateDeleteError, translateError } from '../postgres-errors.js'
import {
  type AccountChanges,
  type AccountFilter,
  accountChanges,
  accountFilter,
  type NewAccount,
  newAccount,
} from '../schema/accounts.js'
import type { Db, Trx } from '../schema/database.js'
import { parseChanges, parseInput } from '../schema/input.js'
import type { Account } from '../schema/rows.js'
import { repeatStatement } from '../transaction.js'
import { executeCompiled } from './compiled.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

export { balanceAsOf } from './balance-as-of.js'
export { type BookedRow, type Difference, type Reconciliation, reconcile } from './reconcile.js'

const columns = [
  'user_id',
  'id',
  'account_type',
  'name',
  'institution',
  'account_number_last4',
  'currency',
  'opening_balance',
  'balance',
  'credit_limit',
  'minimum_balance',
  'held',
  'available',
  'external_id',
  'status',
  'created_at',
  'updated_at',
] as const

/**
 * Opens an account. Its balance is the opening balance.
 *
 * @throws {MissingReferenceError} The user does not exist.
 * @throws {ConflictError} The user already has an account with this `external_id`.
 * @throws {InsufficientFundsError} The opening balance is below the `minimum_balance`.
 * @throws {RuleViolationError} The person was erased.
 */
export async function create(db: Db, account: NewAccount): Promise<Account> {
  return db
    .insertInto('finance.accounts')
    .values(parseInput(newAccount, account, 'The account'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Opens any number of accounts, all or none, and gives them in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, accounts: readonly NewAccount[]): Promise<Account[]> {
  const rows = parseInput(z.array(newAccount), accounts, 'The accounts')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.accounts').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} Also when the account belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Account> {
  const account = await find(db, userId, id)
  if (account === undefined) throw new NotFoundError('account')
  return account
}

/** Undefined when there is no such account, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Account | undefined> {
  const [account] = await executeCompiled(db, 'accounts.find', { userId, id }, (p) =>
    selectOne(db, p.userId, p.id),
  ).catch(translateError)
  return account
}

/** By the id that the bank has for it. Walks `accounts_external_id_key`. */
export async function findByExternalId(db: Db, userId: string, externalId: string): Promise<Account | undefined> {
  return db
    .selectFrom('finance.accounts')
    .select(columns)
    .where('user_id', '=', userId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()
    .catch(translateError)
}

/**
 * The account, locked against changes until the transaction ends: its balance stays what is read.
 *
 * @throws {NotFoundError} Also when the account belongs to another user.
 */
export async function lock(trx: Trx, userId: string, id: string): Promise<Account> {
  return selectOne(trx, userId, id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow(() => new NotFoundError('account'))
    .catch(translateError)
}

/** In the order they were opened. Walks `accounts_pkey`. */
export async function list(
  db: Db,
  userId: string,
  filter: AccountFilter = {},
  request: PageRequest = {},
): Promise<Page<Account>> {
  const { account_type, currency, status } = parseInput(accountFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.accounts').select(columns).where('user_id', '=', userId)

  if (account_type !== undefined) query = query.where('account_type', '=', account_type)
  if (currency !== undefined) query = query.where('currency', '=', currency)
  if (status !== undefined) query = query.where('status', '=', status)
  if (request.after !== undefined) {
    const [id] = decodeCursor(request.after, z.tuple([z.guid()]))
    query = query.where('id', '>', id)
  }

  const rows = await query
    .orderBy('id')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ id }) => [id])
}

/**
 * Changes what is given and leaves the rest. A new `opening_balance` moves the balance by the difference.
 *
 * @throws {NotFoundError} Also when the account belongs to another user.
 * @throws {ConflictError} The user already has an account with this `external_id`.
 * @throws {InsufficientFundsError} The balance would be below the `minimum_balance`.
 * @throws {RuleViolationError} The person was erased, and these are new words on the account.
 */
export async function update(db: Db, userId: string, id: string, changes: AccountChanges): Promise<Account> {
  const values = parseChanges(accountChanges, changes)
  if (values === undefined) return get(db, userId, id)
  const write = db
    .updateTable('finance.accounts')
    .set(values)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
  return repeatStatement(db, () => write.executeTakeFirstOrThrow(() => new NotFoundError('account'))).catch(
    translateError,
  )
}

/**
 * Removes an account that nothing refers to, such as one opened by mistake. Otherwise close it: `status: 'closed'`.
 *
 * @throws {NotFoundError} Also when the account belongs to another user.
 * @throws {StillReferencedError} It has transactions, cards, holdings or transfers.
 */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  const removal = db.deleteFrom('finance.accounts').where('user_id', '=', userId).where('id', '=', id)
  const { numDeletedRows } = await repeatStatement(db, () => removal.executeTakeFirstOrThrow()).catch(
    translateDeleteError,
  )
  if (numDeletedRows === 0n) throw new NotFoundError('account')
}

function selectOne(db: Pick<Db, 'selectFrom'>, userId: string, id: string) {
  return db.selectFrom('finance.accounts').select(columns).where('user_id', '=', userId).where('id', '=', id)
}
