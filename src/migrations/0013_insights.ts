import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const insights: SqlMigration = {
  name: '0013_insights',
  up: ({ finance }) => [
    `create table ${finance}.insights (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  title text not null,
  message text not null,
  type text not null,
  is_read boolean not null default false,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint insights_pkey primary key (user_id, id),
  constraint insights_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint insights_title_check check (title <> ''),
  constraint insights_type_check check (type <> '')
)`,
    // insights.list, newest first
    `create index insights_created_at_idx on ${finance}.insights (user_id, created_at desc, id desc)`,
    touchTrigger(finance, 'insights'),
    ...comments(`${finance}.insights`, 'What the coach has to say to a person.', {
      type: 'A word of the host for the kind of insight.',
      is_read: 'The person has seen it.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.insights`],
}
