export interface Separators {
  readonly decimal: '.' | ','
  readonly thousands?: '.' | ',' | ' ' | "'" | undefined
}

// As banks write them: a sign on either side, brackets for a minus, a sign or code of a currency, the dash of typography.
const shape = /^(?<open>\()?(?<before>[-+])?(?<digits>[\d.,'\s]+?)(?<after>[-+])?(?<close>\))?$/

/**
 * A function that gives an exact decimal string as the library takes it, or undefined for what is not an amount. Never by
 * way of a JavaScript number.
 */
export function amountReader({ decimal, thousands }: Separators): (text: string) => string | undefined {
  const point = `\\${decimal}`
  const group = thousands === undefined ? undefined : thousands === ' ' ? '\\s' : `\\${thousands}`
  // Groups of two are Indian; the last one always has three.
  const grouped = group === undefined ? '' : `|\\d{1,3}(?:${group}\\d{2,3})*${group}\\d{3}`
  const digitsPattern = new RegExp(`^(?<whole>\\d+${grouped})?(?:${point}(?<fraction>\\d*))?$`)

  return (text) => {
    const plain = text
      .replace(/[\u2212\u2013]/g, '-')
      .replace(/[\u2019\u02bc]/g, "'")
      .replace(/\p{Sc}|\b[A-Z]{3}\b|K\u010d/gu, '')
      .trim()
    const parts = shape.exec(plain)?.groups
    if (parts === undefined || (parts.open === undefined) !== (parts.close === undefined)) return undefined
    const signs = [parts.before, parts.after, parts.open].filter((sign) => sign !== undefined)
    if (signs.length > 1) return undefined

    const { whole, fraction = '' } = digitsPattern.exec((parts.digits as string).trim())?.groups ?? {}
    if (whole === undefined && fraction === '') return undefined
    const digits = (whole ?? '0').replace(/\D/g, '').replace(/^0+(?=\d)/, '')
    const cents = fraction.slice(4).replace(/0+$/, '') === '' ? fraction.slice(0, 4) : fraction
    const value = cents === '' ? digits : `${digits}.${cents}`
    return signs[0] === '-' || signs[0] === '(' ? negated(value) : value
  }
}

/** The other sign. Zero has none. */
export function negated(amount: string): string {
  if (amount.startsWith('-')) return amount.slice(1)
  return isZero(amount) ? amount : `-${amount}`
}

export function unsigned(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : amount
}

export function isZero(amount: string): boolean {
  return !/[1-9]/.test(amount)
}
