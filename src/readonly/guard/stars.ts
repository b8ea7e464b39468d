import type { GuardSchema } from './schema.js'
import type { Names } from './scopes.js'
import type { Node } from './tree.js'

interface Source {
  readonly table: string
  readonly alias: string
}

/**
 * Refuses `*`, `t.*` and `t` for a whole row over a table with withheld columns, and names the columns that may be read: the
 * server would only say that permission is denied.
 */
export function assertStar(
  select: Node,
  names: Names,
  { readable, partly, schema }: GuardSchema,
  refuse: (message: string, hint: string) => never,
): void {
  if (partly.size === 0) return
  const sources = tablesIn(select.fromClause, names, schema).filter(({ table }) => partly.has(table))
  if (sources.length === 0) return
  for (const target of (select.targetList ?? []) as ReadonlyArray<{ ResTarget?: { val?: Node } }>) {
    const fields = (target.ResTarget?.val?.ColumnRef as Node | undefined)?.fields
    const whole = Array.isArray(fields) ? wholeRowOf(fields) : undefined
    if (whole === undefined) continue
    const source = whole === '*' ? sources[0] : sources.find(({ alias }) => alias === whole)
    if (source === undefined) continue
    refuse(
      `Some columns of ${source.table} are withheld, so it cannot be read with * or as a whole row.`,
      `Columns of ${source.table} that may be read: ${readable.get(source.table)?.join(', ')}.`,
    )
  }
}

/** `*` for all tables, the alias for `alias.*`. */
function wholeRowOf(fields: ReadonlyArray<Node>): string | undefined {
  if (fields.at(-1)?.A_Star === undefined) return undefined
  if (fields.length === 1) return '*'
  return (fields.at(-2)?.String as { sval?: string } | undefined)?.sval
}

/** The tables of a FROM clause, not those of its subqueries. */
function tablesIn(value: unknown, names: Names, schema: string): Source[] {
  if (Array.isArray(value)) return value.flatMap((item) => tablesIn(item, names, schema))
  if (typeof value !== 'object' || value === null) return []
  const { RangeVar, JoinExpr, RangeTableSample } = value as Record<string, Node | undefined>
  if (JoinExpr !== undefined) return tablesIn([JoinExpr.larg, JoinExpr.rarg], names, schema)
  if (RangeTableSample !== undefined) return tablesIn(RangeTableSample.relation, names, schema)
  if (RangeVar === undefined) return []
  const table = String(RangeVar.relname)
  if (RangeVar.schemaname === undefined && names.has(table)) return []
  return [{ table, alias: (RangeVar.alias as { aliasname?: string } | undefined)?.aliasname ?? table }]
}
