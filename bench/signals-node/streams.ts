import { type Cadence, monthDays } from '../../src/signals/cadences.js'
import { type Day, dayText, sameDayOf } from './calendar.js'
import { type Chosen, choose, type Group } from './candidates.js'
import { type Decimal, decimal, decimalOf, divide, times } from './decimal.js'
import { type Charge, type Purse, windows } from './movements.js'

export interface Stream {
  readonly isBill: boolean
  /** As the bank named it last. */
  readonly merchant: string
  readonly cadence: Cadence
  readonly active: boolean
  readonly fixed: boolean
  /** Of the next charge. */
  readonly amount: number
  readonly monthly: Decimal
  readonly skips: number
  readonly meanOff: number
  readonly nextDate: string
  readonly confidence: number
  /** Of each window. */
  readonly inWindows: ReadonlyArray<{ readonly charges: number; readonly charged: number }>
  /** By day, those of a day by id. */
  readonly charges: readonly Charge[]
}

interface Key {
  charges: number
  /** The latest and the earliest of them. */
  last: Charge
  first: Charge
  betweenPeople: boolean
  readonly text: string
}

/** What recurs, and the keys of all who charge. */
export function findStreams({ charges, coded }: Purse, asOf: Day): { streams: Stream[]; shops: ReadonlySet<string> } {
  // What comes behind an asterisk and never again is a code, also without digits: GYM*KWYHUS.
  const ownKey = ({ key, name }: Charge) => (name.base !== null && coded.get(key) === 1 ? name.base : key)
  const keys = new Map<string, Key>()
  const numbers = new Map<string, { times: number; first: number; last: number }>()
  for (const charge of charges) {
    const text = ownKey(charge)
    let key = keys.get(text)
    if (key === undefined) {
      key = { text, charges: 0, betweenPeople: false, last: charge, first: charge }
      keys.set(text, key)
    }
    key.charges++
    if (charge.day.number > key.last.day.number) key.last = charge
    if (charge.day.number < key.first.day.number) key.first = charge
    key.betweenPeople ||= charge.betweenPeople
    if (!charge.name.numbered) continue
    const numbered = `${text}\0${charge.merchant}`
    const { number } = charge.day
    const { times, first, last } = numbers.get(numbered) ?? { times: 0, first: number, last: number }
    numbers.set(numbered, { times: times + 1, first: Math.min(first, number), last: Math.max(last, number) })
  }
  const groups = new Map<string, Group>()
  const byKey = new Map<Key, Group[]>()
  for (const charge of charges) {
    const own = ownKey(charge)
    const key = aliasOf(own, keys)
    // A name with a number in it that is charged again and again is somebody else than that name with another number. Once a
    // year, it may be a day: STREAMHOUSE 0617.
    const { times, first, last } = numbers.get(`${own}\0${charge.merchant}`) ?? { times: 0, first: 0, last: 0 }
    const isOwn = times >= 3 && last - first < 300 * (times - 1)
    const name = isOwn ? `${key.text}\0${charge.merchant}` : key.text
    const group = groups.get(name)
    if (group !== undefined) group.charges.push(charge)
    else {
      const made = { merchant: key, charges: [charge] }
      groups.set(name, made)
      const others = byKey.get(key)
      if (others === undefined) byKey.set(key, [made])
      else others.push(made)
    }
  }
  const streams = [...byKey.values()].flatMap((all) =>
    chains(all.flatMap(choose)).map((chain) => streamOf(chain, asOf)),
  )
  return { streams, shops: new Set(keys.keys()) }
}

/** "streaming stockholm" where there is also "streaming", but "streaming premium" once a year for one price is a plan there. */
function aliasOf(text: string, keys: ReadonlyMap<string, Key>): Key {
  const own = keys.get(text) as Key
  const space = text.indexOf(' ')
  const short = space < 0 ? undefined : keys.get(text.slice(0, space))
  return short !== undefined && [...short.text].length >= 4 && !isYearly(own) ? short : own
}

function isYearly({ charges, first, last }: Key): boolean {
  const span = last.day.number - first.day.number
  return charges === 2 && span >= 355 && span <= 376 && first.amount === last.amount
}

/** Streams of one merchant that follow each other at the same cadence are one that changed its price or account. */
function chains(chosen: readonly Chosen[]): Chosen[][] {
  const found: Chosen[][] = []
  const ends = (a: Chosen) => [a.charges[0] as Charge, a.charges.at(-1) as Charge] as const
  const sorted = chosen.toSorted((a, b) => {
    const [[firstOfA, lastOfA], [firstOfB, lastOfB]] = [ends(a), ends(b)]
    return a.first - b.first || a.last - b.last || firstOfA.amount - firstOfB.amount || lastOfA.amount - lastOfB.amount
  })
  for (const cadence of new Set(sorted.map(({ fit }) => fit.cadence))) {
    let before: Chosen | undefined
    let until = -Infinity
    for (const one of sorted.filter(({ fit }) => fit.cadence === cadence)) {
      const [{ amount: price }] = ends(one)
      const priceBefore = before === undefined ? 0 : ends(before)[1].amount
      const starts =
        before === undefined ||
        one.first <= until ||
        one.first - before.last > 3.5 * cadence.days ||
        Math.max(price, priceBefore) > 2 * Math.min(price, priceBefore)
      if (starts) found.push([one])
      else found.at(-1)?.push(one)
      until = Math.max(until, one.last)
      before = one
    }
  }
  return found
}

function streamOf(chain: readonly Chosen[], asOf: Day): Stream {
  const charges = chain.flatMap((part) => part.charges).sort((a, b) => a.day.number - b.day.number || b.rank - a.rank)
  const n = charges.length
  const latest = charges.at(-1) as Charge
  const { cadence } = (chain[0] as Chosen).fit
  const fixed = chain.every(({ fit }) => fit.fixed)
  const most = (is: (charge: Charge) => boolean) => 2 * charges.filter(is).length > n
  const amount = fixed ? latest.amount : middle(charges.map((charge) => charge.amount))
  // counted from the day of the last, since the 31st is the day before the 1st
  const { ofMonth } = latest.day
  const offset = middle(charges.slice(-6).map(({ day }) => ((day.ofMonth - ofMonth + 46) % 31) - 15))
  const next = nextOf(latest.day, cadence, ((ofMonth + offset + 30) % 31) + 1)
  const sum = (of: (part: Chosen) => number) => chain.reduce((all, part) => all + of(part), 0)
  const skips = sum(({ fit }) => fit.skips)
  const meanOff = Math.max(...chain.map(({ fit }) => fit.meanOff))
  return {
    isBill: most(({ isBill }) => isBill) || (!most(({ isChoice }) => isChoice) && (!fixed || latest.isDue())),
    merchant: latest.merchant,
    cadence,
    active: next + Math.ceil(Math.min(cadence.days / 2, 2 * cadence.tolerance + 3)) >= asOf.number,
    fixed,
    amount,
    monthly: divide(times(decimal(amount), month), decimalOf(cadence.days)),
    skips,
    meanOff,
    nextDate: dayText(next),
    confidence: confidence(n, fixed, meanOff / cadence.tolerance, (3 * skips) / (10 * sum(({ fit }) => fit.gaps))),
    inWindows: windows.map(({ days }) => chargedAfter(charges, asOf.number - days)),
    charges,
  }
}

const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1] as number

function chargedAfter(charges: readonly Charge[], start: number) {
  let charged = 0
  let first = charges.length
  while (first > 0 && (charges[first - 1] as Charge).day.number > start) charged += (charges[--first] as Charge).amount
  return { charges: charges.length - first, charged }
}

const month = decimalOf(monthDays)

function nextOf(latest: Day, { months, days }: Cadence, ofMonth: number): number {
  if (months === 0) return latest.number + Math.round(days)
  // from the day of the month that was usual lately, whichever way the last charge was moved
  const off = (next: number) => Math.abs(next - latest.number - days)
  return [-1, 0, 1]
    .map((shift) => sameDayOf(latest, months + shift, ofMonth))
    .reduce((best, next) => (off(next) < off(best) ? next : best))
}

function confidence(n: number, fixed: boolean, off: number, skipped: number): number {
  const value = (1 - 0.5 ** (n / 2)) * (1 - 0.4 * Math.min(1, off)) * (fixed ? 1 : 0.85) * (1 - skipped)
  // by its decimals, of which a double has fifteen
  return Math.round(Number(`${value.toPrecision(15)}e2`)) / 100
}
