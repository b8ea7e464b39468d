import { type Circumstances, couldBeFee, scorePair } from './transfer-score.js'
import type { Pair } from './transfer-sides.js'

/** How much less likely a pair may be and still cast doubt on another one of the same row. */
const rivalWithin = 0.1

/** How often two texts have to go together before they say what they are, in whatever language. */
const habitFrom = 3

export interface ScoredPair {
  readonly pair: Pair
  readonly circumstances: Circumstances
  readonly left: string
  readonly right: string
  readonly score: number
}

interface Likely {
  readonly pair: Pair
  readonly isHabit: boolean
  /** Pairs of equal sums between the same two accounts are one group. */
  readonly group: number
  readonly isOutspoken: boolean
  readonly score: number
}

/**
 * Each pair with its score. Pairs of the same rows that are as likely are its rivals, unless it does not matter which is
 * which: as many equal sums that left one account as came to the other.
 */
export function scorePairs(pairs: readonly Pair[]): ScoredPair[] {
  const isHabit = habitsOf(pairs)
  const groupOf = numbers()
  const spoken = new Set(pairs.filter(bothSpeak).flatMap(({ from, to }) => [from.id, to.id]))
  const likely = pairs
    .map((pair) => ({ pair, isHabit: isHabit(pair) }))
    .filter(({ pair, isHabit }) => pair.fee === null || couldBeFee(pair, isHabit))
    .map(({ pair, isHabit }): Likely => {
      const { from, to, fee, rate, said } = pair
      const group = groupOf(`${from.account_id} ${to.account_id} ${to.amount} ${fee} ${rate}`)
      const isOutspoken = said < 2 && (spoken.has(from.id) || spoken.has(to.id))
      return { pair, isHabit, group, isOutspoken, score: scorePair(pair, { rivals: 1, isHabit, isOutspoken }) }
    })
  const balanced = balancedGroups(likely)
  const scores = scoresBySide(likely, balanced)
  return likely.map(({ pair, isHabit, group, isOutspoken, score }) => {
    const least = score - rivalWithin
    const rivals = [pair.from.id, pair.to.id].reduce((count, side) => {
      const alike = balanced.has(group) ? countFrom(scores.get(`${side} ${group}`), least) : 1 // itself
      return count + countFrom(scores.get(side), least) - alike
    }, 0)
    const circumstances = { rivals, isHabit, isOutspoken }
    return { pair, circumstances, left: pair.from.id, right: pair.to.id, score: scorePair(pair, circumstances) }
  })
}

/** Both sides of the same sum speak of a transfer, and name no two people. */
const bothSpeak = ({ said, fee, rate, named }: Pair) =>
  said === 2 && fee === null && rate === null && named !== 'others'

/**
 * What the feed itself says: where money that leaves under one text comes in under another again and again, in sums that
 * agree, the two texts are what this bank writes of a move.
 */
function habitsOf(pairs: readonly Pair[]): (pair: Pair) => boolean {
  const numberOf = numbers()
  const textsOf = ({ from, to }: Pair) =>
    `${from.account_id} ${to.account_id} ${numberOf(from.said.template())} ${numberOf(to.said.template())}`
  const together = new Map<
    string,
    { readonly from: Set<string>; readonly to: Set<string>; readonly sums: Set<string> }
  >()
  for (const pair of pairs) {
    if (pair.fee !== null || pair.rate !== null) continue
    const texts = textsOf(pair)
    const seen = together.get(texts) ?? { from: new Set(), to: new Set(), sums: new Set() }
    seen.from.add(pair.from.id)
    seen.to.add(pair.to.id)
    seen.sums.add(pair.to.amount)
    together.set(texts, seen)
  }
  return (pair) => {
    const seen = together.get(textsOf(pair))
    const times = seen === undefined ? 0 : Math.min(seen.from.size, seen.to.size)
    return times >= habitFrom && (times > habitFrom || (seen?.sums.size ?? 0) > 1)
  }
}

function balancedGroups(likely: readonly Likely[]): ReadonlySet<number> {
  const sides = new Map<number, { readonly from: Set<string>; readonly to: Set<string> }>()
  for (const { pair, group } of likely) {
    const of = sides.get(group) ?? { from: new Set(), to: new Set() }
    of.from.add(pair.from.id)
    of.to.add(pair.to.id)
    sides.set(group, of)
  }
  return new Set([...sides].filter(([, { from, to }]) => from.size === to.size).map(([group]) => group))
}

/** The scores of the pairs of each row, and of those of a balanced group by themselves, the least first. */
function scoresBySide(
  likely: readonly Likely[],
  balanced: ReadonlySet<number>,
): ReadonlyMap<string, readonly number[]> {
  const scores = new Map<string, number[]>()
  const add = (key: string, score: number) => {
    const of = scores.get(key)
    if (of === undefined) scores.set(key, [score])
    else of.push(score)
  }
  for (const { pair, group, score } of likely) {
    for (const side of [pair.from.id, pair.to.id]) {
      add(side, score)
      if (balanced.has(group)) add(`${side} ${group}`, score)
    }
  }
  for (const of of scores.values()) of.sort((a, b) => a - b)
  return scores
}

/** How many of them are at least so high. */
function countFrom(sorted: readonly number[] = [], least: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) >= least) high = middle
    else low = middle + 1
  }
  return sorted.length - low
}

/** A number for each text, in place of keys that hold it again and again. */
function numbers(): (text: string) => number {
  const known = new Map<string, number>()
  return (text) => {
    const number = known.get(text) ?? known.size
    known.set(text, number)
    return number
  }
}
