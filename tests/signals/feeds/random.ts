/** A stream of numbers from a text: the same text, the same numbers (sfc32 over a hash of the text). */
export class Random {
  private readonly s: Uint32Array

  constructor(seed: string) {
    let h = 2_166_136_261
    const next = () => {
      h = Math.imul(h ^ (h >>> 15), 2_246_822_519)
      h = Math.imul(h ^ (h >>> 13), 3_266_489_917)
      h ^= h >>> 16
      return h >>> 0
    }
    for (const char of seed) h = Math.imul(h ^ (char.codePointAt(0) ?? 0), 16_777_619)
    this.s = Uint32Array.from([next(), next(), next(), next()])
    for (let i = 0; i < 12; i++) this.next()
  }

  /** From 0 up to 1. */
  next(): number {
    const s = this.s as Uint32Array & Record<0 | 1 | 2 | 3, number>
    const t = (s[0] + s[1] + s[3]) >>> 0
    s[3] += 1
    s[0] = s[1] ^ (s[1] >>> 9)
    s[1] = s[2] + (s[2] << 3)
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + t
    return t / 4_294_967_296
  }

  /** Both inclusive. */
  int(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)] as T
  }

  /** Some of them, each at most once. */
  some<T>(values: readonly T[], count: number): T[] {
    const left = [...values]
    return Array.from({ length: Math.min(count, left.length) }, () => {
      const [taken] = left.splice(this.int(0, left.length - 1), 1)
      return taken as T
    })
  }

  text(length: number, letters: string): string {
    return Array.from({ length }, () => letters[this.int(0, letters.length - 1)]).join('')
  }

  digits(length: number): string {
    return this.text(length, '0123456789')
  }

  code(length: number): string {
    return this.text(length, 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789')
  }
}
