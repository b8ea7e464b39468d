import type { ImportRow } from './import-row.js'

/** The columns of the table that rows wait in, in the order of {@link toFields}. */
export const stageColumns = [
  ['user_id', 'uuid'],
  ['account_id', 'uuid'],
  ['date', 'date'],
  ['merchant', 'text'],
  ['amount', 'numeric(19,4)'],
  ['currency', 'char(3)'],
  ['category', 'text'],
  ['description', 'text'],
  ['is_subscription', 'boolean'],
  ['status', 'text'],
  ['posted_at', 'timestamptz'],
  ['external_id', 'text'],
  ['pending_id', 'uuid'],
] as const

/** A row as Postgres reads it; what is left out has the value that the table would give it, or null where that depends. */
function toFields(row: ImportRow): Array<string | null> {
  return [
    row.user_id,
    row.account_id,
    row.date,
    row.merchant,
    row.amount,
    row.currency ?? null,
    row.category ?? 'uncategorized',
    row.description ?? '',
    row.is_subscription === true ? 't' : 'f',
    row.status ?? 'posted',
    row.posted_at === undefined ? null : instantText(row.posted_at),
    row.external_id ?? null,
    row.pending_id ?? null,
  ]
}

/**
 * The row as a line of COPY's text format.
 *
 * @see https://www.postgresql.org/docs/current/sql-copy.html#SQL-COPY-FILE-FORMATS
 */
export function copyLine(row: ImportRow): string {
  let line = ''
  for (const field of toFields(row)) line += line === '' ? copyField(field) : `\t${copyField(field)}`
  return `${line}\n`
}

const copySpecial = /[\\\t\n\r]/
const copyEscapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function copyField(field: string | null): string {
  if (field === null) return '\\N'
  return copySpecial.test(field) ? field.replace(/[\\\t\n\r]/g, (character) => copyEscapes[character] as string) : field
}

/** Rows as one array literal for each column, to be unnested: the same text whatever driver carries it. */
export function arrayLiterals(rows: readonly ImportRow[]): string[] {
  return columnLiterals(stageColumns.length, rows.map(toFields))
}

/** Rows of so many fields as one array literal for each column. */
export function columnLiterals(width: number, rows: ReadonlyArray<ReadonlyArray<string | null>>): string[] {
  const columns: string[][] = Array.from({ length: width }, () => [])
  for (const fields of rows) {
    for (const [i, column] of columns.entries()) column.push(arrayElement(fields[i] ?? null))
  }
  return columns.map((elements) => `{${elements.join(',')}}`)
}

function arrayElement(field: string | null): string {
  return field === null ? 'NULL' : `"${field.replace(/["\\]/g, '\\$&')}"`
}

/** As Postgres reads it, also for the years before 1 and after 9999, which ISO 8601 writes with a sign. */
function instantText(instant: Date): string {
  const iso = instant.toISOString()
  const year = instant.getUTCFullYear()
  if (year >= 1 && year <= 9999) return iso
  const rest = iso.slice(iso.indexOf('-', 1))
  return year > 9999 ? `${year}${rest}` : `${String(1 - year).padStart(4, '0')}${rest} BC`
}
