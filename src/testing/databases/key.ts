import { createHash } from 'node:crypto'
import { migrations } from '../../migrations/list.js'
import { checksum, DEFAULT_NAMES } from '../../migrations/names.js'

/** Twelve hex digits that change with any of our migrations, and with each of `others`. */
export function migrationsKey(...others: readonly string[]): string {
  const hash = createHash('sha256')
  for (const { name, up } of migrations) hash.update(`${name} ${checksum(up(DEFAULT_NAMES))}\n`)
  for (const other of others) hash.update(`${other}\n`)
  return hash.digest('hex').slice(0, 12)
}
