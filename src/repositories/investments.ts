import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateDeleteError, translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { parseChanges, parseInput } from '../schema/input.js'
import {
  type InvestmentChanges,
  type InvestmentFilter,
  investmentChanges,
  investmentFilter,
  type NewInvestment,
  newInvestment,
  type SymbolPrice,
  symbolPrice,
  symbolPrices,
} from '../schema/investments.js'
import type { Investment } from '../schema/rows.js'
import { repeatStatement } from '../transaction.js'
import { dayColumn } from './day-column.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

export {
  type AllocationShare,
  allocation,
  type CurrencyValue,
  type HoldingsFilter,
  type HoldingValue,
  type Valuation,
  type ValuationOptions,
  valuation,
} from './portfolio.js'

const columns = [
  'user_id',
  'id',
  'account_id',
  'symbol',
  'name',
  'asset_class',
  'quantity',
  'cost_basis',
  'price',
  dayColumn('price_date'),
  'currency',
  'created_at',
  'updated_at',
] as const

/**
 * Adds a holding.
 *
 * @throws {MissingReferenceError} The account does not exist for this user.
 * @throws {ConflictError} The account already has a holding of this symbol.
 */
export async function create(db: Db, investment: NewInvestment): Promise<Investment> {
  return db
    .insertInto('finance.investments')
    .values(parseInput(newInvestment, investment, 'The investment'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** Adds any number of holdings, all or none, and gives them in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, investments: readonly NewInvestment[]): Promise<Investment[]> {
  const rows = parseInput(z.array(newInvestment), investments, 'The investments')
  return insertAll(db, rows, (handle, part) =>
    handle.insertInto('finance.investments').values(part).returning(columns).execute(),
  ).catch(translateError)
}

/** @throws {NotFoundError} Also when the holding belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Investment> {
  const investment = await find(db, userId, id)
  if (investment === undefined) throw new NotFoundError('investment')
  return investment
}

/** Undefined when there is no such holding, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Investment | undefined> {
  return db
    .selectFrom('finance.investments')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
    .catch(translateError)
}

/** In the order they were added. Walks `investments_pkey`. */
export async function list(
  db: Db,
  userId: string,
  filter: InvestmentFilter = {},
  request: PageRequest = {},
): Promise<Page<Investment>> {
  const { account_id, asset_class, currency, symbol } = parseInput(investmentFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.investments').select(columns).where('user_id', '=', userId)

  if (account_id !== undefined) query = query.where('account_id', '=', account_id)
  if (asset_class !== undefined) query = query.where('asset_class', '=', asset_class)
  if (currency !== undefined) query = query.where('currency', '=', currency)
  if (symbol !== undefined) query = query.where('symbol', '=', symbol)
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
 * Changes what is given and leaves the rest. A price that is given counts whatever its day: this is how to correct one.
 *
 * @throws {NotFoundError} Also when the holding belongs to another user.
 * @throws {ConflictError} The account already has a holding of the new symbol.
 */
export async function update(db: Db, userId: string, id: string, changes: InvestmentChanges): Promise<Investment> {
  const values = parseChanges(investmentChanges, changes)
  if (values === undefined) return get(db, userId, id)
  return db
    .updateTable('finance.investments')
    .set(values)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow(() => new NotFoundError('investment'))
    .catch(translateError)
}

/** Removes a holding, such as one that was sold. @throws {NotFoundError} Also when it belongs to another user. */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('finance.investments')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
    .catch(translateDeleteError)
  if (numDeletedRows === 0n) throw new NotFoundError('investment')
}

/** {@link setPrices} with one price. */
export async function setPrice(db: Db, price: SymbolPrice): Promise<number> {
  return setPrices(db, [parseInput(symbolPrice, price, 'The price')])
}

/**
 * Gives the holdings of everybody in a symbol and currency its price, and says how many changed. A price never replaces
 * that of a later day, in whatever order they arrive, and the last one of a day counts. Walks `investments_symbol_idx`.
 *
 * @throws {InvalidInputError} Also when a symbol has two prices in one currency.
 */
export async function setPrices(db: Db, prices: readonly SymbolPrice[]): Promise<number> {
  const rows = parseInput(symbolPrices, prices, 'The prices')
  if (rows.length === 0) return 0
  const investments = sql.table('finance.investments')
  // Locked in one order, so that two feeds cannot deadlock. Postgres compares the days anew after it waited for a lock.
  const update = sql`
    with p as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
        as r(symbol text, currency char(3), price numeric, price_date date)
    ), locked as materialized (
      select i.user_id, i.id
      from ${investments} i
      join p on p.symbol = i.symbol and p.currency = i.currency
      where i.price_date < p.price_date or (i.price_date = p.price_date and i.price <> p.price)
      order by i.user_id, i.id
      for no key update of i
    )
    update ${investments} i
    set price = p.price, price_date = p.price_date
    from locked l, p
    where i.user_id = l.user_id and i.id = l.id and p.symbol = i.symbol and p.currency = i.currency
  `
  const { numAffectedRows = 0n } = await repeatStatement(db, () => update.execute(db)).catch(translateError)
  return Number(numAffectedRows)
}
