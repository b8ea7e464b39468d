import { type Kysely, sql } from 'kysely'

export type ObjectKind =
  | 'schema'
  | 'type'
  | 'sequence'
  | 'function'
  | 'table'
  | 'column'
  | 'constraint'
  | 'index'
  | 'view'
  | 'trigger'
  | 'rule'
  | 'policy'
  | 'grant'
  | 'comment'

/** What the catalogue says of an object. Which facts there are goes with the kind. */
export type Facts = Readonly<Record<string, string | boolean | null | readonly string[]>>

/** An object of a schema, as one server describes it. */
export interface CatalogueItem {
  readonly kind: ObjectKind
  /** Qualified and quoted, so that SQL can name it; unique among those of its kind. */
  readonly name: string
  /** What it is on or in: the table of a column, the object of a comment or a grant, as `kind name`. */
  readonly parent: string | null
  /** Rises in the order in which objects of a kind were made. */
  readonly oid: number
  readonly facts: Facts
}

export const keyOf = ({ kind, name }: Pick<CatalogueItem, 'kind' | 'name'>) => `${kind} ${name}`

/**
 * All there is in a schema, as the server has it. Definitions are Postgres's own text, with every name qualified. What
 * extensions brought is left out, and so are `not null` constraints, which have names since PostgreSQL 18 only: they are
 * facts of their columns.
 */
export async function readCatalogue(db: Kysely<unknown>, schema: string): Promise<CatalogueItem[]> {
  return db.transaction().execute(async (trx) => {
    // Names that are in the search path are printed without their schema, and constants as the session shows them.
    await sql`select set_config('search_path', '', true), set_config('datestyle', 'ISO', true),
      set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true),
      set_config('bytea_output', 'hex', true), set_config('quote_all_identifiers', 'off', true),
      set_config('standard_conforming_strings', 'on', true)`.execute(trx)
    return queryCatalogue(trx, schema)
  })
}

/** {@link readCatalogue} in a transaction whose search_path is empty. */
export async function queryCatalogue(trx: Kysely<unknown>, schema: string): Promise<CatalogueItem[]> {
  const { rows } = await query(schema).execute(trx)
  return rows.map(({ item }) => JSON.parse(item) as CatalogueItem)
}

/** For privileges that are not the owner's own: what an owner has by default changes with the version of the server. */
const granted = sql`
  select 'schema' as kind, nspname_q as name, null::text as parent, 'schema ' || nspname_q as target,
    coalesce(nspacl, acldefault('n', nspowner)) as acl, nspowner as owner from ns
  union all
  select case when relkind in ('v', 'm') then 'view' when relkind = 'S' then 'sequence' else 'table' end, label, null,
    case when relkind = 'S' then 'sequence ' else 'table ' end || label,
    coalesce(relacl, acldefault(case when relkind = 'S' then 's'::"char" else 'r'::"char" end, relowner)), relowner
  from rel where relkind in ('r', 'p', 'v', 'm') or relkind = 'S' and not internal
  union all
  select 'column', format('%s.%I', label, attname), format('%I', attname), 'table ' || label, attacl, relowner
  from rel join pg_attribute on attrelid = rel.oid where attacl is not null and not attisdropped
  union all
  select 'function', label, null, case when prokind = 'p' then 'procedure ' else 'function ' end || label,
    coalesce(proacl, acldefault('f', proowner)), proowner from fn
  union all
  select 'type', label, null, 'type ' || label, coalesce(typacl, acldefault('T', typowner)), typowner from ty`

const described = sql`
  select 'schema' as kind, nspname_q as name, 'schema ' || nspname_q as target, obj_description(oid, 'pg_namespace') as text, oid from ns
  union all
  select case when relkind in ('v', 'm') then 'view' when relkind = 'S' then 'sequence' when relkind in ('i', 'I') then 'index' else 'table' end,
    label, case relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
      when 'i' then 'index ' when 'I' then 'index ' else 'table ' end || label, obj_description(oid, 'pg_class'), oid
  from rel where relkind in ('r', 'p', 'v', 'm', 'S', 'i', 'I')
  union all
  select case when relkind in ('v', 'm') then 'view' else 'column' end,
    case when relkind in ('v', 'm') then label else format('%s.%I', label, attname) end,
    format('column %s.%I', label, attname), col_description(rel.oid, attnum), rel.oid
  from rel join pg_attribute on attrelid = rel.oid
  where relkind in ('r', 'p', 'v', 'm') and attnum > 0 and not attisdropped
  union all
  select 'constraint', format('%I on %s', conname, label), format('constraint %I on %s', conname, label),
    obj_description(k.oid, 'pg_constraint'), k.oid
  from pg_constraint k join rel on rel.oid = conrelid where contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select 'trigger', format('%I on %s', tgname, label), format('trigger %I on %s', tgname, label),
    obj_description(g.oid, 'pg_trigger'), g.oid
  from pg_trigger g join rel on rel.oid = tgrelid where not tgisinternal
  union all
  select 'policy', format('%I on %s', polname, label), format('policy %I on %s', polname, label),
    obj_description(p.oid, 'pg_policy'), p.oid
  from pg_policy p join rel on rel.oid = polrelid
  union all
  select 'function', label, case when prokind = 'p' then 'procedure ' when prokind = 'a' then 'aggregate ' else 'function ' end || label,
    obj_description(oid, 'pg_proc'), oid from fn
  union all
  select 'type', label, case typtype when 'd' then 'domain ' else 'type ' end || label, obj_description(oid, 'pg_type'), oid from ty`

const query = (schema: string) => sql<{ item: string }>`
with ns as (select *, quote_ident(nspname) as nspname_q from pg_namespace where nspname = ${schema}),
rel as (
  select c.*, format('%I.%I', nspname, relname) as label,
    exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'i') as internal
  from pg_class c join ns on relnamespace = ns.oid
  where not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
),
fn as (
  select p.*, format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) as label
  from pg_proc p join ns on pronamespace = ns.oid
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
),
ty as (
  select t.*, format('%I.%I', nspname, typname) as label
  from pg_type t join ns on typnamespace = ns.oid
  left join pg_class c on c.oid = typrelid
  where (typtype in ('e', 'd') or typtype = 'c' and c.relkind = 'c')
    and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
),
item (kind, name, parent, oid, facts) as (
  select 'schema', nspname_q, null, oid, '{}'::jsonb from ns
  union all
  select 'type', label, null, t.oid, jsonb_build_object('definition', case typtype
    when 'e' then 'create type ' || label || ' as enum (' || (
      select string_agg(quote_literal(enumlabel), ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid) || ')'
    when 'c' then 'create type ' || label || ' as (' || (
      select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum)
      from pg_attribute where attrelid = typrelid and attnum > 0 and not attisdropped) || ')'
    else concat_ws(' ', 'create domain', label, 'as', format_type(typbasetype, typtypmod), 'default ' || typdefault,
      case when typnotnull then 'not null' end, (
        select string_agg(format('constraint %I %s', conname, pg_get_constraintdef(k.oid)), ' ' order by conname)
        from pg_constraint k where contypid = t.oid and contype = 'c')) end)
  from ty t
  union all
  select 'sequence', label, null, rel.oid, jsonb_build_object('definition', format(
    'create sequence %s as %s increment by %s minvalue %s maxvalue %s start with %s cache %s%s', label,
    format_type(seqtypid, null), seqincrement, seqmin, seqmax, seqstart, seqcache, case when seqcycle then ' cycle' else '' end))
  from rel join pg_sequence on seqrelid = rel.oid where not internal
  union all
  select 'function', label, null, fn.oid, jsonb_build_object(
    'definition', case when prokind = 'a' then 'an aggregate' else pg_get_functiondef(fn.oid) end,
    'result', pg_get_function_result(fn.oid),
    'later', prokind <> 'a' and exists (
      select from pg_depend d join pg_type t on t.oid = d.refobjid and d.refclassid = 'pg_type'::regclass
      left join pg_type e on e.oid = t.typelem
      where d.classid = 'pg_proc'::regclass and d.objid = fn.oid and 'c' in (t.typtype, e.typtype)))
  from fn
  union all
  select 'table', label, null, oid, jsonb_build_object('unlogged', relpersistence = 'u', 'options', relkind::text || ' ' || coalesce(reloptions::text, ''),
    'row_security', relrowsecurity, 'force_row_security', relforcerowsecurity)
  from rel where relkind in ('r', 'p')
  union all
  select 'column', format('%s.%I', label, attname), 'table ' || label, attnum::oid, jsonb_build_object(
    'column', quote_ident(attname),
    'type', format_type(atttypid, atttypmod)
      || case when attcollation not in (0, typcollation) then ' collate ' || (
        select format('%I.%I', n.nspname, c.collname) from pg_collation c join pg_namespace n on n.oid = collnamespace
        where c.oid = attcollation) else '' end,
    -- of PostgreSQL 18: one that was added as not valid holds for new rows only
    'not_null', attnotnull and not exists (
      select from pg_constraint where conrelid = rel.oid and contype = 'n' and conkey = array[attnum] and not convalidated),
    'default', case when attgenerated = '' then pg_get_expr(adbin, adrelid) end,
    'identity', case attidentity::text when 'a' then 'always' when 'd' then 'by default' end,
    'generated', case when attgenerated <> '' then pg_get_expr(adbin, adrelid) end,
    'storage', case attgenerated when 's' then 'stored' when 'v' then 'virtual' end)
  from rel join pg_attribute on attrelid = rel.oid join pg_type on pg_type.oid = atttypid
  left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where relkind in ('r', 'p') and attnum > 0 and not attisdropped
  union all
  select 'constraint', format('%I on %s', conname, label), 'table ' || label, k.oid, jsonb_build_object(
    'table', label, 'constraint', quote_ident(conname), 'type', contype,
    'definition', regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''),
    'validated', convalidated,
    'off', (
      select coalesce(jsonb_agg(format('alter table %s enable trigger %I', tgrelid::regclass, tgname) order by g.oid), '[]')
      from pg_trigger g where tgconstraint = k.oid and tgisinternal and tgenabled in ('D', 'R')))
  from pg_constraint k join rel on rel.oid = conrelid where contype in ('c', 'f', 'p', 'u', 'x')
  union all
  select 'index', i.label, 'table ' || rel.label, i.oid, jsonb_build_object(
    'definition', pg_get_indexdef(i.oid), 'valid', indisvalid and indisready)
  from pg_index join rel on rel.oid = indrelid join rel i on i.oid = indexrelid
  where not exists (select from pg_constraint where conindid = i.oid and contype in ('p', 'u', 'x'))
  union all
  select 'view', label, null, oid, jsonb_build_object('materialized', relkind = 'm', 'options', (
      select string_agg(regexp_replace(o, '^([^=]+)=(.*)$', '\\1=''\\2'''), ', ' order by o) from unnest(reloptions) o),
    'definition', pg_get_viewdef(oid))
  from rel where relkind in ('v', 'm')
  union all
  select 'trigger', format('%I on %s', tgname, label), case when relkind in ('v', 'm') then 'view ' else 'table ' end || label, g.oid,
    jsonb_build_object('table', label, 'trigger', quote_ident(tgname), 'definition', pg_get_triggerdef(g.oid),
      'enabled', case tgenabled when 'O' then 'enable trigger' when 'A' then 'enable always trigger'
        when 'R' then 'enable replica trigger' else 'disable trigger' end)
  from pg_trigger g join rel on rel.oid = tgrelid where not tgisinternal
  union all
  select 'rule', format('%I on %s', rulename, label), 'table ' || label, r.oid, jsonb_build_object('definition', pg_get_ruledef(r.oid))
  from pg_rewrite r join rel on rel.oid = ev_class where relkind in ('r', 'p')
  union all
  select 'policy', format('%I on %s', polname, label), 'table ' || label, p.oid, jsonb_build_object(
    'definition', concat_ws(' ', format('create policy %I on %s as', polname, label),
      case when polpermissive then 'permissive' else 'restrictive' end, 'for',
      case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end, 'to', (
        select string_agg(case r when 0 then 'public' else quote_ident(pg_get_userbyid(r)) end, ', '
          order by pg_get_userbyid(r)) from unnest(polroles) r),
      'using (' || pg_get_expr(polqual, polrelid) || ')', 'with check (' || pg_get_expr(polwithcheck, polrelid) || ')'))
  from pg_policy p join rel on rel.oid = polrelid
  union all
  select 'grant', concat_ws(' ', lower(a.privilege_type collate "C"), '(' || o.parent || ')', 'on', o.target, 'to', r.grantee),
    o.kind || ' ' || o.name, 0, jsonb_build_object('grantee', r.grantee,
      'on', concat_ws(' ', lower(a.privilege_type collate "C"), '(' || o.parent || ')', 'on', o.target), 'grantable', bool_or(a.is_grantable))
  from (${granted}) o
  cross join lateral aclexplode(o.acl) a
  cross join lateral (select case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as grantee) r
  where a.grantee <> o.owner
  group by o.kind, o.name, o.parent, o.target, a.privilege_type, r.grantee
  union all
  select 'comment', d.target, d.kind || ' ' || d.name, d.oid, jsonb_build_object('text', d.text)
  from (${described}) d where d.text is not null
)
select json_build_object('kind', kind, 'name', name, 'parent', parent, 'oid', oid::bigint, 'facts', facts)::text as item
from item order by kind, name collate "C"`
