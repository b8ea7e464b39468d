import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { instant, text, uuid } from './values.js'

const newChatLogFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  message: text(1_000_000),
  response: text(1_000_000),
  /** False: the answer was held back or replaced. True when left out. */
  guardrails_passed: z.boolean().optional(),
  /** When it was said. Now when left out. */
  created_at: instant.optional(),
}

/** A question of a person and the answer of the assistant. */
export const newChatLog = z.strictObject(newChatLogFields)

/** Which messages of a person to list. `from` is inclusive, `to` is not. */
export const chatLogFilter = z
  .strictObject({ guardrails_passed: z.boolean().optional(), ...span })
  .refine(endsAfterStart, spanRule)

/** Which flagged messages to list. `from` is inclusive, `to` is not. */
export const flaggedFilter = z.strictObject(span).refine(endsAfterStart, spanRule)

const chatLogPurgeFields = {
  /** Messages from before this instant. */
  before: instant,
  /** Rows at most, 1 to 100,000; 10,000 when left out. */
  limit: z.number().int().min(1).max(100_000).optional(),
}

/** What to forget. */
export const chatLogPurge = z.strictObject(chatLogPurgeFields)

export type NewChatLog = InputOf<typeof newChatLogFields>
export type ChatLogFilter = z.infer<typeof chatLogFilter>
export type FlaggedFilter = z.infer<typeof flaggedFilter>
export type ChatLogPurge = InputOf<typeof chatLogPurgeFields>
