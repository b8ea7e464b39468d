/** Columns; `*` for all of a table. */
const secrets = [
  'users.password_hash',
  'cards.token',
  'cards.token_fingerprint',
  ...['auth_sessions', 'auth_attempts', 'audit_log', 'audit_seals', 'scope_keys', 'database_roles'].map(
    (t) => `${t}.*`,
  ),
]

/**
 * What findings are made from. `$1` is our schema, `$2` the kind of the role. `rel` is everything that may be read or written
 * outside of the catalogue; `restricted` there: a policy with the very expression that `role_changes` makes (migration 0057),
 * written as `pg_get_expr` does, which leaves out a schema that is found without. It stands here a second time on purpose: it
 * is what checks the other, so a mistake there must not come along. `limited`: whether the role is to see one
 * person only; one that may call `scoped_user`, or that any restrictive policy names, is.
 */
export const relations = `me as (select * from pg_roles where rolname = current_user), secret as (
  select split_part(s, '.', 1) as t, split_part(s, '.', 2) as c from unnest('{${secrets.join(',')}}'::text[]) s
), scope as (
  select f.oid, format('( SELECT %s%I() AS %2$I)', case when not pg_function_is_visible(f.oid) then quote_ident($1) || '.' end, 'scoped_user') as call
  from (select to_regprocedure(format('%I.scoped_user()', $1::text)) as oid) f
), rel as (
  select c.oid, c.relname::text as name, c.oid::regclass::text as label, n.nspname = $1 as ours, c.relkind in ('r', 'p') as is_table,
    c.relkind <> 'S' and has_any_column_privilege(me.oid, c.oid, 'select') and has_schema_privilege(me.oid, n.oid, 'usage') as readable,
    c.relrowsecurity as secured,
    exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('*', 'r') and me.oid = any (p.polroles)
      and pg_get_expr(p.polqual, p.polrelid) = case when n.nspname <> $1 or c.relname not in ('users', 'p2p_transfers') then format('(%I = %s)', 'user_id', scope.call)
        when c.relname = 'users' then format('(%I = %s)', 'id', scope.call)
        else format('((%I = %s) OR (%I = %2$s))', 'user_id', scope.call, 'recipient_id') end) as restricted,
    exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e') as of_extension,
    case when c.relkind = 'S' then array(
        select v from unnest('{USAGE,UPDATE}'::text[]) v where has_sequence_privilege(me.oid, c.oid, v))
      else array(
        select v from unnest(case when current_setting('server_version_num')::int >= 170000
          then '{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}' else '{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}' end::text[]) v
        where has_table_privilege(me.oid, c.oid, v)
          or case when v in ('INSERT', 'UPDATE', 'REFERENCES') then has_any_column_privilege(me.oid, c.oid, v) end)
    end as privileges
  from me, scope, pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.oid <> 'pg_catalog.pg_settings'::regclass
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(temp|toast)'
), catalogue as (
  select c.oid::regclass::text as label, a.privilege_type
  from me, pg_class c cross join lateral aclexplode(c.relacl) a
  where c.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    and a.grantee in (0, me.oid) and a.privilege_type <> 'SELECT' and c.oid <> 'pg_catalog.pg_settings'::regclass
), limited as (
  select $2 = 'agent' or $2 = 'either' and not me.rolsuper and (coalesce(has_function_privilege(me.oid, scope.oid, 'execute'), false)
    or exists (select from pg_policy p join rel r on r.oid = p.polrelid where r.ours and not p.polpermissive and me.oid = any (p.polroles))) as so
  from me, scope
)`
