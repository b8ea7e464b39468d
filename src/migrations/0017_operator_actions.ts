import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const operatorActions: SqlMigration = {
  name: '0017_operator_actions',
  up: ({ finance }) => [
    `create table ${finance}.operator_actions (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  operator_id uuid not null,
  action_type text not null,
  reason text not null,
  created_at timestamptz(3) not null default now(),
  constraint operator_actions_pkey primary key (user_id, id),
  constraint operator_actions_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint operator_actions_operator_id_fkey foreign key (operator_id) references ${finance}.users (id),
  constraint operator_actions_action_type_check check (action_type in ('override', 'flag')),
  constraint operator_actions_reason_check check (reason <> '')
)`,
    // what an operator did, newest first
    `create index operator_actions_operator_id_idx on ${finance}.operator_actions (operator_id, created_at desc, id desc)`,
    ...comments(`${finance}.operator_actions`, 'What an operator did for or about a person, and why.', {
      user_id: 'The person it is about.',
      operator_id: 'The operator or admin who did it.',
      action_type: 'override (changed what the system decided) or flag (marked for attention).',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.operator_actions`],
}
