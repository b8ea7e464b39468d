import { z } from 'zod'
import { personas, timeWindows } from './enums.js'
import type { InputOf } from './input-of.js'
import { personaReasons } from './json.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { instant, uuid } from './values.js'

const newPersonaAssignmentFields = {
  user_id: uuid,
  time_window: z.enum(timeWindows),
  persona: z.enum(personas),
  /** The rules that were tried and the numbers that decided. */
  reasons: personaReasons.nullish(),
  /** Now when left out. */
  assigned_at: instant.optional(),
}

/** The persona that was found for a person in a window. */
export const newPersonaAssignment = z.strictObject(newPersonaAssignmentFields)

/** Which assignments to list. `from` and `to` are of `assigned_at`; `from` is inclusive, `to` is not. */
export const personaAssignmentFilter = z
  .strictObject({
    time_window: z.enum(timeWindows).optional(),
    persona: z.enum(personas).optional(),
    ...span,
  })
  .refine(endsAfterStart, spanRule)

const populationFilterFields = {
  time_window: z.enum(timeWindows),
  /** As it was at this instant. As it is when left out. */
  at: instant.optional(),
}

/** Whom to count. */
export const populationFilter = z.strictObject(populationFilterFields)

const currentPersonaFilterFields = {
  ...populationFilterFields,
  persona: z.enum(personas).optional(),
  /** Everybody when left out. */
  users: z.array(uuid).optional(),
}

/** Whose persona to list. */
export const currentPersonaFilter = z.strictObject(currentPersonaFilterFields)

export type NewPersonaAssignment = InputOf<typeof newPersonaAssignmentFields>
export type PersonaAssignmentFilter = z.infer<typeof personaAssignmentFilter>
export type PopulationFilter = InputOf<typeof populationFilterFields>
export type CurrentPersonaFilter = InputOf<typeof currentPersonaFilterFields>
