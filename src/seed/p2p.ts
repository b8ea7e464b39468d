import type { DayNumber } from './calendar.js'
import { uuidAt } from './ids.js'
import { memos } from './merchants.js'
import type { Plan } from './options.js'
import { createPerson, type Person } from './people.js'
import { createPrng } from './prng.js'

/** Money from one seeded person to another. */
export interface P2p {
  readonly id: string
  readonly from: Person
  readonly to: Person
  readonly day: DayNumber
  readonly second: number
  /** Positive. */
  readonly cents: number
  readonly memo: string
  readonly status: 'pending' | 'accepted' | 'declined' | 'cancelled'
  /** The row of the sender. */
  readonly outId: string
  /** The row of the recipient, where it was accepted. */
  readonly intoId: string | undefined
}

/** People send money within circles of so many, in the order of their places. */
export const circleSize = 4

/** Who was in the circle before: what they and this person sent each other is written with this person. */
export function earlierInCircle(place: number): number[] {
  const begin = place - ((place - 1) % circleSize)
  return Array.from({ length: place - begin }, (_, i) => begin + i)
}

/** Who comes later in the circle, and may never be seeded. */
export function laterInCircle(place: number): number[] {
  const begin = place - ((place - 1) % circleSize)
  return Array.from({ length: begin + circleSize - 1 - place }, (_, i) => place + 1 + i)
}

/**
 * What two people sent each other, in the order of the days. It follows from their places alone and not from their money, so
 * it is the same whoever else is seeded; the amounts are small enough to be there.
 */
export function p2pBetween({ key, calendar }: Plan, earlier: Person, later: Person): P2p[] {
  const prng = createPrng(`${key}\0p2p ${earlier.place} ${later.place}`)
  if (!prng.chance(60)) return []
  const sent: P2p[] = []
  for (let day = calendar.first + prng.int(2, 40); day <= calendar.last; day += prng.int(13, 75)) {
    const [from, to] = prng.chance(50) ? [earlier, later] : [later, earlier]
    const fate = prng.int(1, 100)
    const decided = fate <= 4 ? 'declined' : fate <= 6 ? 'cancelled' : 'accepted'
    const status = day >= calendar.last - 1 ? 'pending' : decided
    const second = prng.int(9 * 3600, 22 * 3600)
    sent.push({
      id: uuidAt(prng, day, second),
      from,
      to,
      day,
      second,
      cents: prng.int(6, 48) * 100,
      memo: prng.pick(memos),
      status,
      outId: uuidAt(prng, day, second),
      intoId: status === 'accepted' ? uuidAt(prng, day, second) : undefined,
    })
  }
  return sent
}

/** What came about with everybody earlier in the circle. */
export function p2pOf(plan: Plan, person: Person): P2p[] {
  return earlierInCircle(person.place).flatMap((place) => p2pBetween(plan, createPerson(plan, place), person))
}
