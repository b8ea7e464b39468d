import { z } from 'zod'
import { agentQueryOutcomes } from './enums.js'
import type { InputOf } from './input-of.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { uuid } from './values.js'

const newAgentQueryFields = {
  /** Whose rows it could see; null: everybody's. */
  user_id: uuid.nullable(),
  role: z.string().max(63).nullable(),
  sql: z.string(),
  outcome: z.enum(agentQueryOutcomes),
  code: z.string().max(200).nullable(),
  rows: z.number().int().min(0),
  bytes: z.number().int().min(0),
  duration_below_ms: z.number().int().min(1),
}

/** A query through the read-only door, and what came of it. */
export const newAgentQuery = z.strictObject(newAgentQueryFields)

/** Which queries to list. `user_id` null: those about everybody; left out: all. `from` is inclusive, `to` is not. */
export const agentQueryFilter = z
  .strictObject({ user_id: uuid.nullable().optional(), outcome: z.enum(agentQueryOutcomes).optional(), ...span })
  .refine(endsAfterStart, spanRule)

export type NewAgentQuery = InputOf<typeof newAgentQueryFields>
export type AgentQueryFilter = z.infer<typeof agentQueryFilter>
