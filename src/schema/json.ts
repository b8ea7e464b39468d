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

/** `audit_log.changes`: by column, the old and the new value. Null where there is none. */
export const auditChanges = z.record(z.string(), z.object({ old: z.json(), new: z.json() }))

/** `documents.metadata`: what a host wants to filter by. */
export const documentMetadata = jsonObject

export type DecisionTraceData = z.infer<typeof decisionTraceData>
export type AuditChanges = z.infer<typeof auditChanges>
