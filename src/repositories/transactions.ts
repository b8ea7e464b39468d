import { sql } from 'kysely'
import { z } from 'zod'
import { ConflictError, NotFoundError, RuleViolationError } from '../errors.js'
import { translateDeleteError, translateError } from '../postgres-errors.js'
import { type Db, withQueries } from '../schema/database.js'
import { parseChanges, parseInput } from '../schema/input.js'
import type { Transaction } from '../schema/rows.js'
import {
  type NewTransaction,
  newTransaction,
  type TransactionChanges,
  type TransactionFilter,
  transactionChanges,
  transactionFilter,
} from '../schema/transactions.js'
import { day, uuid } from '../schema/values.js'
import { repeatStatement } from '../transaction.js'
import { brokenRule } from './broken-rule.js'
import { executeCompiled } from './compiled.js'
import { insertAll } from './insert.js'
import { noAccount, translateInsertError } from './no-account.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'
import { isSameRequest } from './same-request.js'
import { transactionColumns as columns } from './transaction-columns.js'

export { hold, post, release, reverse, settle } from './movements.js'
export {
  type ImportOptions,
  type ImportResult,
  type ImportRow,
  importRow,
  importTransactions as import,
} from './transaction-import.js'

/**
 * Records one movement of money that happened elsewhere, such as at a bank; the balance of the account follows in the same
 * statement. To move money here, where it has to be available, `post` it.
 *
 * With an `idempotency_key` that was used before, nothing is written and the first transaction is given back, as it is now:
 * it may have been posted, or told otherwise, since.
 *
 * @throws {MissingReferenceError} The account does not exist for this user, or has another currency.
 * @throws {ConflictError} The account already has this `external_id`, or the `idempotency_key` was used with other contents.
 * @throws {AccountInactiveError} The account is frozen or closed.
 * @throws {InsufficientFundsError} The balance would fall below the `minimum_balance` of the account.
 */
export async function create(db: Db, transaction: NewTransaction): Promise<Transaction> {
  const input = parseInput(newTransaction, transaction, 'The transaction')
  const insert = db
    .insertInto('finance.transactions')
    .values(toRow(input, accountCurrency(db, input)))
    .returning(columns)
  const plainly = () => repeatStatement(db, () => insert.executeTakeFirstOrThrow()).catch(translateInsertError)
  if (input.idempotency_key == null) return plainly()

  // On any conflict, not only on the key's: of two that race, one may meet the other's id or external_id first.
  const unlessThere = insert.onConflict((conflict) => conflict.doNothing())
  const created = await repeatStatement(db, () => unlessThere.executeTakeFirst()).catch(translateInsertError)
  if (created !== undefined) return created

  const original = await db
    .selectFrom('finance.transactions')
    .select(columns)
    .where('user_id', '=', input.user_id)
    .where('idempotency_key', '=', input.idempotency_key)
    .executeTakeFirst()
    .catch(translateError)
  // The key is new, so the conflict is with another row: the plain insert says which.
  if (original === undefined) return plainly()
  if (!isSameRequest(original, input)) {
    throw brokenRule(ConflictError, 'transactions', 'transactions_idempotency_key_key')
  }
  return original
}

/**
 * Records any number of movements, all or none, and gives them in the order of the input. For thousands, and for what a
 * bank sends again and again, use the import. An `idempotency_key` that was used before is a conflict here.
 *
 * @throws {MissingReferenceError} An account does not exist for its user, or has another currency.
 * @throws {ConflictError} An `external_id` or `idempotency_key` is there already.
 * @throws {AccountInactiveError} An account is frozen or closed.
 * @throws {InsufficientFundsError} A balance would fall below the `minimum_balance` of its account.
 */
export async function createMany(db: Db, transactions: readonly NewTransaction[]): Promise<Transaction[]> {
  const inputs = parseInput(z.array(newTransaction), transactions, 'The transactions')
  const currencies = await accountCurrencies(
    db,
    inputs.filter(({ currency }) => currency === undefined),
  ).catch(translateError)
  const rows = inputs.map((input) => toRow(input, input.currency ?? currencies.get(accountKey(input)) ?? noAccount()))
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.transactions').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} Also when the transaction belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Transaction> {
  const transaction = await find(db, userId, id)
  if (transaction === undefined) throw new NotFoundError('transaction')
  return transaction
}

/** Undefined when there is no such transaction, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Transaction | undefined> {
  const [transaction] = await executeCompiled(db, 'transactions.find', { userId, id }, (p) =>
    db.selectFrom('finance.transactions').select(columns).where('user_id', '=', p.userId).where('id', '=', p.id),
  ).catch(translateError)
  return transaction
}

/** By the id that the bank gave it on this account. Walks `transactions_external_id_key`. */
export async function findByExternalId(
  db: Db,
  userId: string,
  accountId: string,
  externalId: string,
): Promise<Transaction | undefined> {
  return db
    .selectFrom('finance.transactions')
    .select(columns)
    .where('user_id', '=', userId)
    .where('account_id', '=', accountId)
    .where('external_id', '=', externalId)
    .executeTakeFirst()
    .catch(translateError)
}

/**
 * Latest day first; within a day the latest written first. Walks `transactions_date_id_idx`, or
 * `transactions_account_id_date_id_idx` with an `account_id`, so that every page costs the same however deep it is.
 */
export async function list(
  db: Db,
  userId: string,
  filter: TransactionFilter = {},
  request: PageRequest = {},
): Promise<Page<Transaction>> {
  const wanted = parseInput(transactionFilter, filter, 'The filter')
  const limit = pageLimit(request)
  const [afterDate, afterId] = request.after === undefined ? [] : decodeCursor(request.after, z.tuple([day, uuid]))
  const params = { ...wanted, userId, rows: limit + 1, afterDate, afterId }

  const rows = await executeCompiled(db, 'transactions.list', params, (p) => {
    let query = db.selectFrom('finance.transactions as t').select(columns).where('user_id', '=', p.userId)

    if (p.account_id !== undefined) query = query.where('account_id', '=', p.account_id)
    if (p.from !== undefined) query = query.where('t.date', '>=', p.from)
    if (p.to !== undefined) query = query.where('t.date', '<=', p.to)
    if (p.category !== undefined) query = query.where('category', '=', p.category)
    if (p.merchant !== undefined) query = query.where('merchant', '=', p.merchant)
    if (p.direction !== undefined) query = query.where('direction', '=', p.direction)
    if (p.status !== undefined) query = query.where('status', '=', p.status)
    if (p.is_subscription !== undefined) query = query.where('is_subscription', '=', p.is_subscription)
    if (p.min_amount !== undefined) query = query.where('amount', '>=', p.min_amount)
    if (p.max_amount !== undefined) query = query.where('amount', '<=', p.max_amount)
    const { afterDate, afterId } = p
    if (afterDate !== undefined && afterId !== undefined) {
      query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('t.date', 't.id'), '<', tuple(afterDate, afterId)))
    }

    return query.orderBy('t.date', 'desc').orderBy('t.id', 'desc').limit(p.rows)
  }).catch(translateError)
  return toPage(rows, limit, ({ date, id }) => [date, id])
}

/**
 * Changes how a transaction is told: merchant, category, description, subscription flag. What it is never changes.
 *
 * @throws {NotFoundError} Also when the transaction belongs to another user.
 */
export async function update(db: Db, userId: string, id: string, changes: TransactionChanges): Promise<Transaction> {
  const values = parseChanges(transactionChanges, changes)
  if (values === undefined) return get(db, userId, id)
  const write = db
    .updateTable('finance.transactions')
    .set(values)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
  return repeatStatement(db, () => write.executeTakeFirstOrThrow(() => new NotFoundError('transaction'))).catch(
    translateError,
  )
}

/** {@link update} of the category alone. */
export async function categorize(db: Db, userId: string, id: string, category: string): Promise<Transaction> {
  return update(db, userId, id, { category })
}

/**
 * Removes a pending transaction, such as one that the bank took back. Rather `release` what was held by `hold`: that keeps the
 * row, and its key stays known.
 *
 * @throws {NotFoundError} Also when the transaction belongs to another user.
 * @throws {RuleViolationError} It is posted: reverse it instead. Or it is held for a transfer between people.
 */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  const removal = withQueries(db)
    // First the account, as everybody does who locks both, since what is held follows.
    .with('locked', (cte) =>
      cte
        .selectFrom('finance.accounts')
        .select('id')
        .where('user_id', '=', userId)
        .where('id', '=', (eb) =>
          eb.selectFrom('finance.transactions').select('account_id').where('user_id', '=', userId).where('id', '=', id),
        )
        .forNoKeyUpdate(),
    )
    .deleteFrom('finance.transactions')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    // A posted row is not even locked: who reverses it refers to it before the accounts follow.
    .where('status', '=', 'pending')
    .where((eb) => eb(eb.selectFrom('locked').select(eb.fn.countAll().as('n')), '>', 0))
  const { numDeletedRows } = await repeatStatement(db, () => removal.executeTakeFirstOrThrow()).catch(
    translateDeleteError,
  )
  if (numDeletedRows > 0n) return
  await get(db, userId, id)
  throw brokenRule(RuleViolationError, 'transactions', 'transactions_posted_kept')
}

type Input = z.infer<typeof newTransaction>

/** The row to write. A pending one has no `posted_at`, where the column would default to now. */
function toRow<Currency>(input: Input, currency: Currency) {
  return { ...input, currency, ...(input.status === 'pending' && { posted_at: null }) }
}

/** The given currency, or that of the account, read within the insert. */
function accountCurrency(db: Pick<Db, 'selectFrom'>, { currency, user_id, account_id }: Input) {
  if (currency !== undefined) return currency
  return db
    .selectFrom('finance.accounts')
    .select('currency')
    .where('user_id', '=', user_id)
    .where('id', '=', account_id)
}

/** By {@link accountKey}, the currency of the accounts that are there. */
async function accountCurrencies(db: Db, inputs: readonly Input[]): Promise<Map<string, string>> {
  if (inputs.length === 0) return new Map()
  const userIds = [...new Set(inputs.map(({ user_id }) => user_id))]
  const accountIds = [...new Set(inputs.map(({ account_id }) => account_id))]
  const found = await db
    .selectFrom('finance.accounts')
    .select(['user_id', 'id as account_id', 'currency'])
    .where('user_id', '=', sql<string>`any(${userIds}::uuid[])`)
    .where('id', '=', sql<string>`any(${accountIds}::uuid[])`)
    .execute()
  return new Map(found.map((account) => [accountKey(account), account.currency]))
}

function accountKey({ user_id, account_id }: Pick<Input, 'user_id' | 'account_id'>): string {
  return `${user_id}/${account_id}`.toLowerCase()
}
