import { type RawBuilder, sql } from 'kysely'
import {
  countsAsSpending,
  isCardPayment,
  isInternalCategory,
  isRent,
  isTransferCategory,
  isVagueCategory,
  settledMatches,
} from '../repositories/spending.js'
import { isTradeCategory, readsAsTrade } from '../repositories/trades.js'
import type { Db } from '../schema/database.js'
import { lowerCase } from '../schema/texts.js'
import { bits, bitsOf } from './sayings.js'
import { readCategory, readName } from './words.js'

/** The posted rows of some people in some days: after `from`, up to `to`. */
export interface Reach {
  readonly people: RawBuilder<unknown>
  readonly from: RawBuilder<unknown>
  readonly to: RawBuilder<unknown>
}

/** What the names and categories in reach say, as JSON for {@link movementCtes}. */
export interface Vocabulary {
  readonly templates: string
  readonly categories: string
}

/**
 * A name with zeros for digits. Names that differ by a reference code only share one, so few are read. `translate` takes twice
 * as long: it compares each character with each digit.
 */
const template = [...'123456789'].reduce(
  (name, digit) => sql`replace(${name}, ${sql.lit(digit)}, '0')`,
  sql`t.merchant`,
)

const inReach = ({ people, from, to }: Reach) =>
  sql`t.user_id = any(${people}) and t.status = 'posted' and t.date > ${from} and t.date <= ${to}`

/**
 * Reads the names of merchants and the categories here and not in SQL: Postgres keeps 32 regular expressions and compiles
 * what falls out again, which took longer than all the rest (docs/decisions/0051).
 */
export async function readVocabulary(db: Db, reach: Reach): Promise<Vocabulary> {
  const { rows } = await sql<{ templates: string[]; categories: string[] }>`
    with names as materialized (
      select t.merchant, t.category from ${sql.table('finance.transactions')} t where ${inReach(reach)} group by 1, 2
    )
    select array(select distinct ${template} from names t) as templates,
      array(select distinct category from names) as categories`.execute(db)
  const { templates, categories } = rows[0] ?? { templates: [], categories: [] }
  return {
    templates: JSON.stringify(templates.map(nameAsJson)),
    categories: JSON.stringify(categories.map(categoryAsJson)),
  }
}

function nameAsJson(template: string) {
  const name = readName(template)
  const { key, base, code_end } = name
  return { template, key, base, code_end, says: bitsOf({ ...name, nameless: template === '' }) }
}

function categoryAsJson(category: string) {
  const read = readCategory(category)
  return { category, says: bitsOf({ ...read, is_interest_category: read.is_interest }) }
}

/** Of the row's merchant, or the merchant itself where its name came after names were read. */
const key = sql`coalesce(nullif(n.key, ''), trim(${lowerCase(sql`left(t.merchant, n.code_end)`)}), ${lowerCase(sql.ref('t.merchant'))})`

// Numbers that are compared, sorted and kept for less than what they stand for: a person in a currency, and a key or an account
// of theirs. Ids alone will not do: they are unique among those of a person.
const owner = sql`uuid_hash_extended(user_id, hashbpcharextended(currency, 0))`
const nameOf = (text: RawBuilder<unknown>) => sql`hashtextextended(${text}, owner)`
/** Of an id, where there is an `owner`. */
export const ledgerOf = (account: RawBuilder<unknown>) => sql`uuid_hash_extended(${account}, owner)`

/** The row, or what it takes back: what `marks` are of. */
const moved = sql`(t.user_id, coalesce(t.reverses_id, t.id))`

/**
 * The rows in reach, read once, as CTEs: `movements`, with the definition of `spending.ts` spread over what is known of the
 * row, of its match, and of its merchant, each looked at once.
 */
export function movementCtes(reach: Reach, { templates, categories }: Vocabulary) {
  const transactions = sql.table('finance.transactions')
  const matches = sql.table('finance.transfer_matches')
  const { people } = reach
  return sql`
templates as materialized (
  select t.template, t.key, t.base, t.code_end, ${isRent(sql`t.template`)} as is_rent,
    t.says | case when ${isCardPayment(sql`t.template`)} then ${bits('internal')} else 0 end as says
  from jsonb_to_recordset(${templates}::text::jsonb) as t (template text, key text, base text, code_end int, says int)
),
categories as materialized (
  select c.category, c.says, ${isInternalCategory(sql`c.category`)} as is_internal, ${isTransferCategory(sql`c.category`)} as is_transfer,
    ${isVagueCategory(sql`c.category`)} as is_vague, ${isTradeCategory(sql`c.category`)} as is_trade
  from jsonb_to_recordset(${categories}::text::jsonb) as c (category text, says int)
),
marks as materialized (
  select user_id, id, bool_or(is_reversed) as is_reversed, not bool_and(is_reversed) as is_matched
  from (
    select user_id, unnest(array[from_transaction_id, to_transaction_id]) as id, false as is_reversed
    from ${matches} where user_id = any(${people}) and status in (${settledMatches})
    union all
    select user_id, reverses_id, true from ${transactions} where user_id = any(${people}) and reverses_id is not null
  ) m
  group by 1, 2
),
-- Nothing is bought from a merchant there: what leaves buys shares, or is interest.
silent as materialized (
  select user_id, id, account_type = 'investment' as holds_shares
  from ${sql.table('finance.accounts')} where user_id = any(${people}) and account_type in ('loan', 'investment')
),
owners as materialized (
  select distinct ${owner} as owner, user_id as person, currency from ${sql.table('finance.accounts')} where user_id = any(${people})
),
movements as materialized (
  select owner, ${ledgerOf(sql`t.account_id`)} as ledger, t.account_id as account, t.date, ${nameOf(key)} as name,
    coalesce(n.says, 0) | coalesce(c.says, 0)
      | case when is_out then ${bits('out')} when t.amount > 0 then ${bits('in')} else 0 end
      | case when (t.user_id, t.account_id) in (select user_id, id from silent) then ${bits('of_bank')} else 0 end
      | case when t.reverses_id is not null then ${bits('reversal')} else 0 end
      | case when ${moved} in (select user_id, id from marks where is_reversed) then ${bits('reversed')} else 0 end
      | case when t.is_subscription then ${bits('is_choice')} else 0 end
      | case when t.transfer_id is not null or ${moved} in (select user_id, id from marks where is_matched)
          or c.is_internal and not (c.is_transfer and is_out <> (t.reverses_id is not null)
            and (n.is_rent is true or ${isRent(sql`t.description`)}))
          or c.is_vague and t.description <> '' and ${isCardPayment(sql`t.description`)}
          or c.is_trade and (t.user_id, t.account_id) in (select user_id, id from silent where holds_shares) and ${readsAsTrade('t', countsAsSpending('t'))}
        then ${bits('internal')} else 0 end as says,
    t.id as charge, t.amount, t.merchant, ${key} as key, n.base, case when n.base is not null then ${nameOf(sql`n.base`)} end as base_name,
    case when not is_out then t.description end as description
  from (select t.*, amount < 0 as is_out, ${owner} as owner, ${template} as template from ${transactions} t where ${inReach(reach)} offset 0) t
  left join templates n on n.template = t.template
  left join categories c on c.category = t.category
)`
}
