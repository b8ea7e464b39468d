import { z } from 'zod'
import { timeWindows } from './enums.js'
import type { InputOf } from './input-of.js'
import { signalValueSchema } from './signals.js'
import { identifier, instant, jsonObject, uuid } from './values.js'

const newComputedFeatureFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  time_window: z.enum(timeWindows),
  /** `subscription`, `credit_utilization_<account id>`, `savings_behavior`, `income_stability`, or a word of the host. */
  signal_type: identifier(200),
  signal_value: jsonObject,
  /** Now when left out. */
  computed_at: instant.optional(),
}

/** A signal found in a person's money. `signal_value` is checked by the schema of its `signal_type`. */
export const newComputedFeature = z
  .strictObject(newComputedFeatureFields)
  .superRefine(({ signal_type, signal_value }, context) => {
    const result = signalValueSchema(signal_type).safeParse(signal_value)
    for (const issue of result.error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: ['signal_value', ...issue.path], message: issue.message })
    }
  })

/** Which signals to list. */
export const computedFeatureFilter = z.strictObject({
  time_window: z.enum(timeWindows).optional(),
  signal_type: z.string().optional(),
})

export type NewComputedFeature = InputOf<typeof newComputedFeatureFields>
export type ComputedFeatureFilter = z.infer<typeof computedFeatureFilter>
