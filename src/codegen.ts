import { type Kysely, sql } from 'kysely'
import { UnsupportedError } from './errors.js'

interface Allowed {
  readonly schema: string
  readonly table: string
  readonly column: string
  readonly values: string[]
}

export interface TypesOptions {
  /** Of qualified names: `finance.*`. */
  readonly includePattern?: string
  readonly excludePattern?: string
  /** Types that a column has beyond what its SQL type says, by `schema.table.column`. */
  readonly columns?: Record<string, string>
  /** Where names in `columns` come from. */
  readonly imports?: Record<string, string>
}

/**
 * Kysely's types of tables, with values as our connections return and accept them: `numeric` and `date` as strings, `bigint`
 * as number. A check of the form `x in (…)` becomes a union.
 *
 * @throws {UnsupportedError} `kysely-codegen` is not installed.
 */
export async function typesOf<DB>(
  db: Kysely<DB>,
  { includePattern, excludePattern, columns = {}, imports = {} }: TypesOptions,
): Promise<string> {
  const { generate, IdentifierNode, PostgresDialect } = await import('kysely-codegen').catch((cause: unknown) => {
    throw new UnsupportedError(
      'Types are written by kysely-codegen, which needs TypeScript: npm install --save-dev kysely-codegen typescript',
      { cause },
    )
  })
  const plain = db.withoutPlugins()
  const allowed = await allowedValues(plain)
  const dialect = new PostgresDialect({ dateParser: 'string' })
  // A number is never taken for an amount.
  const { scalars } = dialect.adapter
  scalars.numeric = new IdentifierNode('string')
  scalars.interval = new IdentifierNode('string')
  scalars.int8 = new IdentifierNode('number')

  return generate({
    db: plain,
    dialect,
    includePattern: includePattern ?? null,
    excludePattern: excludePattern ?? null,
    outFile: null,
    overrides: { columns },
    customImports: imports,
    async postprocess({ metadata }) {
      for (const { schema, table, column, values } of allowed) {
        const found = metadata.tables
          .find((other) => other.name === table && other.schema === schema)
          ?.columns.find(({ name }) => name === column)
        if (found !== undefined) found.enumValues = values
      }
      return metadata
    },
  })
}

/** Columns that a check constraint limits to a list: Postgres prints `x in ('a', 'b')` as `x = ANY (ARRAY['a'::text, …])`. */
async function allowedValues<DB>(db: Kysely<DB>): Promise<Allowed[]> {
  const { rows } = await sql<{ schema: string; table: string; column: string; definition: string }>`
    select n.nspname::text as schema, c.relname::text as table, a.attname::text as column, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and array[a.attnum] = k.conkey
    where k.contype = 'c' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
    order by 1, 2, 3`.execute(db)

  return rows.flatMap(({ schema, table, column, definition }) => {
    const [, on, list] = /^CHECK \(\(+(\w+) = ANY \(ARRAY\[([^\]]*)\]\)\)+$/.exec(definition) ?? []
    if (on !== column || list === undefined) return []
    const values = [...list.matchAll(/'((?:[^']|'')*)'::text/g)].map(([, text = '']) => text.replaceAll("''", "'"))
    return [{ schema, table, column, values }]
  })
}
