import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { uuid } from './values.js'

const days = z.number().int().min(1).max(36_500)

const retentionPolicyFields = {
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
}

/** How many days rows are kept, each from what its line says. A table that is left out keeps everything. */
export const retentionPolicy = z.strictObject(retentionPolicyFields)

const purgeLimitsFields = {
  /** Rows of a transaction, 1 to 10,000; 1000 when left out. */
  batchSize: z.number().int().min(1).max(10_000).default(1000),
  /** Milliseconds between two; 100 when left out. */
  pauseMs: z.number().int().min(0).max(60_000).default(100),
  /** Users whose rows stay, whatever their age: a legal hold. */
  holds: z.array(uuid).max(10_000).default([]),
}

/** How much a purge does at a time, and for whom it does nothing. */
export const purgeLimits = z.strictObject(purgeLimitsFields)

export type RetentionPolicy = InputOf<typeof retentionPolicyFields>
export type PurgeLimits = InputOf<typeof purgeLimitsFields>
