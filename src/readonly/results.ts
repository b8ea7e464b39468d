import { parsers } from '../connection/parsers.js'
import { QueryLimitError } from '../errors.js'
import type { Field, StepResult } from './batch.js'

/** A column of an answer. */
export interface ResultColumn {
  /** Unique within the answer: the second `id` is `id_2`. */
  readonly name: string
  /** The Postgres type, such as `numeric`; `other` for one that is not of the common ones. */
  readonly type: string
}

export type ResultRow = Record<string, unknown>

const typeNames: Readonly<Record<number, string>> = {
  16: 'boolean',
  17: 'bytea',
  18: 'char',
  19: 'name',
  20: 'bigint',
  21: 'smallint',
  23: 'integer',
  25: 'text',
  26: 'oid',
  114: 'json',
  700: 'real',
  701: 'double precision',
  705: 'unknown',
  869: 'inet',
  1005: 'smallint[]',
  1007: 'integer[]',
  1009: 'text[]',
  1016: 'bigint[]',
  1022: 'double precision[]',
  1042: 'char(n)',
  1043: 'varchar',
  1082: 'date',
  1083: 'time',
  1114: 'timestamp',
  1182: 'date[]',
  1184: 'timestamptz',
  1186: 'interval',
  1231: 'numeric[]',
  1266: 'timetz',
  1700: 'numeric',
  2249: 'record',
  2950: 'uuid',
  2951: 'uuid[]',
  3802: 'jsonb',
}

const bigintType = 20

/** Columns under names of their own. */
export function columnsOf(fields: readonly Field[]): ResultColumn[] {
  const taken = new Set<string>()
  const last = new Map<string, number>()
  return fields.map(({ name, dataTypeID }) => {
    let unique = name
    let i = last.get(name) ?? 1
    while (taken.has(unique)) unique = `${name}_${++i}`
    taken.add(unique)
    last.set(name, i)
    return { name: unique, type: typeNames[dataTypeID] ?? 'other' }
  })
}

/** Rows of any query: a bigint beyond 2^53 is text, and so is what cannot be read as its type. */
export function lenientRows(result: StepResult, names: readonly string[]): ResultRow[] {
  return rowsOf(result, names, (text, type) => {
    if (type === bigintType && !Number.isSafeInteger(Number(text))) return text
    try {
      return parsers[type]?.(text) ?? text
    } catch {
      return text
    }
  })
}

/** Rows of a typed query, as every other handle of ours gives them. */
export function strictRows(result: StepResult): ResultRow[] {
  const names = result.fields.map(({ name }) => name)
  return rowsOf(result, names, (text, type) => {
    const parse = parsers[type]
    return parse === undefined ? text : parse(text)
  })
}

function rowsOf(
  { rows, fields }: StepResult,
  names: readonly string[],
  read: (text: string, type: number) => unknown,
): ResultRow[] {
  return rows.map((row) =>
    // Own properties whatever the name is, `__proto__` for one.
    Object.fromEntries(
      row.map((text, i) => [names[i] as string, text === null ? null : read(text, fields[i]?.dataTypeID ?? 0)]),
    ),
  )
}

/** @throws {QueryLimitError} One value is too large. */
export function assertCells({ rows, fields }: StepResult, maxCellBytes: number): void {
  for (const row of rows) {
    for (const [i, text] of row.entries()) {
      // A character takes 3 bytes at most, so most need no counting.
      if (text === null || text.length * 3 <= maxCellBytes) continue
      if (Buffer.byteLength(text) > maxCellBytes) {
        throw new QueryLimitError('cell', `A value of "${fields[i]?.name}" is larger than ${maxCellBytes} bytes.`, {
          hint: 'Take a part of it, such as left(column, 1000), or leave the column out.',
        })
      }
    }
  }
}
