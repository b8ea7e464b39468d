import { literal } from '../quoting.js'
import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

/** What agents and analysts may read. A later migration adds its columns to the table, or nobody reads them. */
const readable: Readonly<Record<string, string>> = {
  accounts:
    'user_id id account_number_last4 account_type available balance created_at credit_limit currency external_id ' +
    'held institution minimum_balance name opening_balance status updated_at',
  cards: 'user_id id account_id brand created_at exp_month exp_year last4 status updated_at',
  chat_logs: 'user_id id created_at guardrails_passed message response',
  computed_features: 'user_id id computed_at created_at signal_type signal_value time_window',
  consent_records: 'user_id id created_at granted_at ip_address revoked_at updated_at version',
  decision_traces: 'user_id id created_at recommendation_id trace_data',
  documents: 'user_id id content created_at embedding metadata updated_at',
  insights: 'user_id id created_at is_read message title type updated_at',
  investments:
    'user_id id account_id asset_class cost_basis created_at currency name price price_date quantity symbol ' +
    'updated_at',
  operator_actions: 'user_id id action_type created_at operator_id reason',
  p2p_transfers:
    'user_id id amount created_at currency from_account_id idempotency_key memo rate rate_source recipient_id ' +
    'residue status to_account_id to_amount to_currency updated_at',
  persona_assignments: 'user_id id assigned_at created_at persona reasons time_window',
  recommendations: 'user_id id catalogue_key clicked created_at rationale shown_at title type updated_at',
  signal_states: 'user_id as_of computed_at time_window',
  transactions:
    'user_id id account_id amount category created_at currency date description direction external_id ' +
    'idempotency_key is_subscription merchant p2p_transfer_id pending_id posted_at recorded_at reverses_id source ' +
    'status transfer_id updated_at',
  transfer_matches:
    'user_id id created_at decided_at from_transaction_id reasons score status to_transaction_id updated_at',
  transfers:
    'user_id id created_at date from_account_id from_amount from_currency idempotency_key memo rate rate_source ' +
    'residue reverses_id status to_account_id to_amount to_currency updated_at',
  users:
    'id created_at email erased_at external_auth_id financial_goals first_name is_active last_name phone_number ' +
    'role updated_at username',
}

/** Functions that agents and analysts may call. None of them writes, and none runs as its owner. */
const forReaders = `'round_half_even', 'minor_units', 'documents_nearest'`

/** Functions that run as their owner and that others may call. They see to it themselves whom they serve. */
const definers = {
  app: `'accept_p2p', 'end_p2p', 'erase_audit'`,
  member: `'accept_p2p', 'end_p2p', 'scoped_user', 'set_scope'`,
  agent: `'scoped_user'`,
}

/**
 * Columns that hold one of a few words, the same for everybody. Of all other texts of persons the server keeps no sample: EXPLAIN
 * takes its estimates from it for whoever may name the column, whatever the policies say (`email < 'm'`), and so spells it out.
 */
const vocabularies = `'account_type', 'action_type', 'asset_class', 'brand', 'catalogue_key', 'category', 'code', 'currency', 'direction',
  'from_currency', 'operation', 'outcome', 'persona', 'rate_source', 'role', 'signal_type', 'source', 'status', 'symbol', 'table_name',
  'time_window', 'to_currency', 'type', 'version'`

/** For the owner alone. */
const ownersOwn = `'apply_roles', 'role_changes', 'audit_table', 'audit_snapshot', 'write_audit'`

/**
 * What every role may do, as a comparison of what should be with what is: nothing is granted again, so that it can run after
 * each migration. Policies come before grants. See docs/decisions/0056 and docs/roles.md.
 */
export const roleGrants: SqlMigration = {
  name: '0057_role_grants',
  up: ({ finance }) => [
    `create table ${finance}.readable_columns (
  table_name text not null,
  column_name text not null,
  constraint readable_columns_pkey primary key (table_name, column_name)
)`,
    ...comments(
      `${finance}.readable_columns`,
      'The columns that agents and analysts may read. What is not here they may not, whatever comes later.',
      {},
    ),
    `insert into ${finance}.readable_columns (table_name, column_name)
select v.table_name, unnest(string_to_array(v.columns, ' ')) from (values
  ${Object.entries(readable)
    .map(([table, columns]) => `(${literal(table)}, ${literal(columns)})`)
    .join(',\n  ')}
) v (table_name, columns)`,
    roleChanges(finance),
    `comment on function ${finance}.role_changes(jsonb) is
  'Statements that give every role of database_roles (or of wanted: [{"name", "kind"}]) the rights of its kind, and take the others. None: all is as it should be.'`,
    `create function ${finance}.apply_roles() returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  change record;
  done integer := 0;
begin
  for change in select c.statement from ${finance}.role_changes() c order by c.step, c.statement loop
    execute change.statement;
    done := done + 1;
  end loop;
  return done;
end
$$`,
    `comment on function ${finance}.apply_roles() is
  'Runs the statements of role_changes, and gives how many there were. Called after each migration.'`,
    `select ${finance}.apply_roles()`,
  ],
  down: ({ finance }) => [
    `do $undo$
declare
  t record;
begin
  for t in
    select c.oid::regclass as label, array(select p.polname from pg_catalog.pg_policy p where p.polrelid = c.oid) as policies
    from pg_catalog.pg_class c
    where c.relnamespace = '${finance}'::regnamespace and c.relrowsecurity
  loop
    for i in 1 .. pg_catalog.cardinality(t.policies) loop
      execute pg_catalog.format('drop policy %I on %s', t.policies[i], t.label);
    end loop;
    execute pg_catalog.format('alter table %s disable row level security', t.label);
  end loop;
end
$undo$`,
    `drop function ${finance}.apply_roles()`,
    `drop function ${finance}.role_changes(jsonb)`,
    `drop table ${finance}.readable_columns`,
  ],
}

const roleChanges = (finance: string) => `create function ${finance}.role_changes(wanted jsonb default null)
returns table (step integer, role_name text, object text, statement text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
set jit = off
as $changes$
declare
  ns constant oid := '${finance}'::regnamespace;
  schema_label constant text := ns::regnamespace::text;
  scoped constant text := format('( SELECT %s.scoped_user() AS scoped_user)', schema_label);
begin
  return query
  with role as (
    select w.name, w.kind, r.oid, quote_ident(w.name) as label
    from (
      select d.name, d.kind from ${finance}.database_roles d where wanted is null
      union all
      select e ->> 'name', e ->> 'kind' from jsonb_array_elements(wanted) e
    ) w
    left join pg_roles r on r.rolname = w.name
    where wanted is not null or r.oid is not null
  ), rel as (
    select c.oid, c.relname::text as name, c.oid::regclass::text as label, c.relkind in ('r', 'p') as is_table,
      c.relrowsecurity as secured, c.relacl, c.relowner,
      c.relname = 'users' or exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped) as owned
    from pg_class c
    where c.relnamespace = ns and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
  ), col as (
    select r.oid, r.name as table_name, a.attname::text as name, a.attgenerated <> '' as made, a.attacl
    from rel r join pg_attribute a on a.attrelid = r.oid
    where r.is_table and a.attnum > 0 and not a.attisdropped
  ),

  -- Texts of persons, as columns and as expressions of an index.
  sampled as (
    select t.label, format('alter table %s alter column %I', t.label, a.attname) as alteration,
      a.atttypid, a.attstattarget
    from rel t join pg_attribute a on a.attrelid = t.oid
    where t.is_table and t.owned and a.attnum > 0 and not a.attisdropped and a.attname not in (${vocabularies})
    union all
    select t.label, format('alter index %s alter column %s', i.indexrelid::regclass, a.attnum),
      a.atttypid, a.attstattarget
    from rel t join pg_index i on i.indrelid = t.oid join pg_attribute a on a.attrelid = i.indexrelid
    where t.is_table and t.owned and i.indkey[a.attnum - 1] = 0
  ),

  -- Policies. For everybody one that lets all through, so that whoever had rights keeps them; for limited roles one that restricts.
  policy_wanted as (
    select t.oid, t.label, 'everyone' as name, true as permissive, null::oid as role_oid, 'public' as role_label,
      'true' as qual, 'true' as checked
    from rel t where t.is_table and t.owned
    union all
    select t.oid, t.label, r.name, false, r.oid, r.label,
      case t.name
        when 'users' then format('(id = %s)', scoped)
        when 'p2p_transfers' then format('((user_id = %1$s) OR (recipient_id = %1$s))', scoped)
        else format('(user_id = %s)', scoped)
      end,
      -- Who sends may not say that the other has taken it.
      case t.name
        when 'users' then format('(id = %s)', scoped)
        when 'p2p_transfers' then format('((user_id = %s) AND (status = ''pending''::text))', scoped)
        else format('(user_id = %s)', scoped)
      end
    from rel t cross join role r
    where t.is_table and t.owned and r.kind in ('member', 'agent')
  ), policy_there as (
    select w.*, p.oid is not null as there,
      p.polpermissive = w.permissive and p.polcmd = '*' and p.polroles = array[coalesce(w.role_oid, 0)]
        and pg_get_expr(p.polqual, p.polrelid) = w.qual
        and pg_get_expr(p.polwithcheck, p.polrelid) = w.checked as good
    from policy_wanted w left join pg_policy p on p.polrelid = w.oid and p.polname = w.name
  ),

  -- Rights on tables (col is null) and columns.
  table_right as (
    select r.name as role_name, t.oid, null::text as col, unnest(case
      when t.name in ('scope_keys', 'database_roles') then '{}'
      when r.kind = 'app' then case
        when t.name in ('audit_log', 'audit_seals', 'migrations', 'readable_columns') then '{SELECT}'
        when t.name = 'accounts' then '{SELECT,DELETE}'
        else '{SELECT,INSERT,UPDATE,DELETE}' end
      when r.kind = 'member' then case
        when not t.owned or t.name in ('users', 'auth_sessions') then '{}'
        when t.name in ('agent_queries', 'audit_log', 'audit_seals', 'operator_actions') then '{SELECT}'
        when t.name in ('decision_traces', 'p2p_transfers') then '{SELECT,INSERT}'
        when t.name = 'accounts' then '{SELECT,DELETE}'
        else '{SELECT,INSERT,UPDATE,DELETE}' end
      else '{}' end::text[]) as privilege
    from role r cross join rel t where t.is_table
  ), column_right as (
    select r.name as role_name, c.oid, c.name as col, p.privilege
    from role r cross join col c cross join (values ('SELECT'), ('INSERT'), ('UPDATE')) p (privilege)
    where case
      when r.kind in ('agent', 'analyst') then p.privilege = 'SELECT' and exists (
        select from ${finance}.readable_columns l where l.table_name = c.table_name and l.column_name = c.name)
      when c.table_name = 'accounts' then p.privilege <> 'SELECT' and c.name not in ('balance', 'held') and not c.made
      when r.kind = 'app' then false
      when c.table_name = 'users' then p.privilege = 'SELECT' and c.name <> 'password_hash' or p.privilege = 'UPDATE'
        and c.name in ('email', 'username', 'first_name', 'last_name', 'phone_number', 'financial_goals')
      when c.table_name = 'auth_sessions' then p.privilege = 'SELECT' and c.name <> 'refresh_token_hash'
      else false
    end
  ), right_wanted as (
    select * from table_right union all select * from column_right
  ), grantee as (
    select r.name, r.oid, r.label from role r where r.oid is not null
    union all
    select 'public', 0, 'public'
  ), right_there as (
    select g.name as role_name, t.oid, null::text as col, a.privilege_type as privilege, bool_or(a.is_grantable) as grantable
    from rel t cross join lateral aclexplode(t.relacl) a join grantee g on g.oid = a.grantee and g.oid <> t.relowner
    group by 1, 2, 3, 4
    union all
    select g.name, t.oid, c.attname::text, a.privilege_type, bool_or(a.is_grantable)
    from rel t join pg_attribute c on c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped
    cross join lateral aclexplode(c.attacl) a join grantee g on g.oid = a.grantee and g.oid <> t.relowner
    group by 1, 2, 3, 4
  ), right_extra as (
    select * from right_there h where not exists (
      select from right_wanted w
      where w.role_name = h.role_name and w.oid = h.oid and w.privilege = h.privilege and w.col is not distinct from h.col)
  ), right_missing as (
    select * from right_wanted w where not exists (
      select from right_there h
      where w.role_name = h.role_name and w.oid = h.oid and w.privilege = h.privilege and w.col is not distinct from h.col
        -- taking a right on a table takes it on the columns as well
        and (h.col is null or not exists (
          select from right_extra x
          where x.role_name = h.role_name and x.oid = h.oid and x.privilege = h.privilege and x.col is null)))
  ),

  -- Functions.
  fn as (
    select p.oid, p.oid::regprocedure::text as label, p.proname as name, p.prosecdef as definer, p.proowner,
      p.prorettype = 'trigger'::regtype as is_trigger, coalesce(p.proacl, acldefault('f', p.proowner)) as acl
    from pg_proc p
    where p.pronamespace = ns
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  ), fn_wanted as (
    select r.name as role_name, f.oid from role r cross join fn f
    where case r.kind
      when 'app' then not f.is_trigger and (not f.definer and f.name not in (${ownersOwn}) or f.name in (${definers.app}))
      when 'member' then not f.is_trigger and (not f.definer and f.name not in (${ownersOwn}) or f.name in (${definers.member}))
      when 'agent' then not f.definer and f.name in (${forReaders}) or f.name in (${definers.agent})
      else not f.definer and f.name in (${forReaders})
    end
  ), fn_there as (
    select distinct g.name as role_name, f.oid
    from fn f cross join lateral aclexplode(f.acl) a join grantee g on g.oid = a.grantee and g.oid <> f.proowner
  ),

  -- The schema itself.
  schema_there as (
    select g.name as role_name, a.privilege_type as privilege
    from pg_namespace n cross join lateral aclexplode(n.nspacl) a join grantee g on g.oid = a.grantee and g.oid <> n.nspowner
    where n.oid = ns
  )

  select 1, null::text, t.label, format('alter table %s enable row level security', t.label)
  from rel t where t.is_table and t.owned and not t.secured
  union all
  select 1, null, s.label, s.alteration || ' set statistics 0'
  from sampled s
  where s.atttypid in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'inet'::regtype)
    and s.attstattarget is distinct from 0
  union all
  select 2, case when p.permissive then null else p.name end, p.label, format('drop policy %I on %s', p.name, p.label)
  from policy_there p where p.there and not p.good
  union all
  select 3, case when p.permissive then null else p.name end, p.label,
    format('create policy %I on %s as %s for all to %s using (%s) with check (%s)', p.name, p.label,
      case when p.permissive then 'permissive' else 'restrictive' end, p.role_label, p.qual, p.checked)
  from policy_there p where p.good is not true
  union all
  select 4, x.role_name, t.label, format('revoke %s%s on %s from %s', lower(x.privilege collate "C"),
    coalesce(' (' || string_agg(quote_ident(x.col), ', ' order by x.col) || ')', ''), t.label, g.label)
  from right_extra x join rel t on t.oid = x.oid join grantee g on g.name = x.role_name
  where x.role_name <> 'public' or exists (select from role)
  group by x.role_name, t.label, g.label, x.privilege, x.col is null
  union all
  select 4, h.role_name, t.label, format('revoke grant option for %s%s on %s from %s', lower(h.privilege collate "C"),
    coalesce(' (' || quote_ident(h.col) || ')', ''), t.label, g.label)
  from right_there h join rel t on t.oid = h.oid join grantee g on g.name = h.role_name
  where h.grantable and h.role_name <> 'public'
  union all
  select 4, h.role_name, f.label, format('revoke all on routine %s from %s', f.label, g.label)
  from fn_there h join fn f on f.oid = h.oid join grantee g on g.name = h.role_name
  where not exists (select from fn_wanted w where w.role_name = h.role_name and w.oid = h.oid)
  union all
  select 4, h.role_name, schema_label, format('revoke %s on schema %s from %s', lower(h.privilege collate "C"), schema_label, g.label)
  from schema_there h join grantee g on g.name = h.role_name
  where case h.role_name when 'public' then exists (select from role) else h.privilege <> 'USAGE' end
  union all
  select 5, r.name, schema_label, format('grant usage on schema %s to %s', schema_label, r.label)
  from role r where not exists (select from schema_there h where h.role_name = r.name and h.privilege = 'USAGE')
  union all
  select 6, w.role_name, f.label, format('grant execute on routine %s to %s', f.label, r.label)
  from fn_wanted w join fn f on f.oid = w.oid join role r on r.name = w.role_name
  where not exists (select from fn_there h where h.role_name = w.role_name and h.oid = w.oid)
  union all
  select 7, m.role_name, t.label, format('grant %s%s on %s to %s', lower(m.privilege collate "C"),
    coalesce(' (' || string_agg(quote_ident(m.col), ', ' order by m.col) || ')', ''), t.label, r.label)
  from right_missing m join rel t on t.oid = m.oid join role r on r.name = m.role_name
  group by m.role_name, t.label, r.label, m.privilege, m.col is null;
end
$changes$`
