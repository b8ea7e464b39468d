import type { SqlMigration } from './shape.js'

export const coachingIndexes: SqlMigration = {
  name: '0031_coaching_indexes',
  up: ({ finance }) => [
    // insights.unreadCount, which every screen asks for, and the unread ones, newest first
    `create index insights_unread_idx on ${finance}.insights (user_id, created_at desc, id desc) where not is_read`,
    // chatLogs.listFlagged: what was held back, of everybody
    `create index chat_logs_flagged_idx on ${finance}.chat_logs (created_at desc, id desc) where not guardrails_passed`,
    // recommendations.funnel: what was made in a span of time, for everybody
    `create index recommendations_funnel_idx on ${finance}.recommendations (created_at)`,
  ],
  down: ({ finance }) => [
    `drop index ${finance}.recommendations_funnel_idx`,
    `drop index ${finance}.chat_logs_flagged_idx`,
    `drop index ${finance}.insights_unread_idx`,
  ],
}
