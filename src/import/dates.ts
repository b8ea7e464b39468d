/** How banks write days. `D` and `M` take one digit or two where something stands between; `MMM` is a name. */
export const dateFormats = [
  'YYYY-MM-DD',
  'YYYY/MM/DD',
  'YYYY.MM.DD',
  'YYYY.MM.DD.',
  'YYYYMMDD',
  'YYMMDD',
  'DD.MM.YYYY',
  'DD/MM/YYYY',
  'DD-MM-YYYY',
  'DD.MM.YY',
  'DD/MM/YY',
  'DD-MM-YY',
  'DDMMYYYY',
  'MM/DD/YYYY',
  'MM-DD-YYYY',
  'MM/DD/YY',
  'MM-DD-YY',
  'D MMM YYYY',
  'D MMM YY',
  'D-MMM-YYYY',
  'D-MMM-YY',
  'D/MMM/YYYY',
  'MMM D YYYY',
  'MMM D, YYYY',
] as const

export type DateFormat = (typeof dateFormats)[number]

const english = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

/**
 * A function that gives `'YYYY-MM-DD'`, or undefined for what is not of the format. Whether the day exists is left to the
 * caller.
 */
export function dayReader(format: DateFormat, months?: readonly string[]): (text: string) => string | undefined {
  const separated = /[^YMD]/.test(format)
  const pattern = format
    .replace(/[.]/g, '\\$&')
    .replace(/ /g, '\\s+')
    .replace('YYYY', '(?<year>\\d{4})')
    .replace('YY', '(?<year>\\d\\d)')
    .replace('MMM', '(?<month>\\p{L}+)\\.?')
    .replace(/MM(?!M)/, separated ? '(?<month>\\d{1,2})' : '(?<month>\\d\\d)')
    .replace(/DD?(?![a-z])/, separated ? '(?<day>\\d{1,2})' : '(?<day>\\d\\d)')
  const whole = new RegExp(`^${pattern}(?:[T,\\s]+\\d{1,2}[:.]\\d\\d.*)?$`, 'u')
  const monthNumber = format.includes('MMM') ? monthReader(months) : (text: string) => text.padStart(2, '0')

  return (text) => {
    const { year, month, day } = whole.exec(text.trim())?.groups ?? {}
    const number = month === undefined ? undefined : monthNumber(month)
    if (year === undefined || day === undefined || number === undefined) return undefined
    return `${fullYear(year)}-${number}-${day.padStart(2, '0')}`
  }
}

function fullYear(year: string): string {
  if (year.length === 4) return year
  return `${Number(year) >= 69 ? '19' : '20'}${year}`
}

function monthReader(given: readonly string[] | undefined): (text: string) => string | undefined {
  const names = given?.map((name) => name.toLowerCase().replace(/\.$/, '')) ?? english
  return (text) => {
    const name = text.toLowerCase()
    // `Sep`, `Sept` and `September`: what begins the long name, from three letters on
    const index = names.findIndex((month) => month === name || (given === undefined && isShort(name, month)))
    return index === -1 ? undefined : String(index + 1).padStart(2, '0')
  }
}

function isShort(name: string, month: string): boolean {
  return name.length >= 3 && month.startsWith(name)
}
