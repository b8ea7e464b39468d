import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const agentQueries: SqlMigration = {
  name: '0061_agent_queries',
  up: ({ finance }) => [
    `create table ${finance}.agent_queries (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  role text,
  sql text not null,
  outcome text not null,
  code text,
  rows integer not null,
  bytes bigint not null,
  duration_below_ms integer not null,
  created_at timestamptz(3) not null default now(),
  constraint agent_queries_pkey primary key (user_id, id),
  constraint agent_queries_outcome_check
    check (outcome in ('answered', 'cut', 'refused', 'limited', 'failed', 'aborted')),
  constraint agent_queries_rows_check check (rows >= 0 and bytes >= 0 and duration_below_ms > 0)
)`,
    // what was asked about a person, newest first
    `create index agent_queries_user_id_created_at_idx on ${finance}.agent_queries (user_id, created_at desc, id desc)`,
    // retention, and everybody's queries of a day
    `create index agent_queries_created_at_idx on ${finance}.agent_queries (created_at, id)`,
    ...comments(`${finance}.agent_queries`, 'Every query through the read-only door, and what came of it.', {
      user_id:
        'Whose rows the query could see; all zeros: everybody. No reference: what was asked about somebody who is not there is recorded too.',
      role: 'The database role. Null: it was refused before one was logged in.',
      sql: 'The text as it was asked, without its parameters. Card numbers are masked.',
      outcome:
        'answered, cut (to a limit), refused (not allowed), limited (hit a limit), failed or aborted (by the caller).',
      code: 'Why there was no answer, or what cut it.',
      rows: 'Rows that were given out.',
      bytes: 'Bytes that the server sent.',
      duration_below_ms: 'It took less than so many milliseconds: 10, 100, 1,000, 10,000, or 100,000 for all above.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.agent_queries`],
}
