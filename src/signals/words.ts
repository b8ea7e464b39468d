import { codedBase, codeEnd, isNameless, strip } from './merchant-key.js'

/** A pattern for words of their own in any script, which `\b` is for ASCII alone. */
export const anyOf = (...words: string[]) => new RegExp(`(?<!\\p{L})(?:${words.join('|')})(?!\\p{L})`, 'u')

/** Rails that people send each other money on: only an amount that stays the same is a subscription there. */
const betweenPeople = anyOf(
  'venmo|zelle|cash app|paypal friends|p p|vipps|swish|bizum|twint|blik|mobilepay|tikkie|pix|lydia|wamd|e transfer|interac etransfer|payid',
)
/** Those of them by which nobody pays a shop: what is due to a person again and again is a rent or a share of one. */
const toPerson = anyOf('venmo|zelle|cash app|tikkie|(?:enviada|transferência) pelo pix|pix transf|e transfer|payid')

/** What a bank itself charges or hands out: there is no merchant behind it. */
const ofBank = anyOf('interest|fees?|finance charges?|service charges?|atm|cash|cash withdrawals?|withdrawals?')

/** The same in a name, where it takes more: a school has fees too. */
const namedOfBank =
  /(?<!\p{L})(?:(?:atm|cash) (?:cash )?(?:withdrawals?|withdraw|wdl|wd)|cash ?back at|cash machine|(?:bargeld|geld)(?:auszahlung|automat)\p{L}*|retrait (?:dab|cb|gab|d especes)|(?:retirada|reintegro|disposici[oó]n)(?: de efectivo)?(?: en)? cajero|saque (?:h|atm|eletr[oô]nico)|geldopname|gea nr|prelievo (?:atm|bancomat)|v[yý]b[eě]r (?:z bankomatu|atm)|wypłata (?:z bankomatu|gotówki)|bankomatuttag|uttag bankomat|minibank|atm出金|(?:提携)?atm引出|(?:monthly|account) (?:service|maintenance) (?:fee|charge)|overdraft (?:fee|interest)|interest charge[ds]?|finance charges?|kontof(?:ü|ue)hrung\p{L}*|frais (?:de )?tenue de compte|vedení účtu)(?!\p{L})/u

/** What has to be paid whether one likes it or not: a bill, where a subscription is a choice. */
const due = [
  'rent|mortgages?|home loan|loans?|insurances?|electric(?:ity)?|tuition|child ?care|daycare|nursery|alimony|council tax|tv licen[cs]e',
  // German
  'miete|kaltmiete|warmmiete|nebenkosten|hausverwaltung|darlehen|kredit(?:rate)?|ratenkredit|baufinanzierung|strom|abschlag|stadtwerke|fernwärme|\\p{L}*versicherung\\p{L}*|steuern?|rundfunk\\p{L}*|schule|kita',
  // French
  'loyer|echeance (?:pret|prêt)|échéance (?:pret|prêt)|remboursement (?:pret|prêt)|[eé]lectricit[eé]|gaz|assurances?|mutuelle|imp[oô]ts?|cr[eè]che',
  // Spanish and Portuguese
  'alquiler|hipoteca|pr[eé]stamo|luz|electricidad|agua|seguros?|impuestos?|colegio|aluguel|financiamento|parcela|conta (?:de )?(?:luz|agua|água)|energia|condom[ií]nio|imposto',
  // Italian and Dutch
  'affitto|mutuo|bollett[ae]|assicurazion[ei]|tasse|huur|hypotheek|lening|studieschuld|termijnbedrag|stroom|\\p{L}*verzekering\\p{L}*|belasting\\p{L}*|kinderopvang',
  // Czech and Polish
  'n[aá]jem(?:n[eé])?|hypot[eé]\\p{L}*|spl[aá]tka|elekt[rř]ina|plyn|poji[sš]t[eě]n[ií]|poji[sš][tť]ovna|pojistn[eé]|[uú]v[eě]r|sipo|daň|[sš]kolka|czynsz|rata|kredyt|prąd|ubezpieczenie|podatek|przedszkole',
  // Swedish, Norwegian and Danish
  'hyra|lån|elnät|\\p{L}*försäkring\\p{L}*|skatt|förskola|husleie|\\p{L}*forsikring\\p{L}*|husleje|strøm',
  // Romanian and Indian English
  'chiri[ae]|[iî]ntre[tțţ]inere|asocia[tțţ]i[ae] de proprietari|asigur[aă]r[ei]|impozit|gr[aă]dini[tțţ][aă]|emi',
  // Finnish
  'vuokra|vakuutus\\p{L}*|sähkö\\p{L}*|(?:asunto)?laina|lainan\\p{L}*|kiinteistövero|verohallinto|päivähoito',
]
/** The same in Japanese, which has no space between words. (ガスト is a restaurant.) */
const dueInside = '家賃|電気|電力|水道|ガス(?!ト)|保険|ローン|デンリ[ヨョ]ク|スイドウ|ホケン|ヤチン'

const billWords = anyOf(
  ...due,
  'housing|logement|^wohnen|vivienda|immobili(?:are|en)|in?mobiliaria|leases?|leasing|propert(?:y|ies)|apartments?|realty|landlord',
  'utilit(?:y|ies)|bills?|power|gas company|water|eau|sewer|sewage|waste|trash|elec|plyn[aá]rensk[aá]|energ(?:y|ie)|heating|internet(?! \\p{L}{2}$)|broadband|fib(?:er|re|ra)\\p{L}*|phone|mobile|wireless|postpaid|t[eé]l[eé](?:[ck]om|f[oóô]n|phon)\\p{L}*',
  // names that banks cut off: LEMONADE INSURAN
  'insuran?c?|ins(?: (?:payment|pymt|pmt))?$',
  '(?:auto|car) payments?|ins(?:ur)? prem\\p{L}*|student ln|mtg|utility ?(?:pay|pmt|pymt)|tax(?:es)?|school|[eé]cole|escola|escuela|scuola|kindergarten|hoa|owners? (?:assn|association)|council|support payment|government',
  // whoever lends, and the town
  'kredite|^cr[eé]dits$|lending|financing|financeira|financiera|financi[eè]re|finanziaria|(?:finance|financial)(?: (?:services?|company|corp\\p{L}*|co|ltd|limited))|city of|ayuntamiento|mairie|gemeente|prefeitura|comune di',
)
const bill = new RegExp(`${billWords.source}|${dueInside}`, 'u')

/** What people choose to have, also where the amount follows use. */
const choice = anyOf(
  'subscriptions?|memberships?|streaming|music|videos?|tv|software|saas|apps?|digital|cloud|hosting|gyms?|fitness|news|newspapers?|magazines?|dating',
)

const payment = anyOf('payment|pymt|pmt|autopay|auto pay|thank you|zahlung')
const interest = anyOf(
  'interest|finance charges?|(?:soll|kredit)?zinsen|int[eé]r[eê]ts|intereses|juros|interessi|odsetki|r[aä]nta|dob[aâ]nd[aă]|[uú]rok[uůy]?|利息',
)
const lateFee =
  /(?<!\p{L})(?:(?:late|past due|overdue|missed)(?!\p{L}).*(?<!\p{L})(?:fee|charge)s?(?!\p{L})|mahngeb|verzug|säumnis)/u

const payWords = [
  'payroll|salary|salaries|wages?|paychecks?|direct dep(?:osit)?|dir dep|freelance|pension',
  'gehalt|lohn|bezüge|bezuege|besoldung|rente|salaire|paie|n[oó]mina|salario|salário|ordenado|stipendio|salaris|loon',
  'mzda|výplata|wynagrodzenie|pensja|lön|löneutbetalning|lønn|løn|palkka|給与|給料|賞与|キユウヨ|キュウヨ',
].join('|')
const pay = anyOf(payWords)
const payCategory =
  /^(salary|salaries|payroll|paychecks?|wages?|income (wages|salary|retirement pension|unemployment|military).*|freelance|gig|self employment|pension|mzda|d[uů]chod)$/
/** Income of any kind: where there is nothing more like it, it is pay. */
const incomeCategory = /^income( other income)?$/
/** Income that is nobody's pay, by its name: under a category as coarse as `INCOME` there is both. */
const namedNotPay = anyOf(
  '(?:interest|dividends?) (?:payment|paid|earned|credit|income)|tax ref(?:und)?|treas(?:ury)? .*tax ref|cash ?back|refunds?|steuererstattung',
)
const notPay = anyOf(
  'interest|zinsen|[uú]rok[uůy]?|refunds?|cashback|cash back|rebates?|reimbursements?|dividends?|fees?|bonus(?:es)?|erstattung|remboursement|reembolso|devoluci[oó]n|terugbetaling|rimborso|zwrot',
)

/** Behind a web address: STREAMHOUSE.COM/BILL, STREAMHOUSE.COM BILL and STREAMHOUSE COM BILL are no bills, and neither is what PayPal calls all that recurs. */
const noBill = /(?<=\S\.\p{L}+)(?:\/\S+| bill(?!\p{L}))|(?<= com)[/ ]bill(?!\p{L})|bill user payment/giu

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
  const says = wordsOf(template.replace(noBill, ' '))
  return {
    template,
    key,
    base: codedBase(template, key),
    code_end: codeEnd(template),
    // A name and a number that may be somebody's, and not of a phone. With a day in it, it is the same on that day of each year.
    numbered:
      key !== '' && /(?<!(?<!\d)\d{3}-\d{3}-)\d{4}/.test(template) && !/(?<!\d)\d\d[./-]\d\d(?!\d)/.test(template),
    between_people: betweenPeople.test(words),
    of_bank: namedOfBank.test(words),
    // Whoever has no name but a number, or the bank's word for a transfer, is no shop that one subscribes at.
    is_bill:
      bill.test(says) ||
      (toPerson.test(words) && !choice.test(words)) ||
      (isNameless(words) && /\d{4}|\p{L}{3}/u.test(template) && !choice.test(words)),
    is_payment: payment.test(words),
    is_interest: interest.test(words),
    is_late_fee: lateFee.test(words),
    // Alone it is interest to the Dutch, and a German pension is found by its size.
    is_pay: pay.test(words) && words !== 'rente',
    is_not_pay: namedNotPay.test(words) && !pay.test(words),
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
    is_income: incomeCategory.test(words),
    is_not_pay: notPay.test(words),
  }
}

/** {@link due} in the text of a bank, as a pattern of Postgres. What names how it was paid (by phone, on the internet) is none of it. */
export const dueInText = String.raw`\y(${due.join('|').replaceAll('\\p{L}', '[[:alpha:]]')})\y|${dueInside}`
/** {@link pay} in the text of a bank, as a pattern of Postgres. */
export const payInText = `\\y(${payWords})\\y`
/** Pay, but beside the regular one. */
export const bonusInText = String.raw`\y(bonus|bonuses|13th salary|weihnachtsgeld|urlaubsgeld)\y`
