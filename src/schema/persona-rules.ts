import { z } from 'zod'
import { personas } from './enums.js'
import type { InputOf } from './input-of.js'
import { identifier, name } from './values.js'

const signalConditionFields = {
  /** The signal type; `credit_utilization` for the cards. */
  signal: identifier(200),
  /** Its field; a dot leads further in. */
  field: z.string().regex(/^\w+(\.\w+)*$/),
  is: z.enum(['>=', '>', '<=', '<', '=']),
  /** Money is compared as a number, in the currency of the signal. */
  than: z.union([z.number(), z.string().max(200), z.boolean()]),
  /** For cards: whether `any` of them (when left out) or `every` one. Every one of no cards matches. */
  of: z.enum(['any', 'every']).optional(),
}

/** A question about one number (or word, or yes and no) of a signal. What is not known does not match. */
export const signalCondition = z
  .strictObject(signalConditionFields)
  .refine(({ is, than }) => typeof than === 'number' || is === '=', {
    error: 'words, and yes and no, are compared by =',
    path: ['is'],
  })
  .refine(({ signal, is, than }) => signal !== 'credit_utilization' || typeof than === 'boolean' || is !== '=', {
    error: 'of cards, numbers are compared by order and the rest by yes and no',
    path: ['is'],
  })

export type SignalCondition = InputOf<typeof signalConditionFields>

/** A question about a signal, or several that are joined. */
export type PersonaRuleCondition =
  | SignalCondition
  | { readonly all: readonly PersonaRuleCondition[] }
  | { readonly any: readonly PersonaRuleCondition[] }
  | { readonly not: PersonaRuleCondition }

/** A {@link PersonaRuleCondition}, however deep; of 100 parts a level at most. */
export const personaRuleCondition: z.ZodType<PersonaRuleCondition, PersonaRuleCondition> = z.lazy(() =>
  z.union([
    signalCondition,
    z.strictObject({ all: z.array(personaRuleCondition).max(100) }),
    z.strictObject({ any: z.array(personaRuleCondition).max(100) }),
    z.strictObject({ not: personaRuleCondition }),
  ]),
)

const personaRuleFields = {
  /** What it is called in the reasons. */
  rule: name(200),
  persona: z.enum(personas),
  when: personaRuleCondition,
}

/** Who has a persona. */
export const personaRule = z.strictObject(personaRuleFields)

/** In order: the first that matches wins. Who matches none is `general_wellness`. */
export const personaRules = z.array(personaRule).max(50)

export type PersonaRule = InputOf<typeof personaRuleFields>
