import { createHash } from 'node:crypto'

/** A stream of numbers that follows from its key alone: the same on every machine, in every version of Node. */
export interface Prng {
  /** 32 random bits, as a number from 0. */
  bits(): number
  /** A whole number, both ends included. The span is at most two million, so that no bits are lost. */
  int(min: number, max: number): number
  /** True so many times in a hundred. */
  chance(percent: number): boolean
  pick<T>(list: readonly [T, ...T[]]): T
  /** The list in another order. */
  shuffle<T>(list: readonly T[]): T[]
  /** A stream of its own: what is drawn from it does not shift what is drawn here. */
  fork(label: string): Prng
}

/** sfc32 by Chris Doty-Humphrey (PractRand), started from a hash of the key. 32-bit integers only, no floating point. */
export function createPrng(key: string): Prng {
  const hash = createHash('sha256').update(key).digest()
  let a = hash.readInt32LE(0)
  let b = hash.readInt32LE(4)
  let c = hash.readInt32LE(8)
  let counter = 1

  function bits(): number {
    const result = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + result) | 0
    return result >>> 0
  }
  // The state needs some rounds to mix.
  for (let round = 0; round < 12; round++) bits()

  // The product of a 32-bit number and a span below 2^21 is a whole number that a double holds exactly.
  const int = (min: number, max: number) => min + Math.floor((bits() * (max - min + 1)) / 2 ** 32)

  return {
    bits,
    int,
    chance: (percent) => int(1, 100) <= percent,
    pick: (list) => list[int(0, list.length - 1)] ?? list[0],
    shuffle(list) {
      const shuffled = [...list]
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = int(0, i)
        ;[shuffled[i], shuffled[j]] = [
          shuffled[j] as (typeof shuffled)[number],
          shuffled[i] as (typeof shuffled)[number],
        ]
      }
      return shuffled
    },
    fork: (label) => createPrng(`${key}\0${label}`),
  }
}
