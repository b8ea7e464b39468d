import { type RawBuilder, sql } from 'kysely'
import { isCardPayment, isMarkedInternal, settledMatches } from '../repositories/spending.js'
import { merchantKey, merchantTemplate } from './merchant-key.js'

/** Rails that people send each other money on: only an amount that stays the same is a subscription there. */
const betweenPeople = String.raw`\m(venmo|zelle|cash app|paypal (friends|p2p)|p2p|vipps|swish|bizum|twint|blik|mobilepay|tikkie)\M`

/** Categories of what a bank itself charges or hands out: there is no merchant behind it. */
const ofBank = String.raw`\m(interest|fees?|finance charges?|service charges?|atm|cash|cash withdrawals?|withdrawals?)\M`

/** What has to be paid whether one likes it or not, by category or name: a bill, where a subscription is a choice. */
const bill = String.raw`\m(rent|mortgages?|housing|home loan|loans?|leases?|leasing|propert(y|ies)|apartments?|realty|landlord|miete|hausverwaltung|utilit(y|ies)|bills?|electric(ity)?|power|gas company|gas bill|water|sewer|sewage|energy|heating|strom|stadtwerke|internet|broadband|fiber|phone|mobile|wireless|telecom\w*|insurance|versicherung\w*|assurance|tax(es)?|tuition|school|kindergarten|child ?care|daycare|hoa|council|alimony|support payment|government)\M`

const payment = String.raw`\m(payment|pymt|pmt|autopay|auto pay|thank you|zahlung)\M`
const interest = String.raw`\m(interest|finance charges?|zinsen)\M`
const lateFee = String.raw`\m(late|past due|overdue|missed)\M.*\m(fee|charge)s?\M|\m(mahngeb|verzug|säumnis)`

/** Pay, as a category and as words; `description` counts too, since that is where banks write it. */
const payCategory = String.raw`^(salary|salaries|payroll|paychecks?|wages?|income|income (wages|salary|other income|retirement pension|unemployment|military).*|freelance|gig|self employment|pension) ?$`
export const pay = String.raw`\m(payroll|salary|salaries|wages?|paychecks?|direct dep(osit)?|dir dep|freelance|gehalt|lohn|salaire|n[oó]mina|stipendio|pension)\M`
const notPay = String.raw`\m(interest|refunds?|cashback|cash back|rebates?|reimbursements?|dividends?|fees?)\M`

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
-- what is asked of names and categories, asked once of each
templates as materialized (
  select t.template, k.key, k.key ~ '[[:alpha:]]{3}' as is_name, k.key ~ '\\d' as has_digits,
    ${isCardPayment(sql`t.template`)} as is_card_payment, w.words ~ ${sql.lit(betweenPeople)} as between_people,
    w.words ~ ${sql.lit(bill)} as is_bill, w.words ~ ${sql.lit(payment)} as is_payment,
    w.words ~ ${sql.lit(interest)} as is_interest, w.words ~ ${sql.lit(lateFee)} as is_late_fee, w.words ~ ${sql.lit(pay)} as is_pay
  from (select distinct ${merchantTemplate(sql`merchant`)} as template from posted) t
  cross join lateral (select ${merchantKey(sql`t.template`)} as key offset 0) k
  cross join lateral (select ${words(sql`t.template`)} as words offset 0) w
),
merchants as materialized (
  select m.merchant, t.*,
    case when not t.is_name then trim(lower(m.merchant)) when t.has_digits then ${merchantKey(sql`m.merchant`)} else t.key end as name_key
  from (select distinct merchant from posted) m
  join templates t on t.template = ${merchantTemplate(sql`m.merchant`)}
),
categories as materialized (
  select c.category, c.words ~ ${sql.lit(ofBank)} as of_bank, c.words ~ ${sql.lit(bill)} as is_bill,
    c.words ~ ${sql.lit(interest)} as is_interest, c.words ~ ${sql.lit(lateFee)} as is_late_fee,
    c.words ~ ${sql.lit(payCategory)} as is_pay, c.words ~ ${sql.lit(notPay)} as is_not_pay
  from (select category, ${words(sql`category`)} as words from (select distinct category from posted) p) c
),
movements as materialized (
  select p.user_id as person, p.id as charge, p.account_id as account, p.date, p.merchant, m.name_key as key, p.amount,
    p.currency, p.reverses_id is not null as reverses, r.id is not null as reversed,
    p.internal or m.is_card_payment or x.id is not null as internal,
    c.of_bank, c.is_bill or m.is_bill as is_bill, m.between_people, m.is_payment, c.is_interest,
    c.is_interest or m.is_interest as says_interest, c.is_late_fee or m.is_late_fee as is_late_fee,
    c.is_pay or m.is_pay as is_pay, c.is_not_pay, case when p.amount > 0 then p.description end as description
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
  select person, currency, merchant, key, account, charge, date, -amount as amount, is_bill, between_people
  from movements
  where amount < 0 and not internal and not reverses and not reversed and merchant <> '' and not of_bank
)`
