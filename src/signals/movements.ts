import { type RawBuilder, sql } from 'kysely'
import { isCardPayment, isMarkedInternal, settledMatches } from '../repositories/spending.js'
import { merchantKey } from './merchant-key.js'

/** Rails that people send each other money on: only an amount that stays the same is a subscription there. */
const betweenPeople = String.raw`\m(venmo|zelle|cash app|paypal (friends|p2p)|p2p|vipps|swish|bizum|twint|blik|mobilepay|tikkie)\M`

/** Categories of what a bank itself charges or hands out: there is no merchant behind it. */
const ofBank = String.raw`\m(interest|fees?|finance charges?|service charges?|atm|cash|cash withdrawals?|withdrawals?)\M`

/** What has to be paid whether one likes it or not, by category or name: a bill, where a subscription is a choice. */
const bill = String.raw`\m(rent|mortgages?|housing|home loan|loans?|leases?|leasing|propert(y|ies)|apartments?|realty|landlord|miete|hausverwaltung|utilit(y|ies)|bills?|electric(ity)?|power|gas company|gas bill|water|sewer|sewage|energy|heating|strom|stadtwerke|internet|broadband|fiber|phone|mobile|wireless|telecom\w*|insurance|versicherung\w*|assurance|tax(es)?|tuition|school|kindergarten|child ?care|daycare|hoa|council|alimony|support payment|government)\M`

/** Words of a category or name, whatever is between them. */
const words = (text: RawBuilder<unknown>) => sql`regexp_replace(lower(${text}), '[^[:alpha:]]+', ' ', 'g')`

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
    lower(m.merchant) ~ ${sql.lit(betweenPeople)} as between_people, ${words(sql`m.merchant`)} ~ ${sql.lit(bill)} as is_bill
  from (select distinct merchant from posted) m
),
categories as materialized (
  select c.category, ${words(sql`c.category`)} ~ ${sql.lit(ofBank)} as of_bank,
    ${words(sql`c.category`)} ~ ${sql.lit(bill)} as is_bill
  from (select distinct category from posted) c
),
movements as materialized (
  select p.user_id as person, p.id as charge, p.account_id as account, p.date, p.merchant, p.amount, p.currency,
    p.category, p.description, p.reverses_id is not null as reverses, r.id is not null as reversed,
    p.internal or m.is_card_payment or x.id is not null as internal, c.of_bank, c.is_bill or m.is_bill as is_bill
  from posted p
  join categories c on c.category = p.category
  join merchants m on m.merchant = p.merchant
  left join matched x on x.user_id = p.user_id and x.id = p.id
  left join reversals r on r.user_id = p.user_id and r.id = p.id
)`
}

/** Of `movements`: what recurring charges are found among, for `streamCtes`. */
export const chargesCte = sql`
charges as materialized (
  select person, currency, merchant, account, charge, date, -amount as amount, is_bill
  from movements
  where amount < 0 and not internal and not reverses and not reversed and merchant <> '' and not of_bank
)`
