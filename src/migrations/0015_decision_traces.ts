import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const decisionTraces: SqlMigration = {
  name: '0015_decision_traces',
  up: ({ finance }) => [
    `create table ${finance}.decision_traces (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  recommendation_id uuid not null,
  trace_data jsonb not null,
  created_at timestamptz(3) not null default now(),
  constraint decision_traces_pkey primary key (user_id, id),
  constraint decision_traces_recommendation_id_fkey foreign key (user_id, recommendation_id)
    references ${finance}.recommendations (user_id, id) on delete cascade,
  constraint decision_traces_recommendation_id_key unique (user_id, recommendation_id),
  constraint decision_traces_trace_data_check check (jsonb_typeof(trace_data) = 'object')
)`,
    ...comments(`${finance}.decision_traces`, 'How a recommendation came about: one for each.', {
      trace_data: 'The complete trace: inputs, rules, what was chosen and why.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.decision_traces`],
}
