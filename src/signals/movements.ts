import { type RawBuilder, sql } from 'kysely'
import { isCardPayment, isMarkedInternal, settledMatches } from '../repositories/spending.js'
import { merchantKey } from './merchant-key.js'

/** Rails that people send each other money on: only an amount that stays the same is a subscription there. */
const betweenPeople = String.raw`\m(venmo|zelle|cash app|paypal (friends|p2p)|p2p|vipps|swish|bizum|twint|blik|mobilepay|tikkie)\M`

/**
 * The posted rows of some people in some days, read once, as CTEs: `movements`, with the definition of `spending.ts` spread
 * over what is known of the row, of its match, and of its merchant, each looked at once; and `merchants`, their names.
 */
export function movementCtes(people: RawBuilder<unknown>, from: RawBuilder<unknown>, to: RawBuilder<unknown>) {
  const transactions = sql.table('finance.transactions')
  const matches = sql.table('finance.transfer_matches')
  return sql`
matched as materialized (
  select user_id, from_transaction_id as id from ${matches} where user_id = any(${people}) and status in (${settledMatches})
  union all
  select user_id, to_transaction_id from ${matches} where user_id = any(${people}) and status in (${settledMatches})
),
reversals as materialized (
  select user_id, reverses_id as id from ${transactions} where user_id = any(${people}) and reverses_id is not null
),
posted as materialized (
  select t.user_id, t.id, t.account_id, t.date, t.merchant, t.amount, t.currency, t.category, t.description,
    t.reverses_id, ${isMarkedInternal('t')} as internal
  from ${transactions} t
  where t.user_id = any(${people}) and t.status = 'posted' and t.date > ${from} and t.date <= ${to}
),
merchants as materialized (
  select m.merchant, ${merchantKey(sql`m.merchant`)} as key, ${isCardPayment(sql`m.merchant`)} as is_card_payment,
    lower(m.merchant) ~ ${sql.lit(betweenPeople)} as between_people
  from (select distinct merchant from posted) m
),
movements as materialized (
  select p.user_id as person, p.id as charge, p.account_id as account, p.date, p.merchant, p.amount, p.currency,
    p.category, p.description, p.reverses_id is not null as reverses, r.id is not null as reversed,
    p.internal or m.is_card_payment or x.id is not null as internal
  from posted p
  join merchants m on m.merchant = p.merchant
  left join matched x on x.user_id = p.user_id and x.id = p.id
  left join reversals r on r.user_id = p.user_id and r.id = p.id
)`
}

/** Of `movements`: what recurring charges are found among, for `streamCtes`. */
export const chargesCte = sql`
charges as materialized (
  select person, currency, merchant, account, charge, date, -amount as amount
  from movements
  where amount < 0 and not internal and not reverses and not reversed and merchant <> ''
)`
