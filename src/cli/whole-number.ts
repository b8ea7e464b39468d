import { InvalidArgumentError } from 'commander'

/** The value of a flag as a whole number that is exact. */
export function wholeNumber(text: string): number {
  const number = Number(text)
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number)) throw new InvalidArgumentError('Give a whole number.')
  return number
}

/** {@link wholeNumber} within bounds. */
export function wholeNumberFrom(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = wholeNumber(text)
    if (number >= least && number <= most) return number
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER ? `Give a whole number from ${least}.` : `Give ${least} to ${most}.`,
    )
  }
}
