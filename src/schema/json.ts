import { z } from 'zod'
import { day, jsonObject } from './values.js'

/** `decision_traces.trace_data`: how a recommendation came about. What is named here has a fixed meaning; more may follow. */
export const decisionTraceData = z.looseObject({
  /** The day the decision looked back from. */
  as_of: day.optional(),
  time_window: z.string().optional(),
  persona: z.string().optional(),
  /** The signals that were read, by signal type. */
  signals: z.record(z.string(), z.unknown()).optional(),
  /** Every rule that was tried, in order, and what it said. */
  rules: z.array(z.looseObject({ rule: z.string(), matched: z.boolean() })).optional(),
})

const values = z.record(z.string(), z.string())
const lines = z.array(z.array(z.string().nullable()))

/**
 * `audit_log.changes`. Every value is text, as Postgres writes it in UTC, so that no amount is rounded; a null is left out.
 * - One row: `old` and `new` by column; of an update only the columns that changed, one that is missing on a side being
 *   null there. `secrets` names secret columns that changed.
 * - Many rows in one: `columns`, and a line of their values for each row in `new` (insert, snapshot) or `old` (delete).
 * - Many updates in one: `rows`, each with its `id`, `old` and `new`.
 * - An erasure: its `reason`, if one was given. Nothing at all: the person was erased.
 */
export const auditChanges = z.union([
  z.strictObject({ columns: z.array(z.string()), new: lines }),
  z.strictObject({ columns: z.array(z.string()), old: lines }),
  z.strictObject({
    rows: z.array(z.strictObject({ id: z.string(), old: values.optional(), new: values.optional() })),
  }),
  z.strictObject({
    old: values.optional(),
    new: values.optional(),
    secrets: z.array(z.string()).optional(),
    reason: z.string().optional(),
  }),
])
/** One number that a persona rule asked for, and what it was. */
export const personaCondition = z.object({
  signal: z.string(),
  field: z.string(),
  operator: z.string(),
  /** What the rule compares with. */
  value: z.union([z.number(), z.string(), z.boolean()]),
  /** What the person has: of a card that decided where any or every card is asked. Null when the signal is not there. */
  actual: z.json(),
  matched: z.boolean(),
})

/** `persona_assignments.reasons`: the rules that were tried, in order; the last one matched. */
export const personaReasons = z.object({
  /** The day the signals look back from. */
  as_of: day.nullable(),
  rules: z.array(
    z.object({ rule: z.string(), persona: z.string(), matched: z.boolean(), conditions: z.array(personaCondition) }),
  ),
})

/** `transfer_matches.reasons`: what the score is made of. */
export const transferMatchReasons = z.object({
  /** Days from the side that pays to the side that receives. */
  days_apart: z.number().int(),
  /** Units of the receiving currency for one of the paying one; null within one currency. */
  rate: z.string().nullable(),
  /** The rate that was given, to compare with; null within one currency. */
  expected_rate: z.string().nullable(),
  /** Other rows that could have been the other side. */
  rivals: z.number().int(),
  /** A row says that it is a transfer or a card payment, by its category or its words. */
  said: z.boolean(),
  /** What each adds to or takes from the score. */
  score: z.record(z.string(), z.number()),
})

/** `documents.metadata`: what a host wants to filter by. */
export const documentMetadata = jsonObject

export type DecisionTraceData = z.infer<typeof decisionTraceData>
export type PersonaCondition = z.infer<typeof personaCondition>
export type PersonaReasons = z.infer<typeof personaReasons>
export type TransferMatchReasons = z.infer<typeof transferMatchReasons>
export type AuditChanges = z.infer<typeof auditChanges>
