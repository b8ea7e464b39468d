import { z } from 'zod'
import type { RoleReport } from '../../roles/inspect.js'
import { parseInput } from '../../schema/input.js'
import type { QueryLimits } from '../limits.js'
import { fitCard, type TableCard } from './card.js'
import { type CatalogueQuery, readCatalogue, type TableInfo } from './catalogue.js'
import { countRows, estimatedRows } from './counts.js'
import { byUse } from './ranks.js'
import { answerable } from './samples.js'
import { estimateTokens } from './tokens.js'

export interface DescribeOptions {
  /**
   * How long `text` may be, in tokens as `estimateTokens` has them: 3.6 bytes each, which is more than models count. At least
   * 150. Default 5000, in which everything of ours has room.
   */
  readonly tokens?: number | undefined
  /** Only these tables; of what cannot be read `unknown` has the names. */
  readonly tables?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

/** What can be asked here, for whoever writes the SQL. */
export interface SchemaCard {
  /** For the prompt of a language model. */
  readonly text: string
  /** Of `text`, estimated. */
  readonly tokens: number
  /** Whether `text` has everything: each table, each comment and all sample questions. */
  readonly complete: boolean
  /** Tables whose columns had no room in `text`. */
  readonly shortened: readonly string[]
  /** Tables that were asked for and that there are not, or that may not be read, which is not told apart. */
  readonly unknown: readonly string[]
  /** All that may be read, the most useful first, whatever had room in `text`. */
  readonly tables: readonly TableCard[]
}

/** What the card is made from. */
export interface CardSource {
  readonly schema: string
  readonly role: Pick<RoleReport, 'serverVersion' | 'sees'>
  /** Whether statements run for a user, whose rows can be counted. */
  readonly hasUser: boolean
  readonly limits: QueryLimits
  readonly query: CatalogueQuery
  /** Where the catalogue itself lets the role read more than the door does: what the door does. */
  readonly only?: RoleReport['readable'] | undefined
}

const describeOptions = z.strictObject({
  tokens: z.int().min(150).max(1_000_000).optional(),
  tables: z.array(z.string().min(1).max(200)).max(1000).optional(),
  signal: z.instanceof(AbortSignal).optional(),
})

/** Reads the catalogue as it is now, so that a card is never older than the last migration or the last row. */
export async function describe(source: CardSource, options: DescribeOptions = {}): Promise<SchemaCard> {
  const { tokens = 5000, tables: asked } = parseInput(describeOptions, options, 'The options')
  const { schema, limits, role } = source
  const { serverVersion, sees } = role
  const all = await readCatalogue(source.query, schema)
  const readable = source.only === undefined ? all : onlyReadable(all, source.only)
  const wanted = asked === undefined ? undefined : new Set(asked.map((name) => bareName(name, schema)))
  const chosen = wanted === undefined ? readable : readable.filter(({ name }) => wanted.has(name))
  const counts = await rowCounts(source, chosen)
  const tables = byUse(chosen.map((table) => ({ ...table, rows: counts.get(table.name) })))
  const samples = answerable(chosen)
  const { text, state } = fitCard({ schema, serverVersion, sees, limits, tables, samples }, tokens)
  return {
    text,
    tokens: estimateTokens(text),
    complete: state.complete,
    shortened: state.shortened,
    unknown: [...(wanted ?? [])].filter((name) => !readable.some((table) => table.name === name)),
    tables,
  }
}

function onlyReadable(tables: readonly TableInfo[], readable: RoleReport['readable']): TableInfo[] {
  const open = (table: string, column: string) => readable.get(table)?.includes(column) ?? false
  return tables
    .filter(({ name }) => readable.has(name))
    .map((table) => ({
      ...table,
      columns: table.columns.filter(({ name }) => open(table.name, name)),
      joins: table.joins.filter(
        ({ columns, target, targetColumns }) =>
          columns.every((column) => open(table.name, column)) && targetColumns.every((column) => open(target, column)),
      ),
    }))
}

async function rowCounts({ role: { sees }, hasUser, query, schema }: CardSource, tables: readonly TableInfo[]) {
  if (sees === 'everybody') return estimatedRows(tables)
  return hasUser ? countRows(query, schema, tables) : estimatedRows([])
}

/** Without the schema, and without quotes. */
function bareName(name: string, schema: string): string {
  const bare = name.replaceAll('"', '').trim()
  return bare.startsWith(`${schema}.`) ? bare.slice(schema.length + 1) : bare
}
