import type { SqlMigration } from './shape.js'

/**
 * What is audited, and SQL for it that is made from the catalogue: every column is audited unless it is named here. The
 * triggers of 0042 and the comparison of the log with the tables are made of these expressions.
 */
export const auditCode: SqlMigration = {
  name: '0041_audit_code',
  up: ({ finance }) => [
    `create function ${finance}.audited_tables() returns table (table_name text, left_out text[], secrets text[])
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select v.table_name, v.left_out::text[] || 'updated_at'::text, v.secrets::text[]
  from (values
    ('users', '{}', '{password_hash}'),
    ('consent_records', '{}', '{}'),
    ('accounts', '{balance,held,available}', '{}'),
    ('cards', '{}', '{token,token_fingerprint}'),
    ('investments', '{}', '{}'),
    ('transfers', '{}', '{}'),
    ('transactions', '{}', '{}'),
    ('p2p_transfers', '{}', '{}'),
    ('operator_actions', '{}', '{}')
  ) v (table_name, left_out, secrets)
$$`,
    `comment on function ${finance}.audited_tables() is
  'The tables whose changes go to audit_log. left_out: columns that follow from others. secrets: named, and never shown.'`,

    // Values are text, as Postgres writes them in UTC with ISO days: no number that a reader of JSON would round. What needs
    // no escaping is not escaped, and concat_ws leaves out nulls: a fraction of what building jsonb takes.
    `create function ${finance}.audit_code(
  tbl text, o text, n text,
  out owner text, out columns text, out line_o text, out line_n text, out object_o text, out object_n text,
  out changed_o text, out changed_n text, out differs text, out names text, out secrets_o text, out secrets_n text, out secrets_changed text
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with c as (
    select a.attnum as position, a.attname as name, a.attname = any (t.secrets) as secret, format('"%s"', a.attname) as label,
      format('%s.%I', o, a.attname) as before, format('%s.%I', n, a.attname) as after,
      format('%L || ', format('"%s":', a.attname)) || case
        when y.typname in ('uuid', 'numeric', 'date', 'timestamptz', 'bool', 'int2', 'int4', 'int8') then $f$'"' || %s || '"'$f$
        else 'to_json(%s::text)' end as pair
    from ${finance}.audited_tables() t
    join pg_class k on k.oid = to_regclass('${finance}.' || quote_ident(t.table_name))
    join pg_attribute a on a.attrelid = k.oid
    join pg_type y on y.oid = a.atttypid
    where t.table_name = tbl and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      and a.attname <> 'user_id' and a.attname <> all (t.left_out)
  ), code as (
    select
      string_agg(label, ',' order by position) filter (where not secret) as columns,
      string_agg(before || '::text', ', ' order by position) filter (where not secret) as line_o,
      string_agg(after || '::text', ', ' order by position) filter (where not secret) as line_n,
      string_agg(format(pair, before), ', ' order by position) filter (where not secret) as object_o,
      string_agg(format(pair, after), ', ' order by position) filter (where not secret) as object_n,
      string_agg(format('case when %s is distinct from %s then %s end', before, after, format(pair, before)), ', '
        order by position) filter (where not secret) as changed_o,
      string_agg(format('case when %s is distinct from %s then %s end', before, after, format(pair, after)), ', '
        order by position) filter (where not secret) as changed_n,
      string_agg(format('%s is distinct from %s', before, after), ' or ' order by position) as differs,
      string_agg(quote_ident(name), ', ' order by position) as names,
      string_agg(format('case when %s is not null then %L end', before, label), ', ' order by position)
        filter (where secret) as secrets_o,
      string_agg(format('case when %s is not null then %L end', after, label), ', ' order by position)
        filter (where secret) as secrets_n,
      string_agg(format('case when %s is distinct from %s then %L end', before, after, label), ', ' order by position)
        filter (where secret) as secrets_changed
    from c
  )
  select case when tbl = 'users' then 'id' else 'user_id' end, '[' || columns || ']',
    'array[' || line_o || ']', 'array[' || line_n || ']',
    $f$'{' || concat_ws(',', $f$ || object_o || $f$) || '}'$f$, $f$'{' || concat_ws(',', $f$ || object_n || $f$) || '}'$f$,
    $f$'{' || concat_ws(',', $f$ || changed_o || $f$) || '}'$f$, $f$'{' || concat_ws(',', $f$ || changed_n || $f$) || '}'$f$,
    '(' || differs || case when tbl <> 'users' then format(' or %1$s.user_id is distinct from %2$s.user_id', o, n) else '' end || ')',
    names || case when tbl <> 'users' then ', user_id' else '' end,
    coalesce($f$coalesce(',"secrets":[' || nullif(concat_ws(',', $f$ || secrets_o || $f$), '') || ']', '')$f$, $f$''$f$),
    coalesce($f$coalesce(',"secrets":[' || nullif(concat_ws(',', $f$ || secrets_n || $f$), '') || ']', '')$f$, $f$''$f$),
    coalesce($f$coalesce(',"secrets":[' || nullif(concat_ws(',', $f$ || secrets_changed || $f$), '') || ']', '')$f$, $f$''$f$)
  from code
$$`,
    `comment on function ${finance}.audit_code(text, text, text) is
  'SQL expressions over a table of audited_tables: of its row before (alias o) and after (alias n).'`,

    // What the log should come to. Dynamic, so that it always sees the columns that there are.
    `create function ${finance}.audited_rows(person uuid, after uuid default null, upto uuid default null)
returns table (user_id uuid, table_name text, row_id uuid, state jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
as $$
declare
  t text;
  code record;
begin
  for t in select a.table_name from ${finance}.audited_tables() a loop
    select * into code from ${finance}.audit_code(t, 'r', 'r');
    return query execute format(
      'select r.%1$I, %2$L::text, r.id, (%3$s)::jsonb from ${finance}.%2$I r
      where ($1 is null or r.%1$I = $1) and ($2 is null or r.%1$I > $2) and ($3 is null or r.%1$I <= $3)',
      code.owner, t, code.object_n
    ) using person, after, upto;
  end loop;
end
$$`,
    `comment on function ${finance}.audited_rows(uuid, uuid, uuid) is
  'The rows that are audited, of one person or (null) of everybody, or of those from one id to another, as the log would say them: text by column, no nulls.'`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.audited_rows(uuid, uuid, uuid)`,
    `drop function ${finance}.audit_code(text, text, text)`,
    `drop function ${finance}.audited_tables()`,
  ],
}
