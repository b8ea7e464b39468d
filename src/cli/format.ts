import { escapeOf } from '../readonly/cell-json.js'

/** How values are written for people: always in English, whatever the machine's locale. */

const locale = 'en-US'

/** An exact decimal string as money: `('-12.5000', 'USD')` is `-$12.50`. */
export function money(amount: string, currency: string): string {
  // Decimal strings are formatted exactly (ECMA-402 2023); the type wants to know that they are numeric.
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount as `${number}`)
}

/** {@link money} with its sign, also above zero. */
export function change(amount: string, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency, signDisplay: 'exceptZero' })
  return format.format(amount as `${number}`)
}

export function count(value: number): string {
  return value.toLocaleString(locale)
}

/** `counted(2, 'person', 'people')` is `2 people`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

/** `2025-12-31 09:05 UTC` */
export function instant(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

// But line ends, tabs, and the colours that `Output.style` gives.
const steering =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /(?!\n|\t|\x1b\[(?:[12]|22|3[1236]|39)m)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** Text with values of rows and files for a terminal: characters that would steer it, or turn text around, as escapes. */
export function printable(text: string): string {
  return text.replace(steering, escapeOf)
}

/** {@link printable} on one line. */
export function printableLine(text: string): string {
  return printable(text.replaceAll('\n', '\\n').replaceAll('\t', ' '))
}

/** As many characters as fit, with an ellipsis where some are missing. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`
}

/** Lines of at most `width` characters, broken between words. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
