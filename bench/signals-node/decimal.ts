/** A number of ten-to-the-minus-`scale`s, as `numeric` has it. Money is kept in ten-thousandths, as numbers while they are whole. */
export interface Decimal {
  readonly units: bigint
  readonly scale: number
}

export const moneyScale = 4

export const decimal = (units: number | bigint, scale = moneyScale): Decimal => ({ units: BigInt(units), scale })

/** Of a double or an integer: 15 digits, as a cast to `numeric` keeps of a `float8`. */
export function decimalOf(value: number): Decimal {
  const [whole = '0', fraction = ''] = String(Number(value.toPrecision(15))).split('.')
  return decimal(BigInt(whole + fraction), fraction.length)
}

export const times = (a: Decimal, b: Decimal): Decimal => ({ units: a.units * b.units, scale: a.scale + b.scale })

export function plus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale)
  return { units: rescaled(a, scale) + rescaled(b, scale), scale }
}

/** To as many places as Postgres gives a quotient, so that what is rounded afterwards rounds alike: select_div_scale, numeric.c. */
export function divide(a: Decimal, b: Decimal): Decimal {
  const scale = quotientScale(a, b)
  return { units: quotient(a.units * power(scale + b.scale), b.units * power(a.scale)), scale }
}

function quotientScale(a: Decimal, b: Decimal): number {
  const [weightOfA, firstOfA] = leading(a)
  const [weightOfB, firstOfB] = leading(b)
  const weight = weightOfA - weightOfB - (firstOfA <= firstOfB ? 1 : 0)
  return Math.max(16 - 4 * weight, a.scale, b.scale, 0)
}

/** The first digit other than 0 in base 10,000, and its power. */
function leading({ units, scale }: Decimal): [weight: number, digit: number] {
  if (units === 0n) return [0, 0]
  const aligned = Math.ceil(scale / 4)
  const digits = String(units < 0n ? -units : units) + '0'.repeat(4 * aligned - scale)
  const count = Math.ceil(digits.length / 4)
  return [count - 1 - aligned, Number(digits.slice(0, digits.length - 4 * (count - 1)))]
}

/** Of values in ten-thousandths: standard deviation of a sample by mean. Null for fewer than two, or a mean of 0. */
export function variability(values: readonly number[]): Decimal | null {
  const n = BigInt(values.length)
  const sum = values.reduce((all, value) => all + BigInt(value), 0n)
  if (n < 2n || sum === 0n) return null
  const squares = values.reduce((all, value) => all + BigInt(value) ** 2n, 0n)
  const mean = divide(decimal(sum), decimal(n, 0))
  const spread = n * squares - sum * sum
  if (spread <= 0n) return decimal(0)
  const variance = divide(decimal(spread, 2 * moneyScale), decimal(n * (n - 1n), 0))
  return divide(root(variance), mean)
}

function root({ units, scale }: Decimal): Decimal {
  const squared = 4n * units * power(scale)
  let guess = BigInt(Math.floor(Math.sqrt(Number(squared)))) + 1n
  for (;;) {
    const next = (guess + squared / guess) >> 1n
    if (next === guess || next === guess + 1n) break
    guess = next
  }
  while (guess * guess > squared) guess--
  // twice the root, so that the last bit says which way to round
  return { units: (guess + 1n) >> 1n, scale }
}

/** In units of 10^-4, rounded away from zero at the middle. */
export const inTenThousandths = ({ units, scale }: Decimal): bigint =>
  scale > moneyScale ? quotient(units, power(scale - moneyScale)) : units * power(moneyScale - scale)

/** As money is written: four decimals. */
export function money(value: Decimal | number | bigint): string {
  const units = typeof value === 'object' ? inTenThousandths(value) : value
  const negative = units < 0
  const digits = String(negative ? -units : units).padStart(moneyScale + 1, '0')
  return `${negative ? '-' : ''}${digits.slice(0, -moneyScale)}.${digits.slice(-moneyScale)}`
}

/** As ratios are written: a number with four decimals. */
export const ratio = (value: Decimal | null) => (value === null ? null : Number(money(value)))

function rescaled({ units, scale }: Decimal, to: number): bigint {
  return to === scale ? units : units * power(to - scale)
}

function quotient(a: bigint, b: bigint): bigint {
  const doubled = ((a < 0n ? -a : a) * 2n) / (b < 0n ? -b : b)
  const rounded = (doubled + 1n) >> 1n
  return a < 0n !== b < 0n ? -rounded : rounded
}

const powers = Array.from({ length: 80 }, (_, i) => 10n ** BigInt(i))
const power = (exponent: number) => powers[exponent] ?? 10n ** BigInt(exponent)
