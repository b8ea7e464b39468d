import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const auditLog: SqlMigration = {
  name: '0019_audit_log',
  up: ({ finance }) => [
    `create table ${finance}.audit_log (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  actor text not null,
  table_name text not null,
  row_id uuid not null,
  operation text not null,
  changes jsonb not null default '{}',
  at timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now(),
  constraint audit_log_pkey primary key (user_id, id),
  constraint audit_log_operation_check check (operation in ('insert', 'update', 'delete')),
  constraint audit_log_changes_check check (jsonb_typeof(changes) = 'object')
)`,
    // the history of one row, newest first
    `create index audit_log_row_id_idx on ${finance}.audit_log (user_id, table_name, row_id, at desc, id desc)`,
    `create trigger audit_log_append_only before update or delete on ${finance}.audit_log
  for each row execute function ${finance}.refuse('audit_log_append_only', 'The audit log only grows.')`,
    `create trigger audit_log_not_truncated before truncate on ${finance}.audit_log
  for each statement execute function ${finance}.refuse('audit_log_append_only', 'The audit log only grows.')`,
    ...comments(`${finance}.audit_log`, 'Who changed what, and when. Append-only.', {
      user_id: 'Whose data it is. No reference: the log outlives the rows of the person.',
      actor: 'Who did it: a user id, a service, a database role.',
      changes: 'By column: the old and the new value. Never a secret.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.audit_log`],
}
