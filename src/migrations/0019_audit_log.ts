import { comments } from './comments.js'
import { raise } from './raise.js'
import type { SqlMigration } from './shape.js'

export const auditLog: SqlMigration = {
  name: '0019_audit_log',
  up: ({ finance }) => [
    // json and not jsonb: the digest is over the very text that is stored, and bulk rows are written at half the cost.
    `create table ${finance}.audit_log (
  user_id uuid not null,
  id bigint not null generated always as identity,
  xid xid8 not null default pg_current_xact_id(),
  actor text not null,
  table_name text not null,
  row_id uuid,
  operation text not null,
  changes json not null,
  salt uuid,
  digest bytea not null,
  at timestamptz(3) not null default now(),
  constraint audit_log_pkey primary key (user_id, id),
  constraint audit_log_operation_check check (operation in ('insert', 'update', 'delete', 'snapshot', 'erase')),
  constraint audit_log_changes_check check (json_typeof(changes) = 'object')
)`,
    // the history of one row, newest first
    `create index audit_log_row_id_idx on ${finance}.audit_log (user_id, table_name, row_id, id)`,
    // what someone did, to anybody, newest first
    `create index audit_log_actor_idx on ${finance}.audit_log (actor, id)`,
    // sealing: what this transaction wrote
    `create index audit_log_xid_idx on ${finance}.audit_log (xid)`,
    ...comments(
      `${finance}.audit_log`,
      'Who changed what, and when. Append-only; of an erased person the values are gone and the rest stays.',
      {
        user_id: 'Whose data it is. No reference: the log outlives the rows of the person.',
        id: 'The order of writing, over everybody. Numbers of transactions that were rolled back are missing.',
        xid: 'The transaction that wrote it. Another cluster, after a restore, may give the same number again.',
        actor:
          'Who did it, as the host says (finance_db.actor): a user id, a service; else the database role that logged in.',
        row_id: 'Null: many rows in one, listed in changes.',
        operation:
          'insert, update or delete; snapshot: rows as they were then, without a change; erase: the values before it are gone.',
        changes:
          'Values as text. One row: {"old": {column: value}, "new": {…}}, nulls left out. Many: {"columns": […], "new": [[…]]} or {"rows": [{"id", "old", "new"}]}. Of a secret that changed only its name, in "secrets".',
        salt: 'Random, so that the digest says nothing about the values once they are gone. Null: they are gone.',
        digest: 'SHA-256 over the salt and all that the row says.',
        at: 'When the transaction began that made the change.',
      },
    ),
    // One seal for each person that a transaction wrote about: the next link of the person's chain.
    `create table ${finance}.audit_seals (
  user_id uuid not null,
  seq bigint not null,
  xid xid8 not null default pg_current_xact_id(),
  first_id bigint not null,
  last_id bigint not null,
  rows integer not null,
  hash bytea not null,
  at timestamptz(3) not null,
  constraint audit_seals_pkey primary key (user_id, seq)
)`,
    ...comments(`${finance}.audit_seals`, 'The chain over the audit log of each person: a link for each transaction.', {
      user_id: 'Whose chain. No reference: the log outlives the rows of the person.',
      seq: 'From 1, without gaps.',
      xid: 'Sealed are the rows of audit_log with this xid from first_id to last_id.',
      rows: 'How many those are.',
      hash: 'SHA-256 over the hash before, the person, seq, at, and id and digest of each row in the order of ids.',
      at: 'When it was sealed, which is just before the commit.',
    }),
    ...['audit_log', 'audit_seals'].map(
      (table) => `create trigger ${table}_not_truncated before truncate on ${finance}.${table}
  for each statement execute function ${finance}.refuse('audit_log_append_only', 'The audit log only grows.')`,
    ),
    `create trigger audit_seals_append_only before update or delete on ${finance}.audit_seals
  for each row execute function ${finance}.refuse('audit_log_append_only', 'The audit log only grows.')`,
    `create trigger audit_log_append_only before delete on ${finance}.audit_log
  for each row execute function ${finance}.refuse('audit_log_append_only', 'The audit log only grows.')`,
    // The one change there is: the values of a person who is erased, or not there any more, go.
    `create function ${finance}.guard_audit_log() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if old.salt is not null and new.salt is null and new.changes::text = '{}'
    and row(new.user_id, new.id, new.xid, new.actor, new.table_name, new.row_id, new.operation, new.digest, new.at)
      is not distinct from
      row(old.user_id, old.id, old.xid, old.actor, old.table_name, old.row_id, old.operation, old.digest, old.at)
    and not exists (select from ${finance}.users u where u.id = old.user_id and u.erased_at is null)
  then
    return new;
  end if;
  ${raise('check_violation', finance, ['audit_log', 'audit_log_append_only'], 'The audit log only grows.')}
end
$$`,
    `revoke all on function ${finance}.guard_audit_log() from public`,
    `create trigger audit_log_guard before update on ${finance}.audit_log
  for each row execute function ${finance}.guard_audit_log()`,
  ],
  down: ({ finance }) => [
    `drop table ${finance}.audit_seals`,
    `drop table ${finance}.audit_log`,
    `drop function ${finance}.guard_audit_log()`,
  ],
}
