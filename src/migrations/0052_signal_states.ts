import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const signalStates: SqlMigration = {
  name: '0052_signal_states',
  up: ({ finance }) => [
    `create table ${finance}.signal_states (
  user_id uuid not null,
  time_window text not null,
  as_of date not null,
  inputs text not null,
  computed_at timestamptz(3) not null default now(),
  constraint signal_states_pkey primary key (user_id, time_window),
  constraint signal_states_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint signal_states_time_window_check check (time_window in ('30d', '90d', '180d'))
)`,
    ...comments(
      `${finance}.signal_states`,
      'What the signals of a person in a window were computed from, so that a later run passes over who has nothing new.',
      {
        as_of: 'The last day that was looked at.',
        inputs: 'A fingerprint of the rows that were read and of the rules that were applied.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.signal_states`],
}
