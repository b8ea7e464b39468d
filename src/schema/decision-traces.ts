import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { decisionTraceData } from './json.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { jsonObject, uuid } from './values.js'

/** {@link decisionTraceData} that is JSON through and through: what Postgres gives back is what was put in. */
export const traceData = decisionTraceData.superRefine((data, context) => {
  for (const { path, message } of jsonObject.safeParse(data).error?.issues ?? []) {
    context.addIssue({ code: 'custom', path, message })
  }
})

const newDecisionTraceFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  recommendation_id: uuid,
  trace_data: traceData,
}

/** How a recommendation that is there came about. */
export const newDecisionTrace = z.strictObject(newDecisionTraceFields)

/** Which traces to list. `from` and `to` are of `created_at`; `from` is inclusive, `to` is not. */
export const decisionTraceFilter = z.strictObject(span).refine(endsAfterStart, spanRule)

export type NewDecisionTrace = InputOf<typeof newDecisionTraceFields>
export type DecisionTraceFilter = z.infer<typeof decisionTraceFilter>
