import { type DayNumber, dayMs } from './calendar.js'
import type { Prng } from './prng.js'

/** All numbers of 16 bits as text: ids are a good part of the work. */
const hex4 = Array.from({ length: 65_536 }, (_, number) => number.toString(16).padStart(4, '0'))
const high = (bits: number) => hex4[bits >>> 16] as string
const low = (bits: number) => hex4[bits & 0xffff] as string

/** A UUID version 7 (RFC 9562) whose random bits come from the stream: it sorts by the time given. */
export function uuidAt(prng: Prng, day: DayNumber, second = 0): string {
  const ms = day * dayMs + second * 1000
  const [upper, lower] = [Math.floor(ms / 65_536), ms % 65_536]
  const [one, two, three] = [prng.bits(), prng.bits(), prng.bits()]
  const version = hex4[0x7000 | (one >>> 20)] as string
  const variant = hex4[0x8000 | (one & 0x3fff)] as string
  return `${high(upper)}${low(upper)}-${hex4[lower] as string}-${version}-${variant}-${high(two)}${low(two)}${high(three)}`
}

const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

/** A reference as banks print it: letters and digits, never long enough for a card number. */
export function reference(prng: Prng, length = 6): string {
  let text = ''
  for (let bits = prng.bits(); text.length < length; bits = Math.floor(bits / 32)) text += letters[bits % 32]
  return text
}
