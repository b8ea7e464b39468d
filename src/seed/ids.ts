import { type DayNumber, instantOf } from './calendar.js'
import type { Prng } from './prng.js'

/** A UUID version 7 (RFC 9562) whose random bits come from the stream: it sorts by the time given. */
export function uuidAt(prng: Prng, day: DayNumber, second = 0): string {
  const ms = instantOf(day, second).getTime().toString(16).padStart(12, '0')
  const random = [prng.bits(), prng.bits(), prng.bits()].map((bits) => bits.toString(16).padStart(8, '0')).join('')
  const variant = (8 + (prng.bits() >>> 30)).toString(16)
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(3, 6)}-${random.slice(6, 18)}`
}
