import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const recommendations: SqlMigration = {
  name: '0014_recommendations',
  up: ({ finance }) => [
    `create table ${finance}.recommendations (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  type text not null,
  title text not null,
  rationale text not null,
  shown_at timestamptz(3),
  clicked boolean not null default false,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint recommendations_pkey primary key (user_id, id),
  constraint recommendations_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint recommendations_type_check check (type in ('education', 'offer')),
  constraint recommendations_title_check check (title <> ''),
  constraint recommendations_rationale_check check (rationale <> ''),
  constraint recommendations_clicked_check check (not clicked or shown_at is not null)
)`,
    // recommendations.list, newest first
    `create index recommendations_created_at_idx on ${finance}.recommendations (user_id, created_at desc, id desc)`,
    // what was shown in a span of time
    `create index recommendations_shown_at_idx on ${finance}.recommendations (shown_at)`,
    touchTrigger(finance, 'recommendations'),
    ...comments(`${finance}.recommendations`, 'What a person was advised, and whether it was seen and followed.', {
      type: 'education or offer.',
      rationale: 'Why this person gets it, in words for that person.',
      shown_at: 'Null: not shown yet.',
      clicked: 'True only for one that was shown.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.recommendations`],
}
