import type { SqlMigration } from './shape.js'

export const retention: SqlMigration = {
  name: '0068_retention',
  online: true,
  up: ({ finance }) => [
    // retention.purge: what is old, oldest first
    `create index decision_traces_created_at_idx on ${finance}.decision_traces (created_at, user_id, id)`,
    // A chain goes as a whole, when it has ended: until then a used token that comes back tells of a theft.
    `create index auth_sessions_ends_at_idx on ${finance}.auth_sessions (ends_at, user_id, id)`,
  ],
  down: ({ finance }) => [
    `drop index ${finance}.auth_sessions_ends_at_idx`,
    `drop index ${finance}.decision_traces_created_at_idx`,
  ],
}
