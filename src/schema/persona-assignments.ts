import { z } from 'zod'
import { personas, timeWindows } from './enums.js'
import { personaReasons } from './json.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { instant, uuid } from './values.js'

/** The persona that was found for a person in a window. */
export const newPersonaAssignment = z.strictObject({
  user_id: uuid,
  time_window: z.enum(timeWindows),
  persona: z.enum(personas),
  /** The rules that were tried and the numbers that decided. */
  reasons: personaReasons.nullish(),
  /** Now when left out. */
  assigned_at: instant.optional(),
})

/** Which assignments to list. `from` and `to` are of `assigned_at`; `from` is inclusive, `to` is not. */
export const personaAssignmentFilter = z
  .strictObject({
    time_window: z.enum(timeWindows).optional(),
    persona: z.enum(personas).optional(),
    ...span,
  })
  .refine(endsAfterStart, spanRule)

/** Whom to count. */
export const populationFilter = z.strictObject({
  time_window: z.enum(timeWindows),
  /** As it was at this instant. As it is when left out. */
  at: instant.optional(),
})

export type NewPersonaAssignment = z.infer<typeof newPersonaAssignment>
export type PersonaAssignmentFilter = z.infer<typeof personaAssignmentFilter>
export type PopulationFilter = z.infer<typeof populationFilter>
