import { InvalidInputError } from '../errors.js'
import type { WireValue } from './batch.js'

/** Parameters as text for the server, as pg writes them: instants in UTC, arrays as array literals, objects as JSON. */
export function wireValues(values: readonly unknown[]): WireValue[] {
  return values.map((value, i) => {
    const text = known(value)
    if (typeof text === 'string' && text.includes('\0')) throw unfit(i, 'must not contain a NUL character')
    if (text === undefined) throw unfit(i, 'must be a value that JSON or Postgres knows')
    return text
  })
}

/** Undefined, too, for what holds itself, is nested too deeply, or throws when it is read. */
function known(value: unknown): WireValue | undefined {
  try {
    return wireValue(value)
  } catch {
    return undefined
  }
}

function unfit(i: number, message: string): InvalidInputError {
  return new InvalidInputError('The parameters', [{ path: String(i), message }])
}

function wireValue(value: unknown): WireValue | undefined {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (Buffer.isBuffer(value)) return value
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  if (Array.isArray(value)) return arrayLiteral(value)
  return typeof value === 'object' ? JSON.stringify(value) : undefined
}

function arrayLiteral(values: readonly unknown[]): string {
  const elements = values.map((value) => {
    if (value === null || value === undefined) return 'NULL'
    if (Array.isArray(value)) return arrayLiteral(value)
    const text = wireValue(value)
    if (text === undefined) throw new TypeError('an element is no value')
    const plain = Buffer.isBuffer(text) ? `\\x${text.toString('hex')}` : String(text)
    return `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  })
  return `{${elements.join(',')}}`
}
