import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import type { AssetClass } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import { day, uuid } from '../schema/values.js'

/**
 * What holdings are worth, computed in SQL. The value of a holding is quantity × price, rounded to the four decimals of
 * money, half away from zero; every sum is of such rounded values, so that columns add up and agree with
 * `reports.netWorth`. No figure mixes two currencies.
 *
 * A short position has a negative value (what buying back costs), and a negative cost (what the sale brought): it gains when
 * the price falls. Ratios are decimal strings with six decimals.
 */

/** Which holdings to look at. */
export interface HoldingsFilter {
  readonly account_id?: string | undefined
}

export interface ValuationOptions extends HoldingsFilter {
  /**
   * `'YYYY-MM-DD'`: the day against which `price_age_days` tells how old a price is. It does not go back in time: one price
   * and one quantity a holding are kept, the latest.
   */
  readonly as_of?: string | undefined
}

export interface HoldingValue {
  account_id: string
  id: string
  symbol: string
  name: string
  asset_class: AssetClass
  currency: string
  quantity: string
  price: string
  /** `'YYYY-MM-DD'` */
  price_date: string
  /** Days from `price_date` to `as_of`, negative for a later price; null without `as_of`. */
  price_age_days: number | null
  value: string
  cost: string
  /** value − cost */
  gain: string
  /** gain / |cost|: `'0.250000'` is a quarter. Null when it cost nothing. */
  gain_ratio: string | null
}

export interface CurrencyValue {
  currency: string
  holdings: number
  value: string
  cost: string
  gain: string
  /** gain / the sum of every |cost|, so that short positions do not shrink what it is a part of. Null when that is zero. */
  gain_ratio: string | null
  /** The oldest price in it, `'YYYY-MM-DD'`. */
  oldest_price_date: string
}

export interface Valuation {
  /** By currency, then highest value first. */
  holdings: HoldingValue[]
  by_currency: CurrencyValue[]
}

const holdingsFilter = z.strictObject({ account_id: uuid.optional() })
const valuationOptions = holdingsFilter.extend({ as_of: day.optional() })

type Total = { [Key in keyof CurrencyValue as `total_${Key}`]: CurrencyValue[Key] }

/** What every holding is worth and has gained, and the same by currency, as one snapshot. Walks `investments_pkey`. */
export async function valuation(db: Db, userId: string, options: ValuationOptions = {}): Promise<Valuation> {
  const { as_of = null, account_id } = parseInput(valuationOptions, options, 'The options')
  const { rows } = await sql<HoldingValue & Total>`
    select h.account_id, h.id, h.symbol, h.name, h.asset_class, h.currency, h.quantity, h.price,
      to_char(h.price_date::timestamp, 'YYYY-MM-DD') as price_date,
      ${as_of}::text::date - h.price_date as price_age_days,
      h.value, h.cost, h.value - h.cost as gain,
      round((h.value - h.cost) / nullif(abs(h.cost), 0), 6) as gain_ratio,
      h.currency as total_currency,
      (count(*) over total)::int as total_holdings,
      sum(h.value) over total as total_value,
      sum(h.cost) over total as total_cost,
      sum(h.value - h.cost) over total as total_gain,
      round(sum(h.value - h.cost) over total / nullif(sum(abs(h.cost)) over total, 0), 6) as total_gain_ratio,
      to_char((min(h.price_date) over total)::timestamp, 'YYYY-MM-DD') as total_oldest_price_date
    from (${holdings(userId, account_id)}) h
    window total as (partition by h.currency)
    order by h.currency, h.value desc, h.id`
    .execute(db)
    .catch(translateError)

  const totals = new Map<string, CurrencyValue>()
  for (const row of rows) totals.set(row.currency, totalOf(row))
  return { holdings: rows.map(holdingOf), by_currency: [...totals.values()] }
}

export interface AllocationShare {
  currency: string
  asset_class: AssetClass
  holdings: number
  /** Short positions counted against long ones. */
  value: string
  /** Long and short positions added up, both positive. */
  exposure: string
  /** exposure / all exposure in the currency. Null when that is zero. */
  ratio: string | null
}

/**
 * How holdings are spread over asset classes, within each currency, the largest first. Ratios of a currency sum to exactly
 * 1: each is cut to six decimals, and the millionths that are missing go one each to those that lost most, in the order of
 * asset class where two lost the same (the largest remainder method). Walks `investments_pkey`.
 */
export async function allocation(db: Db, userId: string, filter: HoldingsFilter = {}): Promise<AllocationShare[]> {
  const { account_id } = parseInput(holdingsFilter, filter, 'The filter')
  const { rows } = await sql<AllocationShare>`
    with class as (
      select currency, asset_class, count(*)::int as holdings, sum(value) as value, sum(abs(value)) as exposure
      from (${holdings(userId, account_id)}) h
      group by currency, asset_class
    ), total as (
      select *, nullif(sum(exposure) over (partition by currency), 0) as total from class
    ), cut as (
      select *, div(exposure * 1000000, total) as millionths, mod(exposure * 1000000, total) as lost from total
    ), ranked as (
      select *,
        row_number() over (partition by currency order by lost desc, asset_class) as place,
        1000000 - sum(millionths) over (partition by currency) as missing
      from cut
    )
    select currency, asset_class, holdings, value, exposure,
      round((millionths + case when place <= missing then 1 else 0 end) / 1000000, 6) as ratio
    from ranked
    order by currency, exposure desc, asset_class`
    .execute(db)
    .catch(translateError)
  return rows
}

/** The holdings of a user with value and cost, signed. */
function holdings(userId: string, accountId: string | undefined) {
  const inAccount = accountId === undefined ? sql`` : sql`and i.account_id = ${accountId}`
  return sql`
    select i.*, round(i.quantity * i.price, 4) as value,
      case when i.quantity < 0 then -i.cost_basis else i.cost_basis end as cost
    from ${sql.table('finance.investments')} i
    where i.user_id = ${userId} ${inAccount}`
}

function holdingOf(row: HoldingValue): HoldingValue {
  const { account_id, id, symbol, name, asset_class, currency, quantity, price, price_date, price_age_days } = row
  const { value, cost, gain, gain_ratio } = row
  const what = { account_id, id, symbol, name, asset_class, currency, quantity, price, price_date, price_age_days }
  return { ...what, value, cost, gain, gain_ratio }
}

function totalOf(row: Total): CurrencyValue {
  return {
    currency: row.total_currency,
    holdings: row.total_holdings,
    value: row.total_value,
    cost: row.total_cost,
    gain: row.total_gain,
    gain_ratio: row.total_gain_ratio,
    oldest_price_date: row.total_oldest_price_date,
  }
}
