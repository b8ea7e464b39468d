import { z } from 'zod'
import { uuid } from './values.js'

const days = z.number().int().min(1).max(36_500)

/** How many days rows are kept, each from what its line says. A table that is left out keeps everything. */
export const retentionPolicy = z.strictObject({
  /** Since it was said. */
  chat_logs: days.optional(),
  /** Since the whole chain of the session ended: until then a token that is used twice tells of a theft. */
  auth_sessions: days.optional(),
  /** Since the last failure, and not while it is blocked. */
  auth_attempts: days.optional(),
  /** Since it was written. The recommendation stays, without its trace. */
  decision_traces: days.optional(),
  /** Since it was asked through the read-only door. */
  agent_queries: days.optional(),
})

export const purgeLimits = z.strictObject({
  /** Rows of a transaction, 1 to 10,000; 1000 when left out. */
  batchSize: z.number().int().min(1).max(10_000).default(1000),
  /** Milliseconds between two; 100 when left out. */
  pauseMs: z.number().int().min(0).max(60_000).default(100),
  /** Users whose rows stay, whatever their age: a legal hold. */
  holds: z.array(uuid).max(10_000).default([]),
})

export type RetentionPolicy = z.infer<typeof retentionPolicy>
export type PurgeLimits = z.input<typeof purgeLimits>
