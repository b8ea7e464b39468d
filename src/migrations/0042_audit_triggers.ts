import type { SqlMigration } from './shape.js'

/** A statement gives each row of its own audit row up to here; beyond, the rows of a person share one, so many to each. */
const single = 20
const shared = 1000

/** Who is recorded: what the host set for the transaction, else the role that logged in. */
export const auditActor = `coalesce(nullif(current_setting('finance_db.actor', true), ''), session_user)`

/** Of a row of the log, whose columns are s's. The only free texts come last, after their length: no part passes for another. */
export const auditDigest = (changes: string) => `sha256(convert_to(
        concat_ws('|', s.salt, s.user_id, s.table_name, s.operation, coalesce(s.row_id::text, ''),
          (extract(epoch from s.at) * 1000)::bigint, octet_length(s.actor), s.actor, ${changes}),
        'UTF8'))`

/** Adds what `rows` gives (user_id, row_id, operation, changes as text) to the log. The salt is made once and used twice. */
export const writeAudit = (
  finance: string,
  table: string,
  who: string,
  rows: string,
) => `insert into ${finance}.audit_log
      (user_id, actor, table_name, row_id, operation, changes, salt, digest, at)
    select s.user_id, s.actor, s.table_name, s.row_id, s.operation, s.changes::json, s.salt, ${auditDigest('s.changes')}, s.at
    from (
      select r.*, ${table} as table_name, ${who} as actor, gen_random_uuid() as salt, now()::timestamptz(3) as at
      from (${rows}) r offset 0
    ) s`

/** The rows of `lines` (user_id, line), a thousand of a person in one. */
export const sharedRows = (
  operation: string,
  lines: string,
  changes: string,
) => `select b.user_id, null::uuid as row_id,
        '${operation}' as operation, ${changes} as changes
      from (
        select l.user_id, l.line, (row_number() over (partition by l.user_id) - 1) / ${shared} as part from (${lines}) l
      ) b
      group by b.user_id, b.part`

const settings = `set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO, YMD'
set plan_cache_mode = force_generic_plan`

const ofRow = (finance: string) => `create or replace function ${finance}.%1$I() returns trigger
language plpgsql security definer
${settings}
as $body$
begin
  if tg_op = 'INSERT' then
    perform ${finance}.write_audit(new.%2$I, tg_table_name, new.id, 'insert', '{"new":' || %3$s || %4$s || '}');
  elsif tg_op = 'DELETE' then
    perform ${finance}.write_audit(old.%2$I, tg_table_name, old.id, 'delete', '{"old":' || %5$s || %6$s || '}');
  elsif not %10$s then
    return null;
  elsif new.%2$I = old.%2$I and new.id = old.id then
    perform ${finance}.write_audit(new.%2$I, tg_table_name, new.id, 'update', '{"old":' || %7$s || ',"new":' || %8$s || %9$s || '}');
  else
    perform ${finance}.write_audit(old.%2$I, tg_table_name, old.id, 'delete', '{"old":' || %5$s || %6$s || '}');
    perform ${finance}.write_audit(new.%2$I, tg_table_name, new.id, 'insert', '{"new":' || %3$s || %4$s || '}');
  end if;
  return null;
end
$body$`

const change = `case when o.id is null then '{"new":' || %2$s || '}'
          when n.id is null then '{"old":' || %1$s || '}'
          else '{"old":' || %3$s || ',"new":' || %4$s || '}' end`

/** A full join can only be hashed or merged, so a plan that was cached on one row is good for a million. */
const updated = `from before_rows o full join after_rows n on n.user_id = o.user_id and n.id = o.id
      where o.id is null or n.id is null or %5$s`

const ofStatement = (finance: string, table: string) => {
  const add = (rows: string) => writeAudit(finance, `'${table}'`, 'who', rows)
  return `create or replace function ${finance}.audit_${table}() returns trigger
language plpgsql security definer
${settings}
as $body$
declare
  who constant text := ${auditActor};
begin
  if tg_op = 'INSERT' then
    if (select count(*) from (select from after_rows limit ${single + 1}) few) <= ${single} then
      ${add(`select n.user_id, n.id as row_id, 'insert' as operation, '{"new":' || %2$s || '}' as changes from after_rows n`)};
    else
      ${add(
        sharedRows(
          'insert',
          `select n.user_id, %7$s as line from after_rows n`,
          `'{"columns":%8$s,"new":' || json_agg(b.line) || '}'`,
        ),
      )};
    end if;
  elsif tg_op = 'DELETE' then
    if (select count(*) from (select from before_rows limit ${single + 1}) few) <= ${single} then
      ${add(`select o.user_id, o.id as row_id, 'delete' as operation, '{"old":' || %1$s || '}' as changes from before_rows o`)};
    else
      ${add(
        sharedRows(
          'delete',
          `select o.user_id, %6$s as line from before_rows o`,
          `'{"columns":%8$s,"old":' || json_agg(b.line) || '}'`,
        ),
      )};
    end if;
  elsif (select count(*) from (select from after_rows limit ${single + 1}) few) <= ${single} then
    ${add(`select coalesce(n.user_id, o.user_id) as user_id, coalesce(n.id, o.id) as row_id,
        case when o.id is null then 'insert' when n.id is null then 'delete' else 'update' end as operation, ${change} as changes
      ${updated}`)};
  else
    ${add(
      sharedRows(
        'update',
        `select coalesce(n.user_id, o.user_id) as user_id,
          '{"id":"' || coalesce(n.id, o.id) || '",' || substr(${change}, 2) as line
        ${updated}`,
        `'{"rows":[' || string_agg(b.line, ',') || ']}'`,
      ),
    )};
  end if;
  return null;
end
$body$`
}

/**
 * The triggers that write the audit log. `audit_table` makes their functions from the catalogue, so that they run as static
 * SQL; a migration that changes the columns of an audited table calls it again (docs/decisions/0040). They sort before other
 * triggers by name, so that what those change comes after in the log.
 */
export const auditTriggers: SqlMigration = {
  name: '0042_audit_triggers',
  up: ({ finance }) => [
    `create function ${finance}.write_audit(user_id uuid, table_name text, row_id uuid, operation text, changes text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  ${writeAudit(
    finance,
    'write_audit.table_name',
    auditActor,
    `select write_audit.user_id as user_id, write_audit.row_id as row_id, write_audit.operation as operation,
        write_audit.changes as changes`,
  )};
end
$$`,
    `revoke all on function ${finance}.write_audit(uuid, text, uuid, text, text) from public`,
    // The text of what it makes is the same whatever the session, as doctor compares it.
    `create function ${finance}.audit_table(tbl text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set quote_all_identifiers = off
as $make$
declare
  c record;
  fn constant text := 'audit_' || tbl;
begin
  if tbl = 'transactions' then
    select * into c from ${finance}.audit_code(tbl, 'o', 'n');
    execute format($f$${ofStatement(finance, 'transactions')}
$f$,
      c.object_o, c.object_n, c.changed_o, c.changed_n, c.differs, c.line_o, c.line_n, c.columns);
    execute 'create or replace trigger transactions_audit_insert after insert on ${finance}.transactions
      referencing new table as after_rows for each statement execute function ${finance}.audit_transactions()';
    execute 'create or replace trigger transactions_audit_update after update on ${finance}.transactions
      referencing old table as before_rows new table as after_rows
      for each statement execute function ${finance}.audit_transactions()';
    execute 'create or replace trigger transactions_audit_delete after delete on ${finance}.transactions
      referencing old table as before_rows for each statement execute function ${finance}.audit_transactions()';
  else
    select * into c from ${finance}.audit_code(tbl, 'old', 'new');
    execute format($f$${ofRow(finance)}
$f$,
      fn, c.owner, c.object_n, c.secrets_n, c.object_o, c.secrets_o, c.changed_o, c.changed_n, c.secrets_changed, c.differs);
    execute format('create or replace trigger %I after insert or delete on ${finance}.%I
      for each row execute function ${finance}.%I()', tbl || '_audit', tbl, fn);
    -- An update of nothing but what is left out costs no call. Of accounts, whose balance every posting updates, not even the
    -- condition, which Postgres reads anew for each statement: there a trigger of a host that changes another column than the
    -- statement names is not seen.
    execute format('create or replace trigger %I after update %s on ${finance}.%I
      for each row %s execute function ${finance}.%I()', tbl || '_audit_update',
      case when tbl = 'accounts' then 'of ' || c.names else '' end, tbl,
      case when tbl = 'accounts' then '' else 'when (' || c.differs || ')' end, fn);
  end if;
  execute format('revoke all on function ${finance}.%I() from public', fn);
end
$make$`,
    `comment on function ${finance}.audit_table(text) is
  'Makes the audit triggers of a table of audited_tables, again after its columns have changed.'`,
    `revoke all on function ${finance}.audit_table(text) from public`,
    ...audited.map((table) => `select ${finance}.audit_table('${table}')`),
  ],
  down: ({ finance }) => [
    ...audited.map((table) => `drop function ${finance}.audit_${table}() cascade`),
    `drop function ${finance}.audit_table(text)`,
    `drop function ${finance}.write_audit(uuid, text, uuid, text, text)`,
  ],
}

const audited = [
  'users',
  'consent_records',
  'accounts',
  'cards',
  'investments',
  'transfers',
  'transactions',
  'p2p_transfers',
  'operator_actions',
]
