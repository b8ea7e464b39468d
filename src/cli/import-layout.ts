import { type CsvLayout, csvLayout } from '../import/index.js'
import { parseInput } from '../schema/input.js'
import { UsageError } from './exit-codes.js'

/** The flags of `import` that say how to read the file. */
export interface LayoutFlags {
  readonly map?: readonly string[]
  readonly dateFormat?: string
  readonly decimal?: string
  readonly thousands?: string
  readonly invert?: boolean
  readonly delimiter?: string
  readonly encoding?: string
  readonly skipLines?: number
  readonly skipLastRows?: number
  /** False by `--no-header`. */
  readonly header: boolean
}

const fields = ['date', 'merchant', 'amount', 'debit', 'credit', 'description', 'category', 'currency', 'external_id']

type Json = Record<string, unknown>

/** The layout of the JSON file with what the flags say put over it. @throws {InvalidInputError} It is not a layout. */
export function layoutOf(flags: LayoutFlags, file: Json): CsvLayout {
  const header = flags.header ? (file.header ?? true) : false
  const given = objectOf(file.mapping)
  const map = readMap(flags.map ?? [], header !== false)
  const { date, amount, debit, credit, ...texts } = map

  const layout = {
    ...file,
    header,
    ...defined({
      delimiter: flags.delimiter === 'tab' ? '\t' : flags.delimiter,
      encoding: flags.encoding,
      skipLines: flags.skipLines,
      skipLastRows: flags.skipLastRows,
    }),
    mapping: {
      merchant: 'merchant',
      external_id: 'hash',
      ...given,
      ...texts,
      date: {
        column: 'date',
        format: 'YYYY-MM-DD',
        ...objectOf(given.date),
        ...defined({ column: date, format: flags.dateFormat }),
      },
      amount: {
        ...amountColumns(objectOf(given.amount), { amount, debit, credit }),
        ...defined({ decimal: flags.decimal, thousands: flags.thousands, invert: flags.invert }),
      },
    },
  }
  if (layout.mapping.external_id === 'none') Reflect.deleteProperty(layout.mapping, 'external_id')
  return parseInput(csvLayout, layout, 'The layout')
}

type Columns = Readonly<Record<'amount' | 'debit' | 'credit', string | number | undefined>>

function amountColumns(given: Json, { amount, debit, credit }: Columns): Json {
  if (debit === undefined && credit === undefined) {
    const { debit: _, credit: __, ...rest } = given
    if (amount !== undefined) return { ...rest, column: amount }
    return 'debit' in given || 'column' in given ? given : { ...given, column: 'amount' }
  }
  if (amount !== undefined) throw new UsageError('Map amount, or debit and credit, not all three.')
  const { column: _, direction: __, ...rest } = given
  return { ...rest, ...defined({ debit, credit }) }
}

function readMap(entries: readonly string[], header: boolean): Partial<Record<string, string | number>> {
  const map: Record<string, string | number> = {}
  for (const entry of entries) {
    const at = entry.indexOf('=')
    const [field, column] = [entry.slice(0, at), entry.slice(at + 1)]
    if (at < 1 || column === '' || !fields.includes(field)) {
      throw new UsageError(`--map takes FIELD=COLUMN, where FIELD is one of ${fields.join(', ')}.`)
    }
    map[field] = !header && /^\d+$/.test(column) ? Number(column) : column
  }
  return map
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function defined(values: Json): Json {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
