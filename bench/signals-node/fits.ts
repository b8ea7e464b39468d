import { type Cadence, cadences } from '../../src/signals/cadences.js'
import type { Charge } from './movements.js'

/** What the charges of a merchant have been looked at as, and what one of them keeps. */
export interface Candidate {
  /** 1 all, 2 of an account, 3 and 4 of a price band of one grid or the other, 5 of one price. */
  readonly level: 1 | 2 | 3 | 4 | 5
  /** By day, then price. */
  readonly charges: readonly Charge[]
  readonly least: number
  readonly most: number
  /** Days since 1970. */
  readonly first: number
  readonly last: number
}

export interface Fit {
  readonly cadence: Cadence
  /** Between days with charges. */
  readonly gaps: number
  readonly outliers: number
  readonly meanOff: number
  readonly skips: number
  readonly fixed: boolean
}

/** What is known of all charges under the name, those of other candidates too. */
export interface Merchant {
  readonly charges: number
  readonly betweenPeople: boolean
}

/** A quadruple, with room for how logarithms round. */
export const fourfold = Math.log(4) + 1e-9
/** Where the bank says that it is a bill, or amounts follow each other slowly: what heats in January is hardly used in July. */
export const tenfold = Math.log(10) + 1e-9
/** Cadences that two prices must not take turns in: they would be two subscriptions. */
const takesNoTurns = new Set(['weekly', 'fortnightly', 'semi_monthly', 'half_yearly'])

/** How the prices follow each other. */
interface Prices {
  readonly gaps: number
  readonly changes: number
  readonly steps: number
  readonly jumps: number
  readonly meanStep: number
  readonly meanStep2: number
}

/** The cadence that the charges keep best of those that their usual gap allows, if any is kept well enough. */
export function bestFit(candidate: Candidate, merchant: Merchant): Fit | undefined {
  const { charges } = candidate
  const gaps: number[] = []
  for (let i = 1; i < charges.length; i++) {
    const gap = (charges[i] as Charge).day.number - (charges[i - 1] as Charge).day.number
    if (gap > 0) gaps.push(gap)
  }
  if (gaps.length === 0 || 10 * (charges.length - gaps.length - 1) > charges.length) return undefined
  const usual = gaps.sort((a, b) => a - b)[Math.ceil(gaps.length / 2) - 1] as number
  let prices: Prices | undefined
  let best: Fit | undefined
  for (const cadence of cadences) {
    if (usual < cadence.between[0] || usual > cadence.between[1]) continue
    prices ??= pricesOf(charges)
    const fit = fitOf(cadence, candidate, prices, merchant)
    if (fit !== undefined && (best === undefined || compareFits(fit, best) < 0)) best = fit
  }
  return best
}

const compareFits = (a: Fit, b: Fit) =>
  a.outliers - b.outliers ||
  a.meanOff / a.cadence.tolerance - b.meanOff / b.cadence.tolerance ||
  b.cadence.months - a.cadence.months

function pricesOf(charges: readonly Charge[]): Prices {
  const prices = { gaps: 0, changes: 0, steps: 0, jumps: 0 }
  let [steps, steps2, counted2] = [0, 0, 0]
  for (let i = 1; i < charges.length; i++) {
    const [charge, before, before2] = [charges[i] as Charge, charges[i - 1] as Charge, charges[i - 2]]
    if (charge.day === before.day) continue
    const step = Math.abs(charge.price - before.price)
    prices.gaps++
    if (step > 0.001) prices.changes++
    if (step > 0.06) prices.steps++
    if (step > 0.35) prices.jumps++
    steps += step
    if (before2 === undefined) continue
    steps2 += Math.abs(charge.price - before2.price)
    counted2++
  }
  return { ...prices, meanStep: steps / prices.gaps, meanStep2: counted2 === 0 ? 0 : steps2 / counted2 }
}

function fitOf(cadence: Cadence, candidate: Candidate, prices: Prices, merchant: Merchant): Fit | undefined {
  const { name, months, days, tolerance } = cadence
  const { charges, level } = candidate
  const { gaps, changes, steps, jumps } = prices
  const n = charges.length
  let [outliers, off, drift, skips, longest] = [0, 0, 0, 0, 0]
  for (let i = 1; i < n; i++) {
    const [{ day }, { day: before }] = [charges[i] as Charge, charges[i - 1] as Charge]
    if (day === before) continue
    const measured = months === 0 ? day.number - before.number : day.place - before.place
    const periods = Math.max(1, roundToEven(measured / days))
    const late = measured - periods * days
    if (Math.abs(late) > tolerance) outliers++
    else {
      off += Math.abs(late)
      drift += late
    }
    if (periods > 1) skips++
    longest = Math.max(longest, periods)
  }
  const few = gaps >= 6 ? 15 * gaps : 0
  const meanOff = outliers === gaps ? 99 : off / (gaps - outliers)
  if (
    100 * outliers > few ||
    meanOff > tolerance / 2 ||
    Math.abs(drift) > tolerance * 1.5 ||
    4 * skips > Math.max(4, gaps) ||
    longest > (n <= 5 ? 2 : n >= 9 && skips === 1 ? 12 : 6)
  )
    return undefined
  const said = 2 * charges.filter(({ isBill, isChoice }) => isBill || isChoice).length > n
  if (n === 2 && (name !== 'yearly' || !(said || (changes === 0 && merchant.charges === 2)))) return undefined
  // Three charges may be chance: they have to be punctual, and more so among others or with one left out.
  if (n <= 3) {
    if (months === 0 && (meanOff > 0.5 || changes > 0)) return undefined
    if (months > 0 && skips > 0 && (months > 1 || meanOff > 1.5 || changes > 0)) return undefined
    if (months > 0 && skips === 0 && meanOff > (level === 5 ? 1 : months === 12 ? 4 : 2.5)) return undefined
  }
  // one price, that may change now and then, or a bill by consumption: by the month, and punctual
  const fixed = 10 * steps <= Math.max(10, 3 * gaps) && 100 * jumps <= few
  if (
    !fixed &&
    !(
      months >= 1 &&
      months <= 3 &&
      n >= 4 &&
      10 * skips <= gaps &&
      meanOff <= 2.5 &&
      variesLittle(candidate, months === 1 && prices.meanStep <= 0.4)
    )
  )
    return undefined
  if (merchant.betweenPeople && !(fixed && changes <= 1 && (n > 3 || months === 1))) return undefined
  if (months >= 2 && n <= 6 && !said && (skips > 0 || meanOff > 3)) return undefined
  if ((n === 3 || n === 4) && !said && changes > n - 2) return undefined
  if (takesNoTurns.has(name) && prices.meanStep > 2 * prices.meanStep2 + 0.02) return undefined
  return { cadence, gaps, outliers, meanOff, skips, fixed }
}

function variesLittle({ charges, least, most }: Candidate, slowly: boolean): boolean {
  const heats = (charges.length >= 6 && charges.every(({ isBill }) => isBill)) || (charges.length >= 9 && slowly)
  if (most - least > (heats ? tenfold : fourfold)) return false
  const mean = charges.reduce((sum, { amount }) => sum + amount, 0) / charges.length
  const squares = charges.reduce((sum, { amount }) => sum + (amount - mean) ** 2, 0)
  return Math.sqrt(squares / (charges.length - 1)) / mean <= (heats ? 0.8 : 0.4)
}

/** As the server rounds doubles. */
function roundToEven(value: number): number {
  const floor = Math.floor(value)
  const above = value - floor
  if (above === 0.5) return floor % 2 === 0 ? floor : floor + 1
  return above < 0.5 ? floor : floor + 1
}
