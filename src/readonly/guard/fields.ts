import { allowedFunctions } from './functions.js'
import type { GuardSchema } from './schema.js'
import { itemsOf, type Node, namesIn } from './tree.js'

/** Columns that functions of the list give. No built-in function is called so. */
const givenNames = ['key', 'value', 'ordinality', 'lexeme', 'positions', 'weights']

/**
 * `(x).f` calls the function f where x has no field of the name, whatever x is: `('a').upper` is `upper('a')`. So does `x.f`
 * where x is a function of FROM that gives one value. Hence such a field has to be a column of a table, or a function of the list.
 */
export class Fields {
  readonly #known: ReadonlySet<string>
  /** For each name of a function in FROM, the columns that it has wherever the name stands for one. */
  readonly #columns = new Map<string, ReadonlySet<string>>()

  constructor({ readable }: GuardSchema, statement: unknown) {
    this.#known = new Set([...givenNames, ...[...readable.values()].flat()])
    this.#collect(statement)
  }

  #collect(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'RangeFunction') this.#add(inner as Node)
      this.#collect(inner)
    }
  }

  #add(node: Node): void {
    const { aliasname, colnames } = (node.alias ?? {}) as { aliasname?: string; colnames?: unknown }
    const declared = [...namesIn(colnames), ...columnNamesIn(node.coldeflist), ...columnNamesIn(node.functions)]
    for (const name of aliasname === undefined ? calledIn(node.functions) : [aliasname]) {
      const columns = declared.length > 0 ? declared : [name]
      const before = this.#columns.get(name)
      this.#columns.set(name, new Set(before === undefined ? columns : columns.filter((column) => before.has(column))))
    }
  }

  /** `(…).field` */
  isField(field: string): boolean {
    return this.#known.has(field) || allowedFunctions.has(field)
  }

  /** `source.column` */
  isColumn(source: string, column: string): boolean {
    const columns = this.#columns.get(source)
    return columns === undefined || columns.has(column) || this.isField(column)
  }
}

/** Whether a function of FROM has a name, its alias or its own: what is cast there has the name of its type, and more such. */
export function isNamed(rangeFunction: Node): boolean {
  return rangeFunction.alias !== undefined || calledIn(rangeFunction.functions).length > 0
}

function calledIn(functions: unknown): string[] {
  return itemsOf(functions).flatMap(({ List }) =>
    itemsOf(List?.items).flatMap(({ FuncCall }) => namesIn(FuncCall?.funcname).slice(-1)),
  )
}

/** Of column definitions: `as x (a int)`. Those of a list of functions are one level further in. */
function columnNamesIn(list: unknown): string[] {
  return itemsOf(list).flatMap(({ ColumnDef, List }) =>
    ColumnDef === undefined ? columnNamesIn(List?.items) : [String(ColumnDef.colname)],
  )
}
