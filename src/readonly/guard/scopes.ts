import type { Node } from './tree.js'

/** The names of CTEs that stand for something where a part of the query is. */
export type Names = ReadonlySet<string>

export const noNames: Names = new Set()

/**
 * Looks into each CTE with the names that it sees, and gives those that the query after them sees: without RECURSIVE a CTE
 * sees the ones before it, with it all of them and itself.
 */
export function withClauseNames(
  clause: Node | undefined,
  outer: Names,
  look: (query: unknown, names: Names) => void,
): Names {
  if (clause === undefined) return outer
  const ctes = (clause.ctes ?? []) as ReadonlyArray<{ CommonTableExpr: Node & { ctename: string } }>
  const all = new Set([...outer, ...ctes.map(({ CommonTableExpr }) => CommonTableExpr.ctename)])
  if (clause.recursive === true) {
    for (const cte of ctes) look(cte, all)
    return all
  }
  const seen = new Set(outer)
  for (const cte of ctes) {
    look(cte, seen)
    seen.add(cte.CommonTableExpr.ctename)
  }
  return all
}
