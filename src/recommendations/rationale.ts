import { fillPlaceholders, placeholdersOf, type RationaleFormat } from '../schema/catalogue.js'
import { text } from '../schema/values.js'
import { at, decimalOf } from './compare.js'

/** The words with the numbers of the person, or the fields that are not there or not of the format. */
export function fillRationale(
  template: string,
  facts: unknown,
  locale: string,
): { words: string | null; missing: string[] } {
  const written = new Map<string, string | undefined>()
  for (const { field, format } of placeholdersOf(template)) {
    written.set(`${field}|${format}`, write(facts, field.split('.'), format, locale))
  }
  const missing = [...written].filter(([, words]) => words === undefined).map(([name]) => name)
  if (missing.length > 0) return { words: null, missing }
  const words = fillPlaceholders(template, (field, format) => written.get(`${field}|${format}`) ?? '')
  // numbers side by side may look like a card's, which no text may hold
  return text(10_000).safeParse(words).success ? { words, missing } : { words: null, missing: ['rationale'] }
}

function write(facts: unknown, path: readonly string[], format: RationaleFormat, locale: string): string | undefined {
  const value = at(facts, path)
  if (format === 'text') return typeof value === 'string' && value !== '' ? value : undefined
  if (format === 'date') return typeof value === 'string' ? writeDay(value, locale) : undefined
  if (format === 'money') {
    const currency = currencyOf(facts, path)
    if (typeof value !== 'string' || decimalOf(value) === undefined || currency === undefined) return undefined
    return numbers(locale, { style: 'currency', currency }, value)
  }
  const decimal = decimalOf(value)
  if (decimal === undefined) return undefined
  if (format === 'percent') return numbers(locale, { style: 'percent', maximumFractionDigits: 1 }, decimal)
  if (format === 'number') return numbers(locale, { maximumFractionDigits: 2 }, decimal)
  return /^-?\d+(\.0+)?$/.test(decimal) ? numbers(locale, {}, decimal) : undefined
}

/** A decimal string is formatted as it is, without becoming a JavaScript number. */
function numbers(locale: string, options: Intl.NumberFormatOptions, decimal: string): string {
  return new Intl.NumberFormat(locale, options).format(decimal as Intl.StringNumericLiteral)
}

function writeDay(day: string, locale: string): string | undefined {
  const instant = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(day) : Number.NaN
  if (Number.isNaN(instant)) return undefined
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(instant)
}

/** Money is in the currency that stands beside it, or nearest above. */
function currencyOf(facts: unknown, path: readonly string[]): string | undefined {
  for (let depth = path.length - 1; depth > 0; depth--) {
    const currency = at(facts, [...path.slice(0, depth), 'currency'])
    if (typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)) return currency
  }
  return undefined
}
