import { type RawBuilder, sql } from 'kysely'

/**
 * What stays the same of a merchant's name from charge to charge, as SQL: lower case, without payment processors, the
 * words of banks, web addresses, dates, phone numbers, reference codes, store numbers and what follows them (the city), legal
 * forms. Fewer than three letters in a row: nothing but codes is left, and the name is its own key.
 */
export function merchantKey(merchant: RawBuilder<unknown>): RawBuilder<string> {
  const collapsed = sql`regexp_replace(lower(${merchant}), '\\s+', ' ', 'g')`
  return sql<string>`trim(${steps.reduce<RawBuilder<unknown>>((text, [pattern, by]) => replaceAll(text, pattern, by), collapsed)})`
}

/**
 * The name with zeros for digits. Names that differ by a reference code only have one template, so that what is asked of
 * names by regular expressions is asked of few: that was a third of all time.
 */
export function merchantTemplate(merchant: RawBuilder<unknown>): RawBuilder<string> {
  return sql<string>`translate(${merchant}, '123456789', '000000000')`
}

function replaceAll(text: RawBuilder<unknown>, pattern: string, by: string): RawBuilder<unknown> {
  return sql`regexp_replace(${text}, ${sql.lit(pattern)}, ${sql.lit(by)}, 'g')`
}

const months =
  '(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)'

/** Words that banks put around a name: what kind of payment it is, never to whom. */
const bankWords = [
  'pos',
  '(debit|check|visa|mastercard|maestro)? ?card',
  'checkcard',
  'visa',
  'mastercard',
  'recurring',
  'authori[sz]ed on',
  'purchases?',
  'pre-?authori[sz]ed',
  'direct debit',
  'standing order',
  'bill ?pay(ment)?',
  'web pmts?',
  'online (payment|transfer)',
  'e-?payment',
  'payments?',
  'pymt',
  'pmt',
  'ach',
  'eft',
  'sepa',
  'lastschrift',
  'basislastschrift',
  'dauerauftrag',
  '(ü|ue)berweisung',
  'kartenzahlung',
  'prelevement',
  'prlv',
  'virement',
  'bacs',
  'ddr?',
  'debit',
  'transfer',
  'inst xfer',
  'xfer',
  'withdrawal',
  'subscription',
  'membership',
  'autopay',
  'auto pay',
  'invoice',
  'inv',
  'ref(erence)?',
  'mandate',
  'trn',
  'txn',
  'trace',
  'id',
  'no',
  'nr',
  'to',
  'from',
  'account',
  'acct?',
  'iban',
  'bic',
].join('|')

/** In order; each on what the ones before left. */
const steps: ReadonlyArray<readonly [pattern: string, by: string]> = [
  // Processors in front of the name: SQ *BAKERY, PAYPAL *STREAMING, PAYPAL INST XFER STREAMING.
  [
    String.raw`^(sq|tst|sp|py|pp|paypal|stripe|sumup|izettle|zettle|zlr|klarna|adyen|mollie|payu|ic|fsp|eb|2co\.com|fs|wpy|dri|ppl)\s*\*+\s*`,
    '',
  ],
  [String.raw`^paypal (inst xfer|pte ltd|europe\S*( s\.?a\.? ?r\.?l\.?)?( et cie)?,?( s\.?c\.?a\.?)?)\s*`, ''],
  // A code after an asterisk: AMZN MKTP US*2K3L45, UBER *TRIP keeps its word.
  [String.raw`\*\s*(?=\S*\d)\S+`, ' '],
  [String.raw`\*`, ' '],
  [String.raw`(https?://|\mwww\.)`, ''],
  [String.raw`\.(com|net|org|io|tv|app|co\.uk|co|de|fr|eu|ca|us|cz|nl|at|ch)\M(/\S*)?`, ' '],
  // Dates: 2026-03-14, 03/14, 14.3.26, 14 MAR 2026, MAR 2026.
  [String.raw`\m\d{1,4}[-/.]\d{1,2}([-/.]\d{2,4})?\M`, ' '],
  [String.raw`\m\d{1,2} ?${months} ?(\d{4}|\d{2})?\M|\m${months}[ -]?\d{1,4}\M`, ' '],
  [String.raw`\s(january|february|march|april|june|july|august|september|october|november|december)\M`, ' '],
  [String.raw`\m(${bankWords})\M[:.]?`, ' '],
  ["[^[:alnum:]&+#'.-]+", ' '],
  ["^[ .#'-]+", ''],
  // A code in front of the name: digits, or letters and digits mixed in 6 characters or more.
  [String.raw`^(#?\d[\d.-]{2,}\s+|(?=[[:alpha:]]*\d)(?=\d*[[:alpha:]])[[:alnum:]]{6,}\s+)+(?=\S*[[:alpha:]]{3})`, ''],
  // A code behind the name, and the place that follows: STORE 01234 SEATTLE WA, 866-555-0100 CA, P1A2B3C4.
  [String.raw`\s(#|\S*\d\S*\d).*$`, ''],
  [String.raw`\s(store|shop|filiale?|st|str|no|nr)\.?$`, ''],
  [String.raw`\s+#?\d{1,2}$`, ''],
  [
    String.raw`[ ,]+(inc|llc|ltd|limited|gmbh|ag|s\.?r\.?o|a\.?s|s\.?a|b\.?v|n\.?v|oy|ab|corp|corporation|plc|kg|ug|se|spa|srl|sarl)\M\.?`,
    ' ',
  ],
  ["[.'-]+", ' '],
  [String.raw`\s+`, ' '],
]
