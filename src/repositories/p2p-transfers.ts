import { sql } from 'kysely'
import { z } from 'zod'
import { ConflictError, NotFoundError, RuleViolationError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import {
  type NewP2pTransfer,
  newP2pTransfer,
  type P2pAcceptance,
  type P2pTransferFilter,
  p2pAcceptance,
  p2pTransferFilter,
} from '../schema/p2p-transfers.js'
import type { P2pTransfer } from '../schema/rows.js'
import { brokenRule } from './broken-rule.js'
import { callFunction } from './call-function.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'
import { sameAmount, sameId, sameRate, wasChanged } from './same-request.js'

const columns = [
  'user_id',
  'id',
  'from_account_id',
  'recipient_id',
  'to_account_id',
  'amount',
  'currency',
  'to_amount',
  'to_currency',
  'rate',
  'rate_source',
  'residue',
  'memo',
  'status',
  'idempotency_key',
  'created_at',
  'updated_at',
] as const

/**
 * Sends money to another person. It is held on the account of the sender until the recipient accepts or declines, or the
 * sender cancels: what is accepted is there. One round trip.
 *
 * With an `idempotency_key` that was used before, nothing is sent and the first transfer is given back, as it is now.
 *
 * @throws {InsufficientFundsError} `available` of the account would fall below zero.
 * @throws {AccountInactiveError} The account is frozen or closed.
 * @throws {MissingReferenceError} The account does not exist for the sender, or has another currency; or no such recipient.
 * @throws {ConflictError} The `idempotency_key` was used with other contents.
 */
export async function send(db: Db, transfer: NewP2pTransfer): Promise<P2pTransfer> {
  const input = parseInput(newP2pTransfer, transfer, 'The transfer')
  const params = {
    user_id: input.user_id,
    id: input.id ?? null,
    from: input.from_account_id,
    recipient: input.recipient_id,
    amount: input.amount,
    currency: input.currency ?? null,
    date: input.date ?? null,
    memo: input.memo ?? null,
    idempotency_key: input.idempotency_key,
  }
  const [sent] = await callFunction(db, 'p2pTransfers.send', params, (p) =>
    db
      .selectFrom(
        sql<P2pTransfer>`${sql.table('finance.send_p2p')}(
          ${p.user_id}::uuid, ${p.id}::uuid, ${p.from}::uuid, ${p.recipient}::uuid, ${p.amount}::numeric, ${p.currency}::text,
          ${p.date}::date, ${p.memo}::text, ${p.idempotency_key}::text)`.as('p'),
      )
      .select(columns),
  ).catch(translateError)
  if (sent === undefined || !isSame(sent, input)) {
    throw brokenRule(ConflictError, 'p2p_transfers', 'p2p_transfers_idempotency_key_key')
  }
  return sent
}

/**
 * Takes what was sent, for the recipient: what was held leaves the account of the sender and arrives on theirs, both sides
 * and both balances in one round trip. On an account in another currency it arrives at `rate`, rounded half-even to the
 * decimals of that currency, and `residue` keeps what the rounding leaves over. Accepted again for the same account,
 * nothing moves.
 *
 * @throws {NotFoundError} Also when it was sent to another person.
 * @throws {RuleViolationError} It was declined, cancelled or failed; or the currencies differ and there is no rate.
 * @throws {ConflictError} It was accepted before for another account or rate.
 * @throws {MissingReferenceError} The account does not exist for the recipient.
 * @throws {AccountInactiveError} One of the accounts is frozen or closed.
 */
export async function accept(db: Db, recipientId: string, id: string, acceptance: P2pAcceptance): Promise<P2pTransfer> {
  const input = parseInput(p2pAcceptance, acceptance, 'The acceptance')
  const params = {
    recipientId,
    id,
    to: input.to_account_id,
    rate: input.rate ?? null,
    rate_source: input.rate_source ?? null,
    date: input.date ?? null,
  }
  const [accepted] = await callFunction(db, 'p2pTransfers.accept', params, (p) =>
    db
      .selectFrom(
        sql<P2pTransfer>`${sql.table('finance.accept_p2p')}(
          ${p.recipientId}::uuid, ${p.id}::uuid, ${p.to}::uuid, ${p.rate}::numeric, ${p.rate_source}::text, ${p.date}::date)`.as(
          'p',
        ),
      )
      .select(columns),
  ).catch(translateError)
  const taken = decided(accepted, 'accepted')
  if (!sameId(taken.to_account_id, input.to_account_id) || !sameRate(taken.rate, input.rate ?? null)) {
    throw new ConflictError('The transfer was accepted before for another account or rate.', { table: 'p2p_transfers' })
  }
  return taken
}

/**
 * Refuses what was sent, for the recipient: the sender's money is free again. Declined again, nothing changes.
 *
 * @throws {NotFoundError} Also when it was sent to another person.
 * @throws {RuleViolationError} It was accepted, cancelled or failed.
 */
export async function decline(db: Db, recipientId: string, id: string): Promise<P2pTransfer> {
  return end(db, { sender: null, recipient: recipientId, id, status: 'declined' })
}

/**
 * Takes back what was not accepted yet, for the sender: the money is free again. Cancelled again, nothing changes.
 *
 * @throws {NotFoundError} Also when another person sent it.
 * @throws {RuleViolationError} It was accepted, declined or failed.
 */
export async function cancel(db: Db, userId: string, id: string): Promise<P2pTransfer> {
  return end(db, { sender: userId, recipient: null, id, status: 'cancelled' })
}

/**
 * Gives up on what was not accepted, for the host: it expired, or was stopped. The sender's money is free again.
 *
 * @throws {NotFoundError} Also when another person sent it.
 * @throws {RuleViolationError} It was accepted, declined or cancelled.
 */
export async function fail(db: Db, userId: string, id: string): Promise<P2pTransfer> {
  return end(db, { sender: userId, recipient: null, id, status: 'failed' })
}

/** By its sender. @throws {NotFoundError} Also when another person sent it. */
export async function get(db: Db, userId: string, id: string): Promise<P2pTransfer> {
  return read(db, 'user_id', userId, id)
}

/**
 * By its recipient, such as before they answer. Walks `p2p_transfers_recipient_id_key`.
 *
 * @throws {NotFoundError} Also when it was sent to another person.
 */
export async function getReceived(db: Db, recipientId: string, id: string): Promise<P2pTransfer> {
  return read(db, 'recipient_id', recipientId, id)
}

async function read(db: Db, whose: Side, personId: string, id: string): Promise<P2pTransfer> {
  return db
    .selectFrom('finance.p2p_transfers')
    .select(columns)
    .where(whose, '=', personId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow(() => new NotFoundError('transfer'))
    .catch(translateError)
}

/** What a person sent, newest first. Walks `p2p_transfers_pkey` backwards. */
export async function listSent(
  db: Db,
  userId: string,
  filter: P2pTransferFilter = {},
  request: PageRequest = {},
): Promise<Page<P2pTransfer>> {
  return list(db, 'user_id', userId, filter, request)
}

/** What was sent to a person, newest first. Walks `p2p_transfers_recipient_id_key`. */
export async function listReceived(
  db: Db,
  recipientId: string,
  filter: P2pTransferFilter = {},
  request: PageRequest = {},
): Promise<Page<P2pTransfer>> {
  return list(db, 'recipient_id', recipientId, filter, request)
}

async function list(
  db: Db,
  whose: Side,
  personId: string,
  filter: P2pTransferFilter,
  request: PageRequest,
): Promise<Page<P2pTransfer>> {
  const { status } = parseInput(p2pTransferFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.p2p_transfers').select(columns).where(whose, '=', personId)

  if (status !== undefined) query = query.where('status', '=', status)
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

/** Whose transfer it is: the sender's or the recipient's. */
type Side = 'user_id' | 'recipient_id'

interface Ending {
  readonly sender: string | null
  readonly recipient: string | null
  readonly id: string
  readonly status: 'declined' | 'cancelled' | 'failed'
}

async function end(db: Db, ending: Ending): Promise<P2pTransfer> {
  const [ended] = await callFunction(db, 'p2pTransfers.end', ending, (p) =>
    db
      .selectFrom(
        sql<P2pTransfer>`${sql.table('finance.end_p2p')}(
          ${p.sender}::uuid, ${p.recipient}::uuid, ${p.id}::uuid, ${p.status}::text)`.as('p'),
      )
      .select(columns),
  ).catch(translateError)
  return decided(ended, ending.status)
}

function decided(transfer: P2pTransfer | undefined, status: P2pTransfer['status']): P2pTransfer {
  if (transfer === undefined) throw new NotFoundError('transfer')
  if (transfer.status !== status) {
    throw brokenRule(RuleViolationError, 'p2p_transfers', 'p2p_transfers_final')
  }
  return transfer
}

/** Whether a transfer came of this input, which has its key. The memo is compared as long as nothing changed. */
function isSame(made: P2pTransfer, input: NewP2pTransfer): boolean {
  return (
    sameId(made.id, input.id ?? made.id) &&
    sameId(made.from_account_id, input.from_account_id) &&
    sameId(made.recipient_id, input.recipient_id) &&
    sameAmount(made.amount, input.amount) &&
    made.currency === (input.currency ?? made.currency) &&
    (wasChanged(made) || made.memo === (input.memo ?? ''))
  )
}
