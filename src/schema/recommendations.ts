import { z } from 'zod'
import { consentRequirement } from './consents.js'
import { traceData } from './decision-traces.js'
import { recommendationTypes } from './enums.js'
import type { InputOf } from './input-of.js'
import { endsAfterStart, spanRule, wholeSpan } from './span.js'
import { identifier, instant, name, uuid } from './values.js'

const newRecommendationFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  type: z.enum(recommendationTypes),
  title: name(500),
  /** Why this person gets it, in words for that person. */
  rationale: name(10_000),
  /** The item of a catalogue that it was made from. */
  catalogue_key: identifier(200).nullish(),
  shown_at: instant.nullish(),
  clicked: z.boolean().optional(),
}

/** Advice for a person. */
export const newRecommendation = z
  .strictObject(newRecommendationFields)
  .refine(({ clicked, shown_at }) => clicked !== true || shown_at != null, {
    error: 'only a recommendation that was shown can have been clicked: give shown_at',
    path: ['clicked'],
  })

/** What may change about a recommendation. */
export const recommendationChanges = z.strictObject({
  title: name(500).optional(),
  rationale: name(10_000).optional(),
  shown_at: instant.nullable().optional(),
  clicked: z.boolean().optional(),
})

const recommendationFilterFields = {
  type: z.enum(recommendationTypes).optional(),
  /** True: shown already. False: still to be shown. */
  shown: z.boolean().optional(),
  clicked: z.boolean().optional(),
}

/** Which recommendations to list. */
export const recommendationFilter = z.strictObject(recommendationFilterFields)

const requireConsent = z.union([z.boolean(), consentRequirement])

const recommendationsOptionsFields = {
  /** Refuse a user without standing consent; `{ version: '2.0' }`: to that version of the text or a later one. */
  requireConsent: requireConsent.optional(),
}

/** What else goes with new recommendations. */
export const recommendationsOptions = z.strictObject(recommendationsOptionsFields)

/** What else goes with one new recommendation. */
export const recommendationOptions = recommendationsOptions.extend({
  /** How it came about: written with it, or not at all. */
  trace: traceData.optional(),
})

/** Which recommendations to count: those made in the span, `from` inclusive and `to` not. */
export const funnelFilter = z
  .strictObject({ type: z.enum(recommendationTypes).optional(), ...wholeSpan })
  .refine(endsAfterStart, spanRule)

export type NewRecommendation = InputOf<typeof newRecommendationFields>
export type RecommendationChanges = z.infer<typeof recommendationChanges>
export type RecommendationFilter = InputOf<typeof recommendationFilterFields>
export type RecommendationsOptions = InputOf<typeof recommendationsOptionsFields>
export type RecommendationOptions = z.infer<typeof recommendationOptions>
export type FunnelFilter = z.infer<typeof funnelFilter>
