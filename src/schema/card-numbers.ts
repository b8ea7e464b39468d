/**
 * Finds full card numbers in text. A number is taken for one when all of this holds:
 * - it has 13 to 19 digits, in one group, in the groups that cards print (4-4-4-4 and up to three more, 4-4-4-1…3, 4-6-5,
 *   4-6-4), or in any groups that stand alone; one space or dash between groups;
 * - no letter, digit or underscore touches it, and no `+` stands before it where it has at most 15 digits (E.164);
 * - it is not part of a UUID or of an IBAN with right check digits;
 * - it begins as cards of that length do (ISO/IEC 7812 issuer numbers, {@link issued});
 * - its last digit is right (Luhn, ISO/IEC 7812-1 annex B).
 *
 * Masked numbers pass. About one in 25 of other numbers with 16 digits does not: no text can tell those from cards.
 */
export function containsCardNumber(text: string): boolean {
  return findCardNumber(text) !== undefined
}

/** The text with every digit but the last four of each full card number as `*`. */
export function maskCardNumbers(text: string): string {
  let masked = text
  for (;;) {
    const found = findCardNumber(masked)
    if (found === undefined) return masked
    const [start, end] = found
    const number = masked.slice(start, end)
    let digits = number.replace(/\D/g, '').length
    masked = masked.slice(0, start) + number.replace(/\d/g, (digit) => (digits-- > 4 ? '*' : digit)) + masked.slice(end)
  }
}

// Most texts have no 13 digits and are done here.
const enoughDigits = /\d(?:[ \-\u00a0\u2010-\u2013]?\d){12}/
const runs = /\d+(?:[ \-\u00a0\u2010-\u2013]\d+)*/g
const wordCharacter = /[\p{L}\p{N}_]/u
const uuids = /(?<![0-9a-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])/gi
const ibans = /(?<![A-Z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?![A-Z0-9])/gi

type Span = readonly [start: number, end: number]

/** Where the first one starts and ends. Ids are taken out only of what has one, since few texts do. */
function findCardNumber(text: string): Span | undefined {
  if (!enoughDigits.test(text) || findInText(text) === undefined) return undefined
  const blank = (id: string) => '\0'.repeat(id.length)
  return findInText(
    text.replace(uuids, blank).replace(ibans, (words) => {
      const iban = leadingIban(words)
      return blank(iban) + words.slice(iban.length)
    }),
  )
}

function findInText(text: string): Span | undefined {
  for (const { 0: run, index } of text.matchAll(runs)) {
    if (run.length < 13) continue
    const isPhone = text[index - 1] === '+' && run.replace(/\D/g, '').length <= 15
    if (isPhone) continue
    const groups = [...run.matchAll(/\d+/g)]
    if (wordCharacter.test(text[index - 1] ?? '')) groups.shift()
    if (wordCharacter.test(text[index + run.length] ?? '')) groups.pop()
    const [start, end] = findInRun(groups) ?? []
    if (start !== undefined && end !== undefined) return [index + start, index + end]
  }
  return undefined
}

/** In groups of digits that follow each other. */
function findInRun(groups: readonly RegExpExecArray[]): Span | undefined {
  const span = (first: number, last: number) => {
    const [start, end] = [groups[first], groups[last]] as [RegExpExecArray, RegExpExecArray]
    return [start.index, end.index + end[0].length] as const
  }
  const all = groups.length - 1
  if (all < 19 && isCardNumber(groups.join(''))) return span(0, all)

  for (let i = 0; i <= all; i++) {
    let number = ''
    let shape = ''
    for (let j = i; j <= all && j < i + 5; j++) {
      const [group = ''] = groups[j] ?? []
      number += group
      shape += `${group.length}-`
      if (printed.test(shape) && isCardNumber(number)) return span(i, j)
    }
  }
  return undefined
}

/** The numbers of digits in the groups that cards print, or one group. */
const printed = /^(\d+-|4-4-4-4-([1-3]-)?|4-4-4-[1-3]-|4-6-[45]-)$/

/** Whether digits alone, without separators, are a card number. */
export function isCardNumber(digits: string): boolean {
  return (
    issued.some(([prefix, min, max]) => digits.length >= min && digits.length <= max && prefix.test(digits)) &&
    luhn(digits)
  )
}

/** How numbers of the networks begin, and how many digits they have. */
const issued: ReadonlyArray<readonly [prefix: RegExp, min: number, max: number]> = [
  [/^4/, 13, 13], // Visa
  [/^4/, 16, 16],
  [/^4/, 19, 19],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 16, 16], // Mastercard
  [/^3[47]/, 15, 15], // American Express
  [/^(30[0-5]|3095|3[689])/, 14, 19], // Diners Club
  [/^35(2[89]|[3-8])/, 16, 19], // JCB
  [/^220[0-4]/, 16, 19], // Mir
  [/^(50|5[6-9]|6)/, 13, 19], // Maestro, Discover, UnionPay, RuPay, Elo, Verve
  [/^(8[12]|9792)/, 16, 16], // UnionPay, RuPay, Troy
]

function luhn(digits: string): boolean {
  let sum = 0
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 48
    sum += double ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit
  }
  return sum % 10 === 0
}

/** The IBAN that the text starts with; words that follow may look like more of it. */
function leadingIban(text: string): string {
  for (let iban = text; iban !== ''; iban = iban.slice(0, Math.max(0, iban.lastIndexOf(' ')))) {
    if (isIban(iban)) return iban
  }
  return ''
}

/** ISO 13616: letters count as 10 to 35, and the number with its first four characters last leaves 1 when divided by 97. */
function isIban(text: string): boolean {
  const iban = text.replaceAll(' ', '').toUpperCase()
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return iban.length >= 15 && iban.length <= 34 && rest === 1
}
