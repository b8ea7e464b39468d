import type { GuardSchema } from './schema.js'
import type { Node } from './tree.js'

type Refuse = (message: string, hint?: string) => never

/**
 * Columns that the database does not withhold, so that the guard has to (PGlite without a role). A table that has one is read
 * by the names of its other columns and in no other way: a hidden column comes along in a whole row, in a row that a function
 * is called on (`t.to_json`), in a join that has a name, under another name (`users as u (a, b, c)`), and is compared by
 * NATURAL and USING.
 */
export class Withheld {
  readonly #readable: GuardSchema['readable']
  readonly #partly: GuardSchema['partly']
  readonly #hidden: ReadonlySet<string>
  /** The tables that a name stands for somewhere in the query: their own, and aliases. */
  readonly #tables = new Map<string, Set<string>>()

  constructor({ readable, partly }: GuardSchema, hidden: ReadonlySet<string>, statement: unknown) {
    this.#readable = readable
    this.#partly = partly
    this.#hidden = hidden
    for (const table of partly) this.#tables.set(table, new Set([table]))
    this.#collectAliases(statement)
  }

  #collectAliases(value: unknown): void {
    if (typeof value !== 'object' || value === null) return
    const { relname, alias } = value as { relname?: string; alias?: { aliasname?: string } }
    if (relname !== undefined && this.#partly.has(relname) && alias?.aliasname !== undefined) {
      this.#tables.set(alias.aliasname, new Set([...(this.#tables.get(alias.aliasname) ?? []), relname]))
    }
    for (const inner of Object.values(value)) this.#collectAliases(inner)
  }

  /** `a`, `t.a`, `s.t.a`, and with a star `t.*`, `s.t.*`. */
  checkColumn(names: readonly string[], hasStar: boolean, refuse: Refuse): void {
    const last = names.at(-1) ?? ''
    if (hasStar || names.length === 1) {
      if (this.#tables.has(last)) refuse(`The table ${last} cannot be read as a whole row.`, 'Name its columns.')
    }
    if (hasStar) return
    if (this.#hidden.has(last)) refuse(`The column ${last} is withheld.`)
    const tables = this.#tables.get(names.at(-2) ?? '')
    if (tables !== undefined && ![...tables].some((table) => this.#readable.get(table)?.includes(last))) {
      refuse(`There is no column ${names.at(-2)}.${last} that may be read.`)
    }
  }

  checkTable({ relname, alias }: Node, refuse: Refuse): void {
    if (this.#partly.has(String(relname)) && (alias as Node | undefined)?.colnames !== undefined) {
      refuse(`The columns of ${relname} cannot be renamed in FROM.`, 'Rename them in the list of SELECT.')
    }
  }

  checkJoin(join: Node, using: readonly string[], refuse: Refuse): void {
    const hidden = using.find((name) => this.#hidden.has(name))
    if (hidden !== undefined) refuse(`The column ${hidden} is withheld.`)
    if (!this.#isIn(join.larg) && !this.#isIn(join.rarg)) return
    const hint = 'Join with ON or USING, and name the columns that you need.'
    if (join.isNatural === true) refuse('NATURAL would compare columns that are withheld.', hint)
    if (join.alias !== undefined) refuse('A join of a table with withheld columns cannot have a name of its own.', hint)
  }

  /** Whether a table with hidden columns is in a part of FROM; those of a subquery show nothing. */
  #isIn(part: unknown): boolean {
    const { RangeVar, JoinExpr, RangeTableSample } = (part ?? {}) as Record<string, Node | undefined>
    if (JoinExpr !== undefined) return this.#isIn(JoinExpr.larg) || this.#isIn(JoinExpr.rarg)
    if (RangeTableSample !== undefined) return this.#isIn(RangeTableSample.relation)
    return this.#partly.has(String(RangeVar?.relname))
  }
}
