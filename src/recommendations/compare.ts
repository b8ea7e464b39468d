/** -1, 0 or 1, exactly, of decimals such as `'60.0000'` or `'1e-7'`. */
export function compareDecimals(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)]
  const exponent = Math.min(x.exponent, y.exponent)
  const [m, n] = [x, y].map((p) => p.digits * 10n ** BigInt(p.exponent - exponent)) as [bigint, bigint]
  return m < n ? -1 : m > n ? 1 : 0
}

/** The decimal that a JSON value is, if it is one. */
export function decimalOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? value : undefined
}

function parts(decimal: string): { digits: bigint; exponent: number } {
  const [mantissa = '0', exponent = '0'] = decimal.split('e')
  const [whole = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length }
}

/** What is at the end of the path; undefined when it leads nowhere. */
export function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inside, key) =>
      typeof inside === 'object' && inside !== null && Object.hasOwn(inside, key)
        ? (inside as Record<string, unknown>)[key]
        : undefined,
    value,
  )
}
