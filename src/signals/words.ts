import { codedBase, codeEnd, strip } from './merchant-key.js'

/** Rails that people send each other money on: only an amount that stays the same is a subscription there. */
const betweenPeople = /\b(venmo|zelle|cash app|paypal friends|p p|vipps|swish|bizum|twint|blik|mobilepay|tikkie)\b/

/** What a bank itself charges or hands out: there is no merchant behind it. */
const ofBank = /\b(interest|fees?|finance charges?|service charges?|atm|cash|cash withdrawals?|withdrawals?)\b/

/** What has to be paid whether one likes it or not: a bill, where a subscription is a choice. */
const bill =
  /\b(rent|mortgages?|housing|home loan|loans?|leases?|leasing|propert(y|ies)|apartments?|realty|landlord|miete|hausverwaltung|utilit(y|ies)|bills?|electric(ity)?|power|gas company|water|sewer|sewage|energy|heating|strom|stadtwerke|internet|broadband|fiber|phone|mobile|wireless|telecom\w*|insurance|versicherung\w*|assurance|tax(es)?|tuition|school|kindergarten|child ?care|daycare|hoa|council|alimony|support payment|government)\b/

/** What people choose to have, also where the amount follows use. */
const choice =
  /\b(subscriptions?|memberships?|streaming|music|videos?|tv|software|saas|apps?|digital|cloud|hosting|gyms?|fitness|news|newspapers?|magazines?|dating)\b/

const payment = /\b(payment|pymt|pmt|autopay|auto pay|thank you|zahlung)\b/
const interest = /\b(interest|finance charges?|zinsen)\b/
const lateFee = /\b(late|past due|overdue|missed)\b.*\b(fee|charge)s?\b|\b(mahngeb|verzug|säumnis)/

const pay =
  /\b(payroll|salary|salaries|wages?|paychecks?|direct dep(osit)?|dir dep|freelance|gehalt|lohn|salaire|n[oó]mina|stipendio|pension)\b/
const payCategory =
  /^(salary|salaries|payroll|paychecks?|wages?|income|income (wages|salary|other income|retirement pension|unemployment|military).*|freelance|gig|self employment|pension)$/
const notPay = /\b(interest|refunds?|cashback|cash back|rebates?|reimbursements?|dividends?|fees?|bonus(es)?)\b/

/** Letters only, whatever was between them. */
const wordsOf = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}]+/gu, ' ')
    .trim()

/** What the name of a merchant says, its digits aside. */
export function readName(template: string) {
  const words = wordsOf(template)
  const key = strip(template)
  return {
    template,
    key,
    base: codedBase(template, key),
    code_end: codeEnd(template),
    /** A name and a number that may be somebody's. */
    numbered: key !== '' && /\d{4}/.test(template),
    between_people: betweenPeople.test(words),
    is_bill: bill.test(words),
    is_payment: payment.test(words),
    is_interest: interest.test(words),
    is_late_fee: lateFee.test(words),
    is_pay: pay.test(words),
  }
}

/** What a category says, however it is written. */
export function readCategory(category: string) {
  const words = wordsOf(category)
  return {
    category,
    of_bank: ofBank.test(words),
    between_people: betweenPeople.test(words),
    is_bill: bill.test(words),
    is_choice: choice.test(words),
    is_interest: interest.test(words),
    is_late_fee: lateFee.test(words),
    is_pay: payCategory.test(words),
    is_not_pay: notPay.test(words),
  }
}

/** {@link pay} in the text of a bank, as a pattern of Postgres. */
export const payInText = pay.source.replaceAll('\\b', '\\y')
/** Pay, but beside the regular one. */
export const bonusInText = String.raw`\y(bonus|bonuses|13th salary|weihnachtsgeld|urlaubsgeld)\y`
