import { sql } from 'kysely'
import { z } from 'zod'
import { ConflictError, InvalidInputError, NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import { auditActor } from '../schema/audit.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type TransferReversal, transferReversal } from '../schema/movements.js'
import type { Transfer } from '../schema/rows.js'
import { type NewTransfer, newTransfer, type TransferFilter, transferFilter } from '../schema/transfers.js'
import { type TransactionOptions, transaction } from '../transaction.js'
import { type BatchOptions, gather } from './batches.js'
import { brokenRule } from './broken-rule.js'
import { callFunction } from './call-function.js'
import { executeCompiled } from './compiled.js'
import { dayColumn } from './day-column.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'
import { sameAmount, sameId, sameRate, wasChanged } from './same-request.js'

export type { BatchOptions } from './batches.js'
export { type Residue, residues } from './residues.js'

const columns = [
  'user_id',
  'id',
  'from_account_id',
  'from_amount',
  'from_currency',
  'to_account_id',
  'to_amount',
  'to_currency',
  'rate',
  'rate_source',
  'residue',
  dayColumn('date'),
  'memo',
  'status',
  'idempotency_key',
  'reverses_id',
  'created_at',
  'updated_at',
] as const

/**
 * Moves money between two accounts of a person, both sides and both balances in one round trip. Each side is a transaction
 * that carries the `transfer_id`.
 *
 * Across currencies, `rate` gives what arrives: `amount × rate`, rounded half-even to the decimals of the currency (ISO 4217).
 * What the rounding leaves over is kept as `residue`, so that `to_amount + residue = from_amount × rate` to the last digit. Or
 * give `to_amount` as the bank says it, and the rate follows.
 *
 * With an `idempotency_key` that was used before, nothing moves and the first transfer is given back. A call that failed has
 * not used its key.
 *
 * @throws {InsufficientFundsError} `available` of the account to take from would fall below zero.
 * @throws {AccountInactiveError} One of the accounts is frozen or closed.
 * @throws {MissingReferenceError} One of the accounts does not exist for this user.
 * @throws {RuleViolationError} The currencies differ and there is no rate, or they are one and there is a rate.
 * @throws {ConflictError} The `idempotency_key` was used with other contents.
 */
export async function create(db: Db, transfer: NewTransfer): Promise<Transfer> {
  const input = parseInput(newTransfer, transfer, 'The transfer')
  const params = {
    user_id: input.user_id,
    id: input.id ?? null,
    from: input.from_account_id,
    to: input.to_account_id,
    amount: input.amount,
    to_amount: input.to_amount ?? null,
    rate: input.rate ?? null,
    rate_source: input.rate_source ?? null,
    date: input.date ?? null,
    memo: input.memo ?? null,
    idempotency_key: input.idempotency_key,
  }
  const [created] = await callFunction(db, 'transfers.create', params, (p) =>
    db
      .selectFrom(
        sql<Transfer>`${sql.table('finance.transfer')}(
          ${p.user_id}::uuid, ${p.id}::uuid, ${p.from}::uuid, ${p.to}::uuid, ${p.amount}::numeric, ${p.to_amount}::numeric,
          ${p.rate}::numeric, ${p.rate_source}::text, ${p.date}::date, ${p.memo}::text, ${p.idempotency_key}::text)`.as(
          'f',
        ),
      )
      .select(columns),
  ).catch(translateError)
  if (created === undefined || !isSame(created, input)) throw keyUsed()
  return created
}

/**
 * Moves money as {@link create} does with each of a list, one after the other, but all or none and at once: a list costs
 * less than half of its transfers one by one. A transfer whose key is known is given as it was made, and the others are made.
 * In the order of the input.
 *
 * @throws As {@link create} does. `index` says which of the list is refused, from 0, where the database can tell.
 * @throws {InvalidInputError} Also when two of the list have one key.
 */
export async function createMany(db: Db, transfers: readonly NewTransfer[]): Promise<Transfer[]> {
  const inputs = parseInput(z.array(newTransfer), transfers, 'The transfers')
  refuseSameKeys(inputs)
  if (inputs.length === 0) return []
  return transaction(db, async (trx) => {
    const made = await executeCompiled(trx, 'transfers.createMany', { transfers: JSON.stringify(inputs) }, (p) =>
      trx
        .selectFrom(sql<Transfer>`${sql.table('finance.transfer_many')}(${p.transfers}::json)`.as('f'))
        .select(columns),
    ).catch(translateError)
    for (const [index, input] of inputs.entries()) {
      const transfer = made[index]
      if (transfer === undefined || !isSame(transfer, input)) throw keyUsed(index)
    }
    return made
  })
}

/**
 * {@link create} for many callers at once, as a server has them: calls that come while others are under way are made together,
 * which takes less than half of the database's time, locks an account that all share once for a batch, and needs few
 * connections. Each call is answered once its batch is committed, and fails by itself.
 *
 * Make one for a process and keep it. Its transfers are in transactions of its own.
 *
 * ```ts
 * const transfer = transfers.inBatches(db)
 * await transfer({ user_id, from_account_id, to_account_id, amount: '25.00', idempotency_key })
 * ```
 *
 * @param options - `actor`, for the audit log, takes more round trips a batch: see `transaction`.
 * @throws {InvalidInputError} The options are out of range.
 */
export function inBatches(
  db: Db,
  { actor, ...options }: BatchOptions & Pick<TransactionOptions, 'actor'> = {},
): (transfer: NewTransfer) => Promise<Transfer> {
  if (actor !== undefined) parseInput(auditActor, actor, 'The actor')
  const acting = <Result>(work: (db: Db) => Promise<Result>) =>
    actor === undefined ? work(db) : transaction(db, work, { actor })
  const add = gather<NewTransfer, Transfer>(
    {
      one: (transfer) => acting((handle) => create(handle, transfer)),
      many: (transfers) => acting((handle) => createMany(handle, transfers)),
      keyOf,
    },
    options,
  )
  return async (transfer) => add(parseInput(newTransfer, transfer, 'The transfer'))
}

/**
 * Takes a transfer back, once, by a new one in the other direction: both sides return as they were, whatever the rate is by
 * now. Without an `idempotency_key` the key is made of the id, so that a retry gives the reversal that is there.
 *
 * @throws {NotFoundError} Also when the transfer belongs to another user, or was not completed.
 * @throws {ConflictError} It has been reversed already under another key.
 * @throws {InsufficientFundsError} The account that got the money does not have it any more: see `overdraw`.
 * @throws {AccountInactiveError} One of the accounts is frozen or closed.
 */
export async function reverse(db: Db, userId: string, id: string, how: TransferReversal = {}): Promise<Transfer> {
  const { date, memo, overdraw, idempotency_key } = parseInput(transferReversal, how, 'The reversal')
  const params = {
    userId,
    id,
    date: date ?? null,
    memo: memo ?? null,
    idempotency_key: idempotency_key ?? `reversal of ${id.toLowerCase()}`,
    overdraw: overdraw ?? false,
  }
  const [reversing] = await callFunction(db, 'transfers.reverse', params, (p) =>
    db
      .selectFrom(
        sql<Transfer>`${sql.table('finance.reverse_transfer')}(
          ${p.userId}::uuid, ${p.id}::uuid, ${p.date}::date, ${p.memo}::text, ${p.idempotency_key}::text, ${p.overdraw}::boolean)`.as(
          'f',
        ),
      )
      .select(columns),
  ).catch(translateError)
  if (reversing === undefined) throw new NotFoundError('transfer')
  if (!sameId(reversing.reverses_id, id) || (date !== undefined && reversing.date !== date)) throw keyUsed()
  return reversing
}

/** @throws {NotFoundError} Also when the transfer belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Transfer> {
  const transfer = await find(db, userId, id)
  if (transfer === undefined) throw new NotFoundError('transfer')
  return transfer
}

/** Undefined when there is no such transfer, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Transfer | undefined> {
  return db
    .selectFrom('finance.transfers')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
    .catch(translateError)
}

/** Newest first. Walks `transfers_pkey` backwards: ids sort by the time they were made. */
export async function list(
  db: Db,
  userId: string,
  filter: TransferFilter = {},
  request: PageRequest = {},
): Promise<Page<Transfer>> {
  const { account_id, status, from, to } = parseInput(transferFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.transfers as f').select(columns).where('user_id', '=', userId)

  if (account_id !== undefined) {
    query = query.where(({ eb, or }) =>
      or([eb('from_account_id', '=', account_id), eb('to_account_id', '=', account_id)]),
    )
  }
  if (status !== undefined) query = query.where('status', '=', status)
  if (from !== undefined) query = query.where('f.date', '>=', from)
  if (to !== undefined) query = query.where('f.date', '<=', to)
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

/** Whether a transfer came of this input, which has its key. The memo is compared as long as nothing changed. */
function isSame(made: Transfer, input: NewTransfer): boolean {
  return (
    sameId(made.id, input.id ?? made.id) &&
    sameId(made.from_account_id, input.from_account_id) &&
    sameId(made.to_account_id, input.to_account_id) &&
    sameAmount(made.from_amount, input.amount) &&
    sameAmount(made.to_amount, input.to_amount ?? made.to_amount) &&
    sameRate(made.rate, input.rate ?? made.rate) &&
    made.rate_source === (input.rate_source ?? null) &&
    made.date === (input.date ?? made.date) &&
    made.reverses_id === null &&
    (wasChanged(made) || made.memo === (input.memo ?? ''))
  )
}

/** The same for two that are one transfer. */
function keyOf({ user_id, idempotency_key }: NewTransfer): string {
  return `${user_id.toLowerCase()} ${idempotency_key}`
}

function refuseSameKeys(inputs: readonly NewTransfer[]): void {
  const seen = new Set<string>()
  const issues = inputs.flatMap((input, i) => {
    const known = seen.size
    return seen.add(keyOf(input)).size > known
      ? []
      : [{ path: `${i}.idempotency_key`, message: 'another of the list has this key' }]
  })
  if (issues.length > 0) throw new InvalidInputError('The transfers', issues)
}

function keyUsed(index?: number): ConflictError {
  return brokenRule(ConflictError, 'transfers', 'transfers_idempotency_key_key', { index })
}
