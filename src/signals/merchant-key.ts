/**
 * What stays the same of a merchant's name from charge to charge: lower case, without payment processors, the words of
 * banks, web addresses, dates, phone numbers, reference codes, store numbers and what follows them (the city), legal forms. A
 * name of which nothing but codes is left, such as an account number, is itself as far as its first code.
 */
export function merchantKey(merchant: string): string {
  return strip(merchant) || merchant.slice(0, codeEnd(merchant)).trim().toLowerCase()
}

/** {@link merchantKey}, empty where the name has nothing but codes. */
export function strip(merchant: string): string {
  const key = steps.reduce((text, [pattern, by]) => text.replace(pattern, by), merchant.toLowerCase()).trim()
  return hasName(key) ? key : ''
}

/** Where the first code ends, which may be in groups of four as an IBAN is: what follows are references and dates. */
export function codeEnd(merchant: string): number {
  const [code] = /^.*?(?:\S*\d){4}\S*(?: \d{1,4}(?= |$))*/.exec(merchant) ?? [merchant]
  return code.length
}

/**
 * The key of what is before an asterisk, where what is behind it may be a code of letters alone (GYM*KWYHUS), and no
 * processor is in front of it.
 */
export function codedBase(merchant: string, key: string): string | null {
  const [, before] = /^(.+\S) ?\*\p{L}{4,}$/u.exec(merchant.trim()) ?? []
  if (before === undefined || processor.test(`${before}*`)) return null
  const base = strip(before)
  return base === '' || base === key ? null : base
}

const hasName = (key: string) => /\p{L}{3}/u.test(key)

const months =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'

/** Words that banks put around a name: what kind of payment it is, never to whom. */
const bankWords = [
  'pos',
  '(?:(?:debit|check|visa|mastercard|maestro) ?)?card',
  'checkcard',
  'visa',
  'mastercard',
  'recurring',
  'authori[sz]ed on',
  'purchases?',
  'pre-?authori[sz]ed',
  'direct debit',
  'standing order',
  'bill ?pay(?:ment)?',
  'web pmts?',
  'online (?:payment|transfer)',
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
  'ueberweisung',
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
  'ref(?:erence)?',
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

const processors =
  'sq|tst|sp|py|pp|paypal|stripe|sumup|izettle|zettle|zlr|klarna|adyen|mollie|payu|ic|fsp|eb|2co\\.com|fs|wpy|dri|ppl'
const legalForms =
  'inc|llc|ltd|limited|gmbh|ag|s\\.?r\\.?o|a\\.?s|s\\.?a|b\\.?v|n\\.?v|oy|ab|corp|corporation|plc|kg|ug|se|spa|srl|sarl'

const processor = new RegExp(`^ ?(?:${processors}) ?\\*+ ?`, 'i')

/** In order; each on what the ones before left. */
const steps: ReadonlyArray<readonly [pattern: RegExp, by: string]> = [
  [/\s+/g, ' '],
  // Processors in front of the name: SQ *BAKERY, PAYPAL *STREAMING, PAYPAL INST XFER STREAMING.
  [processor, ''],
  [/^ ?paypal (?:inst xfer|pte ltd|europe\S*) /, ''],
  // A code after an asterisk: AMZN MKTP US*2K3L45. UBER *TRIP keeps its word.
  [/\* ?(?=\S*\d)\S+/g, ' '],
  [/\*/g, ' '],
  [/https?:\/\/|\bwww\./g, ''],
  [/\.(?:com|net|org|io|tv|app|co\.uk|co|de|fr|eu|ca|us|cz|nl|at|ch)\b(?:\/\S*)?/g, ' '],
  // Dates: 2026-03-14, 03/14, 14.3.26, 14 MAR 2026, MAR 2026, rent March.
  [/\b\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{2,4})?\b/g, ' '],
  [new RegExp(`\\b\\d{1,2} ?${months} ?(?:\\d{4}|\\d{2})?\\b|\\b${months}[ -]?\\d{1,4}\\b`, 'g'), ' '],
  [/ (?:january|february|march|april|june|july|august|september|october|november|december)\b/g, ' '],
  [/überweisung|prélèvement/g, ' '],
  [new RegExp(`\\b(?:${bankWords})\\b[:.]?`, 'g'), ' '],
  [/[^\p{L}\p{N}&+#'.-]+/gu, ' '],
  [/^[ .#'-]+/, ''],
  // A code in front of the name: digits, or letters and digits mixed in six characters or more.
  [/^(?:#?\d[\d.-]{2,} |(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{6,} )+(?=\S*\p{L}{3})/u, ''],
  // A code behind the name, and the place that follows: STORE 01234 SEATTLE WA, 866-555-0100 CA, P1A2B3C4.
  [/ (?:#|\S*\d\S*\d).*$/, ''],
  [/ (?:store|shop|filiale?|st|str|no|nr)\.?$/, ''],
  [/ #?\d$/, ''],
  [new RegExp(`[ ,](?:${legalForms})(?![\\p{L}\\p{N}])\\.?`, 'gu'), ' '],
  [/[.'-]+/g, ' '],
  [/ +/g, ' '],
]
