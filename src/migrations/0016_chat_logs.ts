import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const chatLogs: SqlMigration = {
  name: '0016_chat_logs',
  up: ({ finance }) => [
    `create table ${finance}.chat_logs (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  message text not null,
  response text not null,
  guardrails_passed boolean not null default true,
  created_at timestamptz(3) not null default now(),
  constraint chat_logs_pkey primary key (user_id, id),
  constraint chat_logs_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade
)`,
    // the conversation of a person, newest first
    `create index chat_logs_user_id_created_at_idx on ${finance}.chat_logs (user_id, created_at desc, id desc)`,
    // retention, and everybody's messages of a day
    `create index chat_logs_created_at_idx on ${finance}.chat_logs (created_at)`,
    ...comments(`${finance}.chat_logs`, 'What a person asked and what the assistant answered.', {
      message: 'Of the person.',
      response: 'Of the assistant.',
      guardrails_passed: 'False: the answer was held back or replaced.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.chat_logs`],
}
