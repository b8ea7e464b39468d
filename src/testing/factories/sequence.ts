import { createHash } from 'node:crypto'

let tag = `p${process.pid}`
let count = 0

/**
 * Begins counting anew, for a test of this name: the same test makes the same values, whatever ran before it and in
 * whichever worker, and other tests make others.
 */
export function startSequence(test: string): void {
  tag = createHash('sha256').update(test).digest('hex').slice(0, 8)
  count = 0
}

/** The next number, and a text with it that no other test has. */
export function next(): { readonly n: number; readonly unique: string } {
  const n = ++count
  return { n, unique: `${n}.${tag}` }
}

/** A UUID that follows from the test and the count. */
export function nextId(): string {
  const hex = createHash('sha256').update(next().unique).digest('hex')
  const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
