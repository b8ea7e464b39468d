/**
 * Runs a statement of ours, with parameters, as the role of the door. Values come as the driver gives them, so the statements
 * here give one JSON document.
 */
export type CatalogueQuery = <Row>(text: string, values: readonly unknown[]) => Promise<Row[]>

/** A column that the role may read. */
export interface ColumnInfo {
  readonly name: string
  /** In short: `numeric`, `timestamptz`, `text`. */
  readonly type: string
  readonly nullable: boolean
  /** What it means: unit, sign, which day or instant. */
  readonly comment: string | undefined
  /** All the values that a CHECK constraint or an enum type lets in, where there is such a list. */
  readonly values: readonly string[] | undefined
}

/** How to get from a table to another: `columns[i]` here equals `target_columns[i]` there. */
export interface JoinInfo {
  readonly columns: readonly string[]
  readonly target: string
  readonly targetColumns: readonly string[]
}

/** A table or view of which the role may read something. */
export interface TableInfo {
  readonly name: string
  readonly comment: string | undefined
  readonly columns: readonly ColumnInfo[]
  readonly joins: readonly JoinInfo[]
  /** A view, or a table of another server: counting its rows may be dear. */
  readonly isView: boolean
  /** The server's estimate of everybody's rows; undefined when it has none. */
  readonly estimate: number | undefined
}

interface RawTable {
  name: string
  comment: string | null
  estimate: number | null
  is_view: boolean
  columns: Array<{
    name: string
    type: string
    nullable: boolean
    comment: string | null
    labels: string[] | null
    check: string | null
  }>
  joins: Array<{ columns: string[]; target: string; target_columns: string[] }> | null
}

/**
 * What the role of the door may read of a schema, by the catalogue as it is now: one query. Of tables and columns that it may
 * not read nothing is told, not even in a join.
 */
export async function readCatalogue(query: CatalogueQuery, schema: string): Promise<TableInfo[]> {
  const [row] = await query<{ tables: string | RawTable[] | null }>(catalogueSql, [schema])
  const tables: RawTable[] = typeof row?.tables === 'string' ? JSON.parse(row.tables) : (row?.tables ?? [])
  return tables.map(({ name, comment, estimate, is_view, columns, joins }) => ({
    name,
    comment: comment ?? undefined,
    estimate: estimate ?? undefined,
    isView: is_view,
    columns: columns.map((column) => ({
      name: column.name,
      type: shortType(column.type),
      nullable: column.nullable,
      comment: column.comment ?? undefined,
      values: column.labels ?? (column.check === null ? undefined : valuesOf(column.check)),
    })),
    joins: (joins ?? []).map((join) => ({
      columns: join.columns,
      target: join.target,
      targetColumns: join.target_columns,
    })),
  }))
}

/** Of a reference to a unique key that holds the primary key, such as (user_id, id, currency), the primary key is enough. */
const catalogueSql = `
  with rel as (
    select c.oid, c.relname::text as name, c.reltuples, c.relkind not in ('r', 'p') as is_view
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
  ), col as (
    select r.oid, a.attnum, a.attname::text as name, a.atttypid, a.atttypmod, a.attnotnull
    from rel r join pg_catalog.pg_attribute a on a.attrelid = r.oid
    where a.attnum > 0 and not a.attisdropped and pg_catalog.has_column_privilege(r.oid, a.attnum, 'SELECT')
  ), enumerated as (
    select k.conrelid, k.conkey[1] as attnum, min(pg_catalog.pg_get_constraintdef(k.oid)) as def
    from pg_catalog.pg_constraint k join rel r on r.oid = k.conrelid
    where k.contype = 'c' and pg_catalog.cardinality(k.conkey) = 1
      and pg_catalog.pg_get_constraintdef(k.oid) ~ '= ANY \\('
    group by 1, 2
  ), foreign_key as (
    select k.oid, k.conrelid, r.name as target, k.confrelid, pair.attnum, pair.target_attnum, pair.place
    from pg_catalog.pg_constraint k
    join rel r on r.oid = k.confrelid
    cross join lateral unnest(k.conkey, k.confkey) with ordinality pair (attnum, target_attnum, place)
    left join pg_catalog.pg_index p on p.indrelid = k.confrelid and p.indisprimary
    where k.contype = 'f'
      and not (p.indexrelid is not null and p.indkey::int2[] <@ k.confkey and not pair.target_attnum = any (p.indkey::int2[]))
  ), joining as (
    select f.oid, f.conrelid, f.target,
      pg_catalog.json_build_object('columns', pg_catalog.json_agg(a.name order by f.place), 'target', f.target,
        'target_columns', pg_catalog.json_agg(b.name order by f.place)) as doc
    from foreign_key f
    left join col a on a.oid = f.conrelid and a.attnum = f.attnum
    left join col b on b.oid = f.confrelid and b.attnum = f.target_attnum
    group by f.oid, f.conrelid, f.target
    having count(*) = count(a.name) and count(*) = count(b.name)
  )
  select pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', r.name,
    'comment', pg_catalog.obj_description(r.oid, 'pg_class'),
    'estimate', case when r.reltuples >= 0 then r.reltuples::int8 end,
    'is_view', r.is_view,
    'columns', (
      select pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', c.name,
        'type', pg_catalog.format_type(c.atttypid, c.atttypmod),
        'nullable', not c.attnotnull,
        'comment', pg_catalog.col_description(c.oid, c.attnum),
        'labels', (select pg_catalog.json_agg(e.enumlabel order by e.enumsortorder)
          from pg_catalog.pg_enum e where e.enumtypid = c.atttypid),
        'check', (select e.def from enumerated e where e.conrelid = c.oid and e.attnum = c.attnum)
      ) order by c.attnum) from col c where c.oid = r.oid),
    'joins', (select pg_catalog.json_agg(j.doc order by j.target, j.oid) from joining j where j.conrelid = r.oid)
  ) order by r.name)::text as tables
  from rel r`

/** The values of `CHECK ((status = ANY (ARRAY['a'::text, 'b'::text])))`; undefined for any other check. */
export function valuesOf(check: string): string[] | undefined {
  const list = /^CHECK \(\(\(?"?[\w$]+"?\)?(?:::\w+)? = ANY \(+ARRAY\[(.*?)\]\)*(?:::[\w ]+\[\])?\)*$/.exec(check)?.[1]
  if (list === undefined) return undefined
  const values = [...list.matchAll(/'((?:[^']|'')*)'(?:::[\w ]+)?(?:, |$)/g)]
  // Anything else in the list, such as a number, and it is not one of words.
  return values.map(([text]) => text).join('') === list
    ? values.map(([, text = '']) => text.replaceAll("''", "'"))
    : undefined
}

const typeNames: Readonly<Record<string, string>> = {
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  'time without time zone': 'time',
  'time with time zone': 'timetz',
  'character varying': 'varchar',
  character: 'char',
  'double precision': 'float8',
}

/** Without precision, but for the length of a text. */
function shortType(type: string): string {
  const [, before = type, precision = '', after = ''] = /^([^(]*)(\([^)]*\))?(.*)$/.exec(type) ?? []
  const bare = before + after
  const name = typeNames[bare] ?? bare
  return name === 'char' || name === 'varchar' ? name + precision : name
}
