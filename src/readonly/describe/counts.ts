import { QueryLimitError } from '../../errors.js'
import { identifier } from '../../quoting.js'
import type { CatalogueQuery, TableInfo } from './catalogue.js'

/** How many rows there are, coarsely. */
export type RowCount = 'none' | 'below 10' | 'tens' | 'hundreds' | 'thousands' | '10,000 or more'

/** Beyond it nobody counts. */
const most = 10_000

/**
 * The rows of the one user whom the role may see, counted up to 10,000 a table in one query: the server's estimates would tell
 * about other people. Views are not counted, and nothing is where it takes too long.
 */
export async function countRows(
  query: CatalogueQuery,
  schema: string,
  tables: readonly TableInfo[],
): Promise<ReadonlyMap<string, RowCount>> {
  const counted = tables.filter(({ isView }) => !isView)
  if (counted.length === 0) return new Map()
  const counts = counted.map(({ name }, i) => {
    const bounded = `select from ${identifier(schema)}.${identifier(name)} limit ${most}`
    return `(select pg_catalog.count(*) from (${bounded}) t${i})::int4 as c${i}`
  })
  try {
    const [row] = await query<Record<string, number>>(`select ${counts.join(', ')}`, [])
    return new Map(counted.map(({ name }, i) => [name, bucketOf(Number(row?.[`c${i}`]))]))
  } catch (error) {
    if (error instanceof QueryLimitError) return new Map()
    throw error
  }
}

/** The server's own estimates, for a role that sees everybody's rows anyway. */
export function estimatedRows(tables: readonly TableInfo[]): ReadonlyMap<string, RowCount> {
  return new Map(tables.flatMap(({ name, estimate }) => (estimate === undefined ? [] : [[name, bucketOf(estimate)]])))
}

function bucketOf(rows: number): RowCount {
  if (rows === 0) return 'none'
  if (rows < 10) return 'below 10'
  if (rows < 100) return 'tens'
  if (rows < 1000) return 'hundreds'
  return rows < most ? 'thousands' : '10,000 or more'
}
