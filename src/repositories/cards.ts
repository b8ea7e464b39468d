import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError, RuleViolationError } from '../errors.js'
import { translateDeleteError, translateError } from '../postgres-errors.js'
import {
  type CardChanges,
  type CardExpiry,
  type CardFilter,
  cardChanges,
  cardExpiry,
  cardFilter,
  type NewCard,
  newCard,
} from '../schema/cards.js'
import type { Db } from '../schema/database.js'
import type { CardStatus } from '../schema/enums.js'
import { parseChanges, parseInput } from '../schema/input.js'
import type { Card } from '../schema/rows.js'
import type { SecretKeys } from '../secrets/keys.js'
import { createSecrets } from '../secrets/secrets.js'
import { repeatStatement } from '../transaction.js'
import { tokenField, tokenPurpose } from './card-tokens.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

export { type CardKey, type RotateOptions, type RotateResult, rotateTokens, token } from './card-tokens.js'

/** Everything but the token and its fingerprint. */
const columns = [
  'user_id',
  'id',
  'account_id',
  'brand',
  'last4',
  'exp_month',
  'exp_year',
  'status',
  'created_at',
  'updated_at',
] as const

/**
 * Adds a card. Its token is encrypted here, by `keys.current`, and bound to this row: no read but {@link token} gives it back.
 *
 * @throws {InvalidConfigError} `keys` has no good key.
 * @throws {MissingReferenceError} The account does not exist for this user.
 * @throws {ConflictError} The user already has a card with this token.
 */
export async function create(db: Db, keys: SecretKeys, card: NewCard): Promise<Card> {
  const { token: clear, ...rest } = parseInput(newCard, card, 'The card')
  const secrets = createSecrets(keys)
  const id = rest.id ?? (await newId(db))
  const token = await secrets.encrypt(clear, tokenField(rest.user_id, id))
  const token_fingerprint = await secrets.fingerprint(clear, tokenPurpose(rest.user_id))
  return db
    .insertInto('finance.cards')
    .values({ ...rest, id, token, token_fingerprint })
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** @throws {NotFoundError} Also when the card belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Card> {
  const card = await find(db, userId, id)
  if (card === undefined) throw new NotFoundError('card')
  return card
}

/** Undefined when there is no such card, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Card | undefined> {
  return db
    .selectFrom('finance.cards')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
    .catch(translateError)
}

/** In the order they were added. Walks `cards_pkey`. */
export async function list(
  db: Db,
  userId: string,
  filter: CardFilter = {},
  request: PageRequest = {},
): Promise<Page<Card>> {
  const { account_id, status } = parseInput(cardFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.cards').select(columns).where('user_id', '=', userId)

  if (account_id !== undefined) query = query.where('account_id', '=', account_id)
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

// The first day on which it is not good any more.
const endsOn = sql<string>`(make_date(exp_year, exp_month, 1) + interval '1 month')::date`

/** The active and frozen cards that end before a day, the first to end first: which to renew, or whom to tell. */
export async function expiring(db: Db, userId: string, expiry: CardExpiry): Promise<Card[]> {
  const { before } = parseInput(cardExpiry, expiry, 'The span')
  return db
    .selectFrom('finance.cards')
    .select(columns)
    .where('user_id', '=', userId)
    .where('status', 'in', ['active', 'frozen'])
    .where(endsOn, '<=', before)
    .orderBy('exp_year')
    .orderBy('exp_month')
    .orderBy('id')
    .execute()
    .catch(translateError)
}

/** Marks the active and frozen cards of everybody that end before a day as expired, and says how many. Reads every card. */
export async function expire(db: Db, expiry: CardExpiry): Promise<number> {
  const { before } = parseInput(cardExpiry, expiry, 'The span')
  const update = db
    .updateTable('finance.cards')
    .set({ status: 'expired' })
    .where('status', 'in', ['active', 'frozen'])
    .where(endsOn, '<=', before)
  // Cards are locked in the order in which they are found, which is nobody else's.
  const { numUpdatedRows } = await repeatStatement(db, () => update.executeTakeFirstOrThrow()).catch(translateError)
  return Number(numUpdatedRows)
}

/**
 * Changes what is given and leaves the rest. A new expiry makes an expired card active again.
 *
 * @throws {NotFoundError} Also when the card belongs to another user.
 */
export async function update(db: Db, userId: string, id: string, changes: CardChanges): Promise<Card> {
  const values = parseChanges(cardChanges, changes)
  if (values === undefined) return get(db, userId, id)
  return db
    .updateTable('finance.cards')
    .set(values)
    .$if(values.exp_year !== undefined, (query) =>
      query.set({ status: sql<CardStatus>`case when status = 'expired' then 'active' else status end` }),
    )
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow(() => new NotFoundError('card'))
    .catch(translateError)
}

/**
 * Stops an active card until {@link unfreeze}. A frozen one stays as it is.
 *
 * @throws {NotFoundError} Also when the card belongs to another user.
 * @throws {RuleViolationError} It is expired or cancelled.
 */
export async function freeze(db: Db, userId: string, id: string): Promise<Card> {
  return setStatus(db, userId, id, ['active', 'frozen'], 'frozen')
}

/** Makes a frozen card active. An active one stays as it is. Errors as {@link freeze}. */
export async function unfreeze(db: Db, userId: string, id: string): Promise<Card> {
  return setStatus(db, userId, id, ['frozen', 'active'], 'active')
}

/**
 * Ends a card for good, whatever its status: no status follows, and the database holds to that.
 *
 * @throws {NotFoundError} Also when the card belongs to another user.
 */
export async function cancel(db: Db, userId: string, id: string): Promise<Card> {
  return setStatus(db, userId, id, ['active', 'frozen', 'expired', 'cancelled'], 'cancelled')
}

/**
 * Removes a card and its token, such as one added by mistake. Otherwise {@link cancel} it.
 *
 * @throws {NotFoundError} Also when the card belongs to another user.
 */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('finance.cards')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
    .catch(translateDeleteError)
  if (numDeletedRows === 0n) throw new NotFoundError('card')
}

async function setStatus(
  db: Db,
  userId: string,
  id: string,
  from: readonly CardStatus[],
  status: CardStatus,
): Promise<Card> {
  const card = await db
    .updateTable('finance.cards')
    .set({ status })
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .where('status', 'in', from)
    .returning(columns)
    .executeTakeFirst()
    .catch(translateError)
  if (card !== undefined) return card
  await get(db, userId, id)
  throw new RuleViolationError(`A card becomes ${status} only when it is ${from.join(' or ')}.`, {
    table: 'cards',
    column: 'status',
  })
}

/** From the database, whose clock orders the ids, and before the insert, since the ciphertext is bound to it. */
async function newId(db: Db): Promise<string> {
  const { id } = await db
    .selectNoFrom(sql<string>`${sql.table('finance.uuid_v7')}()`.as('id'))
    .executeTakeFirstOrThrow()
    .catch(translateError)
  return id
}
