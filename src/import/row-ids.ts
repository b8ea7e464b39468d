import { createHash } from 'node:crypto'
import type { ImportRow } from '../repositories/import-row.js'

/**
 * Ids for rows of a file that has none: a hash of the contents, and which of the equal rows it is. The same file gives the
 * same ids.
 */
export function createRowIds(): (row: ImportRow) => string {
  // 48 bits of the hash. Two contents that share them are counted as one, which makes no id twice, nor another one next time.
  const seen = new Set<number>()
  const again = new Map<number, number>()

  return ({ account_id, date, amount, currency = '', merchant, description = '' }) => {
    const contents = [account_id.toLowerCase(), date, canonical(amount), currency, merchant, description]
    const hash = createHash('sha256').update(JSON.stringify(contents)).digest()
    const short = hash.readUIntBE(0, 6)
    let occurrence = 1
    if (seen.has(short)) {
      occurrence = (again.get(short) ?? 1) + 1
      again.set(short, occurrence)
    }
    seen.add(short)
    return `hash:${hash.toString('base64url', 0, 16)}:${occurrence}`
  }
}

/** `5`, `5.0` and `5.00` are one amount. */
function canonical(amount: string): string {
  return amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount
}
