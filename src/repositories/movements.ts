import { sql } from 'kysely'
import { ConflictError, NotFoundError, RuleViolationError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import {
  type NewHold,
  type NewPosting,
  newHold,
  newPosting,
  type Reversal,
  reversal,
  type Settlement,
  settlement,
} from '../schema/movements.js'
import type { Transaction } from '../schema/rows.js'
import { brokenRule } from './broken-rule.js'
import { callFunction } from './call-function.js'
import { translateInsertError } from './no-account.js'
import { isSameRequest, sameAmount, sameId } from './same-request.js'
import { transactionColumns } from './transaction-columns.js'

/**
 * Moves money now: posts it if the account is active and, when the amount is below zero, has that much available. In one
 * round trip, and the balance follows in it. What happened elsewhere, at a bank, is recorded by `create` or `import`
 * instead, which do not ask whether the money was there.
 *
 * With an `idempotency_key` that was used before, nothing is written and the first transaction is given back, as it is now.
 *
 * @throws {InsufficientFundsError} `available` of the account would fall below zero.
 * @throws {AccountInactiveError} The account is frozen or closed.
 * @throws {MissingReferenceError} The account does not exist for this user, or has another currency.
 * @throws {ConflictError} The account already has this `external_id`, or the `idempotency_key` was used with other contents.
 */
export async function post(db: Db, movement: NewPosting): Promise<Transaction> {
  return move(db, { ...parseInput(newPosting, movement, 'The movement'), status: 'posted' })
}

/**
 * Holds money until it is settled or released: a pending transaction, which takes from what is `available` and leaves the
 * balance. Idempotent like {@link post}, with the same errors; sent again after it was settled or released, it gives that.
 */
export async function hold(db: Db, movement: NewHold): Promise<Transaction> {
  return move(db, { ...parseInput(newHold, movement, 'The hold'), status: 'pending' })
}

/**
 * Posts what was held, as the same row. With an `amount` less than what was held, the rest is free again; more than that
 * must be available. Settled again in the same way, nothing changes.
 *
 * @throws {NotFoundError} Also when the transaction belongs to another user.
 * @throws {ConflictError} It was settled before with another amount or day.
 * @throws {RuleViolationError} It was released, has the other sign, or is held for a transfer between people.
 * @throws {InsufficientFundsError} The amount goes beyond what was held, and that is not available.
 * @throws {AccountInactiveError} The account is frozen or closed.
 */
export async function settle(db: Db, userId: string, id: string, how: Settlement = {}): Promise<Transaction> {
  const { amount = null, date = null, posted_at = null } = parseInput(settlement, how, 'The settlement')
  const params = { userId, id, amount, date, posted_at }
  const [settled] = await callFunction(db, 'transactions.settle', params, (p) =>
    db
      .selectFrom(
        sql<Transaction>`${sql.table('finance.settle_hold')}(
          ${p.userId}::uuid, ${p.id}::uuid, ${p.amount}::numeric, ${p.date}::date, ${p.posted_at}::timestamptz)`.as(
          't',
        ),
      )
      .select(transactionColumns),
  ).catch(translateError)

  if (settled === undefined) throw new NotFoundError('transaction')
  if (settled.status === 'released') throw final()
  const same = sameAmount(settled.amount, amount ?? settled.amount) && settled.date === (date ?? settled.date)
  if (!same) {
    throw new ConflictError('The transaction was settled before with another amount or day.', { table: 'transactions' })
  }
  return settled
}

/**
 * Lets go what was held. The row stays, as `released`, so that a hold sent again with its key finds it. Released again,
 * nothing changes.
 *
 * @throws {NotFoundError} Also when the transaction belongs to another user.
 * @throws {RuleViolationError} It is posted, or held for a transfer between people.
 */
export async function release(db: Db, userId: string, id: string): Promise<Transaction> {
  const [released] = await callFunction(db, 'transactions.release', { userId, id }, (p) =>
    db
      .selectFrom(sql<Transaction>`${sql.table('finance.release_hold')}(${p.userId}::uuid, ${p.id}::uuid)`.as('t'))
      .select(transactionColumns),
  ).catch(translateError)
  if (released === undefined) throw new NotFoundError('transaction')
  if (released.status === 'posted') throw final()
  return released
}

/**
 * Takes a posted transaction back, once: a new one of the opposite amount, which points to it by `reverses_id`. Both stay.
 * With an `idempotency_key` that was used for it before, that reversal is given back.
 *
 * @throws {NotFoundError} Also when the transaction belongs to another user.
 * @throws {ConflictError} It has been reversed already, or the `idempotency_key` was used with other contents.
 * @throws {RuleViolationError} It is pending, or a side of a transfer: `transfers.reverse` takes back both.
 * @throws {InsufficientFundsError} It takes money back that is not there any more: see `overdraw`.
 * @throws {AccountInactiveError} The account is frozen or closed.
 */
export async function reverse(db: Db, userId: string, id: string, how: Reversal = {}): Promise<Transaction> {
  const { date, description, source, idempotency_key, overdraw } = parseInput(reversal, how, 'The reversal')
  const params = {
    userId,
    id,
    date: date ?? null,
    description: description ?? null,
    source: source ?? null,
    idempotency_key: idempotency_key ?? null,
    overdraw: overdraw ?? false,
  }
  const [reversing] = await callFunction(db, 'transactions.reverse', params, (p) =>
    db
      .selectFrom(
        sql<Transaction>`${sql.table('finance.reverse_transaction')}(
          ${p.userId}::uuid, ${p.id}::uuid, ${p.date}::date, ${p.description}::text, ${p.source}::text,
          ${p.idempotency_key}::text, ${p.overdraw}::boolean)`.as('t'),
      )
      .select(transactionColumns),
  ).catch(translateError)

  if (reversing === undefined) throw new NotFoundError('transaction')
  const same = sameId(reversing.reverses_id, id) && (date === undefined || reversing.date === date)
  if (!same) throw keyUsed()
  return reversing
}

type Movement = NewPosting & { status: 'posted' | 'pending' }

async function move(db: Db, movement: Movement): Promise<Transaction> {
  const params = {
    user_id: movement.user_id,
    id: movement.id ?? null,
    account_id: movement.account_id,
    date: movement.date,
    posted_at: movement.posted_at ?? null,
    merchant: movement.merchant,
    amount: movement.amount,
    currency: movement.currency ?? null,
    category: movement.category ?? null,
    description: movement.description ?? null,
    is_subscription: movement.is_subscription ?? null,
    status: movement.status,
    external_id: movement.external_id ?? null,
    source: movement.source ?? null,
    idempotency_key: movement.idempotency_key ?? null,
    pending_id: movement.pending_id ?? null,
  }
  const [moved] = await callFunction(db, 'transactions.move', params, (p) =>
    db
      .selectFrom(
        sql<Transaction>`${sql.table('finance.move_money')}(
          ${p.user_id}::uuid, ${p.id}::uuid, ${p.account_id}::uuid, ${p.date}::date, ${p.posted_at}::timestamptz,
          ${p.merchant}::text, ${p.amount}::numeric, ${p.currency}::text, ${p.category}::text, ${p.description}::text,
          ${p.is_subscription}::boolean, ${p.status}::text, ${p.external_id}::text, ${p.source}::text,
          ${p.idempotency_key}::text, ${p.pending_id}::uuid)`.as('t'),
      )
      .select(transactionColumns),
  ).catch(translateInsertError)
  if (moved === undefined || !isSameRequest(moved, movement)) throw keyUsed()
  return moved
}

function keyUsed(): ConflictError {
  return brokenRule(ConflictError, 'transactions', 'transactions_idempotency_key_key')
}

function final(): RuleViolationError {
  return brokenRule(RuleViolationError, 'transactions', 'transactions_posted_immutable')
}
