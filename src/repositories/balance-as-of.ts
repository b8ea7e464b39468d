import { sql } from 'kysely'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { type AsOf, asOf } from '../schema/statements.js'

/**
 * The balance of an account at another time, in its currency: the opening balance and the posted transactions that count by
 * then. When a movement counts (`day` or `instant`) and when it was recorded here (`knownAt`) are two things, so a row that
 * was back-dated is in the balance of its day, and not in what was known before it was recorded. With nothing given it is
 * the sum of all that is posted, as `balance` is.
 *
 * `recorded_at` is when the transaction that wrote a row began: one that took long to commit shows up late. A changed
 * `opening_balance` counts from ever. Walks `transactions_account_id_date_id_idx`.
 *
 * @throws {NotFoundError} Also when the account belongs to another user.
 */
export async function balanceAsOf(db: Db, userId: string, id: string, when: AsOf = {}): Promise<string> {
  const { day, instant, knownAt } = parseInput(asOf, when, 'The time')
  let counted = db
    .selectFrom('finance.transactions as t')
    .select(sql<string>`coalesce(sum(t.amount), 0)`.as('sum'))
    .where('t.user_id', '=', userId)
    .where('t.account_id', '=', id)
    .where('t.status', '=', 'posted')
  if (day !== undefined) counted = counted.where('t.date', '<=', day)
  if (instant !== undefined) counted = counted.where('t.posted_at', '<=', instant)
  if (knownAt !== undefined) counted = counted.where('t.recorded_at', '<=', knownAt)

  const { balance } = await db
    .selectFrom('finance.accounts as a')
    .select(sql<string>`(a.opening_balance + ${counted})::numeric(38,4)`.as('balance'))
    .where('a.user_id', '=', userId)
    .where('a.id', '=', id)
    .executeTakeFirstOrThrow(() => new NotFoundError('account'))
    .catch(translateError)
  return balance
}
