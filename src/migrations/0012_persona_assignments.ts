import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const personaAssignments: SqlMigration = {
  name: '0012_persona_assignments',
  up: ({ finance }) => [
    `create table ${finance}.persona_assignments (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  time_window text not null,
  persona text not null,
  assigned_at timestamptz(3) not null default now(),
  created_at timestamptz(3) not null default now(),
  constraint persona_assignments_pkey primary key (user_id, id),
  constraint persona_assignments_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint persona_assignments_time_window_check check (time_window in ('30d', '90d', '180d')),
  constraint persona_assignments_persona_check check (persona in (
    'high_utilization', 'variable_income_budgeter', 'subscription_heavy', 'savings_builder', 'general_wellness'))
)`,
    // the current persona of a window is its newest row
    `create index persona_assignments_time_window_idx
  on ${finance}.persona_assignments (user_id, time_window, assigned_at desc, id desc)`,
    ...comments(
      `${finance}.persona_assignments`,
      'Which persona a person had, and since when. The newest row of a window counts.',
      {
        time_window: 'The days that were looked at: 30d, 90d or 180d back.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.persona_assignments`],
}
