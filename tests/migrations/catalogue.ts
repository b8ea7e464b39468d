import { type Kysely, sql } from 'kysely'

/**
 * Everything that migrations make in a schema, one line each, sorted: relations, columns, constraints, indexes,
 * functions, triggers, types, policies, and the comments on them.
 */
export async function catalogue(db: Kysely<unknown>, schema: string): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`with ns as (select oid from pg_namespace where nspname = ${schema}),
relation as (select c.*, c.oid::regclass::text as label from pg_class c join ns on c.relnamespace = ns.oid)
select concat_ws(' ', 'relation', label, relkind, reloptions::text, relrowsecurity, obj_description(oid, 'pg_class')) as line
from relation
union all
select concat_ws(' ', 'column', label, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
  attgenerated, attcollation::regcollation, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
from relation join pg_attribute on attrelid = relation.oid left join pg_attrdef on adrelid = attrelid and adnum = attnum
where attnum > 0 and not attisdropped and relkind in ('r', 'v', 'p', 'm')
union all
select concat_ws(' ', 'constraint', label, conname, pg_get_constraintdef(pg_constraint.oid),
  obj_description(pg_constraint.oid, 'pg_constraint'))
from relation join pg_constraint on conrelid = relation.oid
union all
select concat_ws(' ', 'index', pg_get_indexdef(indexrelid)) from relation join pg_index on indrelid = relation.oid
union all
select concat_ws(' ', 'trigger', pg_get_triggerdef(pg_trigger.oid), tgenabled) from relation join pg_trigger on tgrelid = relation.oid
where not tgisinternal
union all
select concat_ws(' ', 'view', label, pg_get_viewdef(oid)) from relation where relkind in ('v', 'm')
union all
select concat_ws(' ', 'policy', label, polname, pg_get_expr(polqual, polrelid)) from relation join pg_policy on polrelid = relation.oid
union all
select concat_ws(' ', 'function', pg_get_functiondef(p.oid), obj_description(p.oid, 'pg_proc'))
from pg_proc p join ns on p.pronamespace = ns.oid where p.prokind in ('f', 'p')
union all
select concat_ws(' ', 'aggregate', p.oid::regprocedure) from pg_proc p join ns on p.pronamespace = ns.oid where p.prokind = 'a'
union all
select concat_ws(' ', 'type', t.oid::regtype, t.typtype, obj_description(t.oid, 'pg_type'))
from pg_type t join ns on t.typnamespace = ns.oid
order by 1`.execute(db)
  return rows.map(({ line }) => line)
}

/** Schemas, and objects outside of `schema` that no extension brought and the server did not have, one line each. */
export async function strays(db: Kysely<unknown>, schema: string): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`with other as (
  select oid, nspname from pg_namespace
  where nspname <> ${schema} and nspname !~ '^pg_' and nspname <> 'information_schema'
)
select 'schema ' || nspname as line from other where nspname <> 'public'
union all
select kind || ' ' || name || ' in ' || nspname from (
  select 'relation' as kind, oid, relname as name, relnamespace as namespace, 'pg_class'::regclass as class from pg_class
  union all
  select 'function', oid, proname, pronamespace, 'pg_proc'::regclass from pg_proc
  union all
  select 'type', oid, typname, typnamespace, 'pg_type'::regclass from pg_type
  union all
  select 'operator', oid, oprname, oprnamespace, 'pg_operator'::regclass from pg_operator
) as object join other on other.oid = namespace
where not exists (
  select from pg_depend where classid = class and objid = object.oid and deptype = 'e'
)`.execute(db)
  return rows.map(({ line }) => line)
}
