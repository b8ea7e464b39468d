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
  const text = payee(merchant.replace(/\s+/g, ' ').trim().toLowerCase())
  const key = steps.reduce((left, [pattern, by]) => left.replace(pattern, by), text).trim()
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
  const [, before] = /^(.+\S) ?\* ?\p{L}{4,}(?: .*\d.*)?$/u.exec(merchant.trim()) ?? []
  if (before === undefined || processor.test(`${before}*`)) return null
  const base = strip(before)
  return base === '' || base === key ? null : base
}

/** Whether words are the bank's alone, or none: OP, DE, standing order. */
export const isNameless = (words: string): boolean => !hasName(words.replace(aroundNames, ' '))

const hasName = (key: string) =>
  /\p{L}{3}|\p{L}&\p{L}|[\p{Script=Han}\p{Script=Katakana}\p{Script=Hiragana}\p{Script=Hangul}]{2}/u.test(key)

const months =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)'

/** Months as banks write them behind a name, in the languages below. May, and what is a word or a name besides, is left out. */
const monthNames = [
  'january february march april june july august september october november december',
  'januar februar märz maerz mai juni juli oktober dezember',
  'janvier fevrier février mars avril juin juillet aout août septembre octobre novembre decembre décembre',
  'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
  'januari februari maart mei augustus',
  'gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre',
  'janeiro fevereiro março marco maio junho julho setembro outubro dezembro',
  'leden únor březen duben květen červen červenec srpen září říjen listopad prosinec',
  'styczeń luty marzec kwiecień czerwiec lipiec sierpień wrzesień październik grudzień',
  'augusti maj',
]
  .join(' ')
  .replaceAll(' ', '|')

/** Words that banks put around a name: what kind of payment it is, never to whom. */
const bankWords = [
  // English
  'preapproved payment bill user payment',
  'pos',
  '(?:(?:debit|check|visa|mastercard|maestro|digital) ?)?card',
  'checkcard',
  '(?:contactless )?interac',
  'e-?transfer sent',
  'visa',
  'mastercard',
  'recurring',
  'authori[sz]ed on',
  'purchases?',
  'pre-?authori[sz]ed',
  'direct debit',
  'standing order',
  'faster payments?',
  'bill ?pay(?:ment|mt)?',
  'web (?:authori[sz]ed )?pmts?',
  'online (?:payment|transfer)',
  'e-?payment',
  'payments?',
  'pymts?',
  'pmt',
  'ach',
  'eft',
  'sepa',
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
  'mandat[eo](?: no)?',
  'trn',
  'txn',
  'trace',
  'id',
  'no',
  'nr(?: karty)?',
  'to',
  'from',
  'via (?:mobile|faster payment|mollie|adyen|stripe|paypal)',
  'sto',
  'account',
  'acct?',
  'iban',
  'bic',
  // German
  'lastschrift',
  '(?:basis|folge|erst)-?lastschrift',
  'einzugsermächtigung',
  'dauerauftrag',
  'terminueb',
  '(?:echtzeit-?)?(?:ueberweisung|überweisung)',
  'kartenzahlung',
  'girocard',
  'gutschrift',
  'rechnung',
  // French
  'pr[eé]l[eè]vement(?: europ[eé]en)?',
  'prlv',
  '(?:vir(?:ement)?)(?: (?:sepa|instantan[eé]|inst|[eé]mis(?: web)?|perm(?:anent)?|recu|reçu|web))*',
  'paiement(?: par carte| cb)?',
  'achat cb',
  '(?:facture )?carte(?: du)?',
  'cb',
  'pour',
  // Spanish and Portuguese
  'recibo',
  'adeudo(?: recibo)?',
  'domiciliaci[oó]n',
  'compra(?: (?:en|no d[eé]bito|internet(?: en)?|tarj|cart[aã]o(?: deb(?: mc)?)?))?',
  'pago con tarjeta(?: en)?',
  'tarjeta',
  'transf(?:er[eê]ncia|erencia)?(?: (?:inmediata|periodica|pix))?',
  'orden permanente',
  'a favor de',
  'd[eé]bito autom[aá]tico',
  'deb autom',
  'pgto conta',
  'pag(?:amento)?(?: de)? boleto',
  'pix(?: (?:enviado|recebido|transf|qrs))?',
  'ted enviada',
  // Italian
  'addebito(?: diretto)?(?: sdd)?(?: disposto a favore di)?',
  'pagamento(?: (?:su )?pos)?',
  'bonifico(?: (?:(?:disposto )?a favore di|istantaneo))?',
  // Romanian
  'plat[aă] la(?: pos)?',
  // Dutch
  'bea',
  'ecom',
  '(?:sepa )?incasso(?: algemeen)?(?: doorlopend)?',
  'ideal',
  'betaalpas',
  '(?:sepa )?periodieke overb(?:oeking)?',
  'overboeking',
  // Czech and Polish
  'inkaso',
  'sipo',
  'platba(?: (?:kartou|trvalým příkazem))?',
  'nákup(?: (?:dne|na internetu))?',
  'trvalý příkaz',
  '(?:odchozí|příchozí)(?: okamžitá)? (?:úhrada|platba)',
  'okamžitá platba',
  'p[rř]evod (?:na|z) [uú][cč](?:et|tu)',
  'płatność kartą',
  'zakup (?:przy użyciu karty|blik)',
  'polecenie zapłaty',
  'zlecenie stałe',
  'przelew(?: (?:zewnętrzny|wewnętrzny|krajowy))?(?: (?:wychodzący|przychodzący|na telefon|express|do))?',
  'faktura',
  // Swedish, Norwegian and Danish
  'autogiro',
  '(?:reservation )?kortköp',
  'e-?faktura',
  'betalning(?: bg| pg)?',
  'stående överföring',
  'överföring',
  'varekj[oø]p',
  'avtalegiro',
  'betalingsservice',
  // Japanese
  '(?:visa)?デビット',
  '口座振替',
  '(?:定額自動)?振込',
].join('|')

const processors =
  'sq|tst|sp|py|pp|paypal|stripe|sumup|izettle|zettle|zlr|klarna|adyen|mollie|payu|ic|fsp|eb|2co\\.com|fs|wpy|dri|ppl|razorpay|billdesk|gopay|pagseguro|pg|mp|ebn|dl|tap|myfatoorah|lydia'
const legalForms =
  'inc|llc|ltd|limited|gmbh|ag|s\\.?r\\.?o|a\\.?s|s\\.?a|b\\.?v|n\\.?v|oy|ab|corp|corporation|plc|kg|ug|se|spa|srl|sarl'

const processor = new RegExp(`^ ?(?:${processors}) ?\\*+ ?`, 'i')

/** A word of its own in any script, which `\b` is for ASCII alone. */
const word = (pattern: string, flags = 'gu') => new RegExp(`(?<![\\p{L}\\p{N}])(?:${pattern})(?![\\p{L}\\p{N}])`, flags)

const aroundNames = word(`(?:${bankWords})[:.]?`)

// Fields that banks write one behind the other: NAME/…/REMI/…, Naam: … Machtiging: …, DE: … MOTIF: …
const nameField =
  /(?:^|[\s/])(?:(?:naam|name|nom|nombre|namn|nazwa|empf(?:ä|ae)nger|zahlungsempf(?:ä|ae)nger|beneficiary|creditor|payee|merchant(?: name)?|pour|de)(?:: ?|\/)|to: ?)(?=[^/:]*\p{L}{2})([^/:]+?)(?= [\p{L}\d]+(?: (?:id|nr))? ?:|\/|$)/u
/** NAME between strokes behind its label: /MOTIF LOYER /BEN STREAMHOUSE /REFDO. */
const strokeField = /\/ ?ben (?=[^/]*\p{L}{2})([^/]+?)(?= ?\/|$)/u
const otherField =
  / (?:des|indn|(?:co|web|ppd|ccd|tel) id|[em]ref|cred|svwz|abwa|mdt|rum|ech|motif|concepto|omschrijving|kenmerk|machtiging|id emetteur|ref\.? mandato|n[º°] recibo|v[sk]|ss)(?:[:+/] ?|\. )/
/** PayPal, where the shop is what was bought at. */
const boughtAt = /(?:ihr einkauf bei|your purchase at|votre achat chez|su compra en|uw aankoop bij|\/ ?paypal) (.+)$/
/** Rails whose fields are parted by strokes: UPI/DR/4711/STREAMHOUSE/HDFC/…, IMPS-4711-NAME-…. */
const rail = /^(?:upi|imps|neft|rtgs|nach|ecs|ecom|bil|tpt|ach [dc]|neft [dc]r|si|pos)[-/] ?(?=.*[-/])/

/** The part of the text that names the other party, where its form tells. */
function payee(text: string): string {
  const shop = boughtAt.exec(text)?.[1]
  if (shop !== undefined && hasName(shop)) return shop
  if (rail.test(text)) return railPayee(text)
  const starred = processorInside.exec(text)
  if (starred !== null && hasName(text.slice(starred.index + starred[0].length))) {
    return text.slice(starred.index + starred[0].length)
  }
  const named = nameField.exec(text)?.[1] ?? strokeField.exec(text)?.[1]
  if (named !== undefined && hasName(named.replace(aroundNames, ' '))) return named
  const before = text.split(otherField, 1)[0] ?? ''
  return hasName(before.replace(aroundNames, ' ')) ? before : text
}
const processorInside = new RegExp(`(?:^| )(?:${processors}) ?\\*+ ?`, 'u')

function railPayee(text: string): string {
  const [, ...parts] = text.split(/[-/] ?/)
  const named = parts.filter(
    (part) => hasName(part.replace(/\d.*/, '').replace(aroundNames, ' ')) && !railWords.test(part),
  )
  const address = named.find((part) => part.includes('@'))
  return address?.replace(/@.*/, '') ?? named[0] ?? text
}
const railWords = /^(?:upi|dr|cr|pay|payment|mandate|onl|paid via upi|self|[a-z]{4}\d{3,}.*)$/

/** In order; each on what the ones before left. */
const steps: ReadonlyArray<readonly [pattern: RegExp, by: string]> = [
  // Processors in front of the name: SQ *BAKERY, PAYPAL *STREAMING, PAYPAL INST XFER STREAMING.
  [processor, ''],
  [/^ ?paypal (?:inst xfer|pte ltd|europe\S*) /, ''],
  // The number of a card, masked: 4246xx2562, 512345XXXXXX1234.
  [/(?<![\p{L}\p{N}])\d{0,6}[x*]{2,}\d{3,4}(?![\p{L}\p{N}])/gu, ' '],
  // A code after an asterisk: AMZN MKTP US*2K3L45. UBER *TRIP keeps its word.
  [/\* ?(?=\S*\d)\S+/g, ' '],
  [/\*/g, ' '],
  [/https?:\/\/|\bwww\./g, ''],
  // The short address of a help page behind the name, and the place that follows: GOOGLE *STORAGE g.co/helppay# CA.
  [/ [a-z]{1,2}\.[a-z]{2,3}\/.*$/, ''],
  [/\.(?:com|net|org|io|tv|app|co\.uk|co|de|fr|eu|ca|us|cz|nl|at|ch|pl|se|es|br|in|jp)\b(?:\/\S*)?/g, ' '],
  // Dates: 2026-03-14, 03/14, 14.3.26, 14 MAR 2026, MAR 2026, POS20SEP, rent March.
  [/\b\d{1,4}[-/.]\d{1,2}(?:[-/.]\d{2,4})?\b/g, ' '],
  [new RegExp(`\\b(?:pos|atm)?\\d{1,2} ?${months} ?(?:\\d{4}|\\d{2})?\\b|\\b${months}[ -]?\\d{1,4}\\b`, 'g'), ' '],
  [new RegExp(`[ ,](?:${monthNames})(?![\\p{L}\\p{N}])`, 'gu'), ' '],
  // A reference, which may have one digit only.
  [/\b(?:ref|reference|ocr|vs|ks|ss)[.:# ]+(?=\S*\d)\S+/g, ' '],
  [aroundNames, ' '],
  [/[^\p{L}\p{N}&+#'.-]+/gu, ' '],
  [/^[ .#'-]+/, ''],
  // A code in front of the name: digits, or letters and digits mixed in six characters or more, but 1PASSWORD is a name.
  [/^(?:#?\d[\d.-]{2,} |(?!\d{1,2}[a-z]{5,} )(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{6,} )+(?=\S*\p{L}{2})/u, ''],
  // A code behind the name, and the place that follows: STORE 01234 SEATTLE WA, 866-555-0100 CA, P1A2B3C4, QWZA6TRX.
  [/ (?:#|\S*\d\S*\d|(?=[a-z]*\d)[a-z\d]{6,}(?![\p{L}\p{N}])).*$/u, ''],
  [/ (?:store|shop|filiale?|st|str|no|nr)\.?$/, ''],
  [/ #?\d$/, ''],
  [new RegExp(`[ ,](?:${legalForms})(?![\\p{L}\\p{N}])\\.?`, 'gu'), ' '],
  [/[.'-]+/g, ' '],
  [/ +/g, ' '],
]
