/** Whole cents as an exact decimal string: -1205 is '-12.05'. */
export function money(cents: number): string {
  return decimal(cents, 2)
}

/** A whole number of units of the last place as a decimal: 12345 with four places is '1.2345'. */
export function decimal(units: number, places: number): string {
  const digits = String(Math.abs(units)).padStart(places + 1, '0')
  return `${units < 0 ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** So many percent of an amount, in whole cents. */
export function percent(cents: number, rate: number): number {
  return Math.round((cents * rate) / 100)
}
