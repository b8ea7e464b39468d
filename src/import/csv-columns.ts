import { type InputIssue, InvalidInputError } from '../errors.js'
import type { Column } from './csv-options.js'

export type Fields = readonly string[]
export type Read = (fields: Fields) => string

/**
 * Gives readers of columns: by place, or by the header's name, in any case where only one column has it.
 * What the file has not is collected; `check` throws it all at once.
 */
export function columnReaders(header: Fields | undefined) {
  const names = header?.map((name) => name.trim())
  const missing: InputIssue[] = []

  function place(column: Column, path: string): number {
    if (typeof column === 'number') {
      if (names !== undefined && column >= names.length) missing.push({ path, message: `there is no column ${column}` })
      return column
    }
    if (names === undefined) {
      missing.push({ path, message: 'columns have no names without a header: give the place' })
      return -1
    }
    const exact = places(names, column.trim())
    const found = exact.length > 0 ? exact : places(lower(names), column.trim().toLowerCase())
    if (found.length !== 1) {
      const none = `there is no column "${column}"${names.length === 1 ? ', and only one in all: is `delimiter` right?' : ''}`
      const message = found.length === 0 ? none : `"${column}" is the name of several columns`
      missing.push({ path, message })
    }
    return found[0] ?? -1
  }

  return {
    read(column: Column, path: string): Read {
      const index = place(column, path)
      return (fields) => fields[index]?.trim() ?? ''
    },
    check(): void {
      if (missing.length > 0) throw new InvalidInputError('The mapping', missing)
    },
  }
}

function places(names: readonly string[], wanted: string): number[] {
  return names.flatMap((name, index) => (name === wanted ? [index] : []))
}

function lower(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase())
}
