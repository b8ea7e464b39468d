import { auditActor, sharedRows, writeAudit } from './0042_audit_triggers.js'
import type { SqlMigration } from './shape.js'

const rule = 'users_erased_final'
const sentence = 'An erased person stays erased: nothing new is kept about them.'

/** Tables that take words of or about a person. New movements are refused where the account is closed; see docs/privacy.md. */
const guarded: Readonly<Record<string, string>> = {
  accounts: 'insert or update of name, institution, account_number_last4, external_id',
  auth_sessions: 'insert',
  cards: 'insert',
  chat_logs: 'insert',
  consent_records: 'insert',
  insights: 'insert',
  investments: 'insert',
  p2p_transfers: 'insert',
  recommendations: 'insert',
  transactions: 'update of merchant, description',
}

/** Tables of what is worked out about many people in one statement, which looks them up once. */
const guardedAtOnce = ['computed_features', 'persona_assignments']

/** What `users.erase` stands on: a person who is erased stays so, and the values in that person's audit log go. */
export const erasure: SqlMigration = {
  name: '0044_erasure',
  up: ({ finance }) => [
    `alter table ${finance}.users add constraint users_erased_at_check check (erased_at is null or (
  coalesce(username, first_name, last_name, phone_number, financial_goals, password_hash, external_auth_id) is null
  and not is_active and email = 'erased+' || id::text || '@erased.invalid'))`,
    `create trigger users_erased_final before update on ${finance}.users
  for each row when (old.erased_at is not null) execute function ${finance}.refuse('${rule}', '${sentence}')`,
    // The lock waits for an erasure that is under way, which holds the person, and sees what came of it.
    `create function ${finance}.refuse_erased() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  person uuid := new.user_id;
  gone timestamptz;
begin
  -- who sends has an account that is not closed, and nobody would be there to take it
  if tg_table_name = 'p2p_transfers' then
    person := new.recipient_id;
  end if;
  select u.erased_at into gone from ${finance}.users u where u.id = person for key share;
  if gone is not null then
    raise exception using
      errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = '${rule}',
      message = '${sentence}';
  end if;
  return new;
end
$$`,
    `revoke all on function ${finance}.refuse_erased() from public`,
    ...Object.entries(guarded).map(
      ([table, events]) => `create trigger ${table}_erased_final before ${events} on ${finance}.${table}
  for each row execute function ${finance}.refuse_erased()`,
    ),

    `create function ${finance}.refuse_erased_among() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- as an array, by which people are looked up one by one also where the session has no nested loops, as in signals.compute
  people constant uuid[] := array(select distinct a.user_id from added a);
begin
  perform from ${finance}.users u where u.id = any (people) order by u.id for key share;
  if exists (select from ${finance}.users u where u.id = any (people) and u.erased_at is not null) then
    raise exception using
      errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, constraint = '${rule}',
      message = '${sentence}';
  end if;
  return null;
end
$$`,
    `revoke all on function ${finance}.refuse_erased_among() from public`,
    ...guardedAtOnce.map(
      (table) => `create trigger ${table}_erased_final after insert on ${finance}.${table}
  referencing new table as added for each statement execute function ${finance}.refuse_erased_among()`,
    ),

    `create function ${finance}.audit_snapshot(person uuid) returns void
language plpgsql
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
    execute format($f$${writeAudit(
      finance,
      '%2$L',
      auditActor,
      sharedRows(
        'snapshot',
        `select r.%1$I as user_id, %3$s as line from ${finance}.%2$I r where $1 is null or r.%1$I = $1`,
        `'{"columns":%4$s,"new":' || json_agg(b.line) || '}'`,
      ),
    )}
$f$, code.owner, t, code.line_n, code.columns) using person;
  end loop;
end
$$`,
    `comment on function ${finance}.audit_snapshot(uuid) is
  'Writes the audited rows of a person, or (null) of everybody, down as they are, for the log to go on from.'`,
    `revoke all on function ${finance}.audit_snapshot(uuid) from public`,

    // audit_log_guard refuses it for somebody who is not erased
    `create function ${finance}.erase_audit(person uuid, reason text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from ${finance}.audit_log l
    where l.user_id = person and l.salt is not null and l.operation in ('insert', 'update', 'delete')
  ) then
    return false;
  end if;
  update ${finance}.audit_log l set changes = '{}', salt = null where l.user_id = person and l.salt is not null;
  perform ${finance}.audit_snapshot(person);
  perform ${finance}.write_audit(person, 'users', person, 'erase', json_strip_nulls(json_build_object('reason', reason))::text);
  return true;
end
$$`,
    `comment on function ${finance}.erase_audit(uuid, text) is
  'Takes the values out of the audit log of a person who is erased, or not there any more. Digests stay, so the chain holds.'`,
    // what was there before there was an audit log
    `select ${finance}.audit_snapshot(null)`,
  ],
  down: ({ finance }) => [
    `drop function ${finance}.erase_audit(uuid, text)`,
    `drop function ${finance}.audit_snapshot(uuid)`,
    `drop function ${finance}.refuse_erased_among() cascade`,
    `drop function ${finance}.refuse_erased() cascade`,
    `drop trigger users_erased_final on ${finance}.users`,
    `alter table ${finance}.users drop constraint users_erased_at_check`,
  ],
}
