import { bestFit, type Candidate, type Fit, fourfold, type Merchant, tenfold } from './fits.js'
import type { Account, Charge } from './movements.js'

/** Two prices less than a fifth apart share a band of one of two grids, of which one lies half a band beside the other. */
const halfBand = Math.log(1.2 ** 2) / 2

/** Charges of one name, of which `merchant` says what is known of all of its names. */
export interface Group {
  readonly merchant: Merchant
  readonly charges: Charge[]
}

export interface Chosen extends Candidate {
  readonly fit: Fit
}

interface Kept extends Chosen {
  /** Undefined where all accounts are looked at. */
  readonly account: Account | undefined
}

/** The widest parts of a merchant's charges that keep a cadence: all, by account, by price band, by price. */
export function choose({ merchant, charges }: Group): Chosen[] {
  if (charges.length < 2) return []
  const sorted = charges.sort(byPrice)
  const accounts = new Set<Account>()
  for (const { account } of sorted) accounts.add(account)
  const kept: Kept[] = []
  if (accounts.size > 1) consider(kept, merchant, 1, sorted, 0, sorted.length)
  for (const account of accounts) {
    const mine = accounts.size === 1 ? sorted : sorted.filter((charge) => charge.account === account)
    consider(kept, merchant, 2, mine, 0, mine.length)
    if (mine.length < 4) continue
    for (const level of [3, 4, 5] as const) {
      let from = 0
      for (let to = 1; to <= mine.length; to++) {
        if (to < mine.length && partOf(level, mine[to] as Charge) === partOf(level, mine[from] as Charge)) continue
        if (to - from >= 3 && to - from < mine.length) consider(kept, merchant, level, mine, from, to)
        from = to
      }
    }
  }
  return kept.length < 2 ? kept : widest(kept)
}

/** What shares a price band of a grid, or a price. */
function partOf(level: 3 | 4 | 5, { price, amount }: Charge): number {
  return level === 5 ? amount : Math.floor((Math.floor(price / halfBand) + level - 3) / 2)
}

const byPrice = (a: Charge, b: Charge) => a.amount - b.amount
const byDay = (a: Charge, b: Charge) => a.day.number - b.day.number || a.amount - b.amount

function consider(
  kept: Kept[],
  merchant: Merchant,
  level: Candidate['level'],
  sorted: readonly Charge[],
  from: number,
  to: number,
) {
  const candidate = plausible(level, sorted, from, to)
  const fit = candidate === undefined ? undefined : bestFit(candidate, merchant)
  if (candidate === undefined || fit === undefined) return
  kept.push({ ...candidate, fit, account: level === 1 ? undefined : sorted[from]?.account })
}

/** Whether charges, sorted by price, could recur, before they are sorted by day. Each bound is wider than what is kept in the end. */
function plausible(
  level: Candidate['level'],
  sorted: readonly Charge[],
  from: number,
  to: number,
): Candidate | undefined {
  const n = to - from
  if (n < 2) return undefined
  const least = (sorted[from] as Charge).price
  const most = (sorted[to - 1] as Charge).price
  const isSaid = (all: readonly Charge[]) => all.every(({ isBill, isChoice }) => isBill || isChoice)
  const isWide = most - least > fourfold
  const isBill = isWide && n >= 6 && isSaid(sorted.slice(from, to))
  if (isWide && (most - least > tenfold || (n < 9 && !isBill))) return undefined
  let [first, last] = [Infinity, -Infinity]
  for (let i = from; i < to; i++) {
    const { number } = (sorted[i] as Charge).day
    if (number < first) first = number
    if (number > last) last = number
  }
  const span = last - first
  if (n === 2) {
    if (span < 355 || span > 376) return undefined
    const both = sorted.slice(from, to).sort(byDay)
    return most - least <= (isSaid(both) ? 0.25 : 0.15) ? { level, charges: both, least, most, first, last } : undefined
  }
  if (10 * span < 49 * (n - 1)) return undefined
  if (isWide && !isBill && monthly(sorted, from, to) < 0.65) return undefined
  const halfMonthly = n >= 5 && most - least < 0.35 && 10 * span >= 147 * (n - 1) && 10 * span <= 158 * (n - 1)
  if (!halfMonthly && !agree(sorted, from, to, span, most - least)) return undefined
  return { level, charges: sorted.slice(from, to).sort(byDay), least, most, first, last }
}

/** Whether days agree on a day of the month or of the week: the length of the mean of unit vectors, 1 when all do. */
function agree(sorted: readonly Charge[], from: number, to: number, span: number, range: number): boolean {
  const n = to - from
  let [weekX, weekY] = [0, 0]
  for (let i = from; i < to; i++) {
    const { day } = sorted[i] as Charge
    weekX += day.weekX
    weekY += day.weekY
  }
  const inMonth = monthly(sorted, from, to)
  if (inMonth >= (n === 3 ? 0.92 : n <= 5 ? 0.88 : 0.65)) return true
  const inWeek = Math.sqrt(weekX ** 2 + weekY ** 2) / n
  const often = span <= 45 * (n - 1) || (span >= 82 * (n - 1) && span <= 105 * (n - 1))
  return inWeek >= (n < 6 ? 0.75 : 0.6) && often && (n > 3 || range < 0.001)
}

function monthly(sorted: readonly Charge[], from: number, to: number): number {
  let [x, y] = [0, 0]
  for (let i = from; i < to; i++) {
    const { day } = sorted[i] as Charge
    x += day.monthX
    y += day.monthY
  }
  return Math.sqrt(x ** 2 + y ** 2) / (to - from)
}

function widest(kept: readonly Kept[]): Kept[] {
  const best = kept.filter((wide) => !kept.some((pure) => isPurer(pure, wide)))
  const grids = new Map(
    [...new Set(best.map(({ account }) => account))].map((account) => [account, gridOf(best, account)]),
  )
  return best.filter(({ level, account, least }) => {
    const grid = grids.get(account)
    if ((level === 3 || level === 4) && level !== grid) return false
    return !best.some(
      (wide) =>
        (wide.level === 1 && level > 1) ||
        (wide.account === account &&
          ((wide.level === 2 && level > 2) ||
            (level === 5 && wide.level === grid && least >= wide.least && least <= wide.most))),
    )
  })
}

/** One price that is punctual throughout, when what else is in its band makes that unpunctual: a plan among orders. */
function isPurer(pure: Kept, wide: Kept): boolean {
  const [n, all] = [pure.charges.length, wide.charges.length]
  const slack = Math.round(pure.fit.cadence.days)
  return (
    pure.level === 5 &&
    wide.level < 5 &&
    pure.least >= wide.least &&
    pure.least <= wide.most &&
    10 * n >= 6 * all &&
    n < all &&
    pure.fit.meanOff <= wide.fit.meanOff &&
    pure.fit.outliers <= wide.fit.outliers &&
    (pure.fit.meanOff + 0.3 < wide.fit.meanOff || pure.fit.outliers < wide.fit.outliers) &&
    pure.first <= wide.first + slack &&
    pure.last >= wide.last - slack
  )
}

/** Of the charges on an account, the grid whose bands hold more. */
function gridOf(best: readonly Kept[], account: Account | undefined): 3 | 4 | undefined {
  const held = { 3: 0, 4: 0 }
  for (const one of best) {
    if (one.account === account && (one.level === 3 || one.level === 4)) held[one.level] += one.charges.length
  }
  return held[3] === 0 && held[4] === 0 ? undefined : held[4] > held[3] ? 4 : 3
}
