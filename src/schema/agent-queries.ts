import { z } from 'zod'
import { agentQueryOutcomes } from './enums.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { instant, uuid } from './values.js'

/** A query through the read-only door, and what came of it. */
export const newAgentQuery = z.strictObject({
  /** Whose rows it could see; null: everybody's. */
  user_id: uuid.nullable(),
  role: z.string().max(63).nullable(),
  sql: z.string(),
  outcome: z.enum(agentQueryOutcomes),
  code: z.string().max(200).nullable(),
  rows: z.number().int().min(0),
  bytes: z.number().int().min(0),
  duration_below_ms: z.number().int().min(1),
})

/** Which queries to list. `user_id` null: those about everybody; left out: all. `from` is inclusive, `to` is not. */
export const agentQueryFilter = z
  .strictObject({ user_id: uuid.nullable().optional(), outcome: z.enum(agentQueryOutcomes).optional(), ...span })
  .refine(endsAfterStart, spanRule)

/** What to forget. */
export const agentQueryPurge = z.strictObject({
  /** Queries from before this instant. */
  before: instant,
  /** Rows at most, 1 to 100,000; 10,000 when left out. */
  limit: z.number().int().min(1).max(100_000).optional(),
})

export type NewAgentQuery = z.infer<typeof newAgentQuery>
export type AgentQueryFilter = z.infer<typeof agentQueryFilter>
export type AgentQueryPurge = z.infer<typeof agentQueryPurge>
