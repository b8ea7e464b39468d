import { z } from 'zod'
import { recommendationTypes } from './enums.js'
import { instant, name, uuid } from './values.js'

/** Advice for a person. */
export const newRecommendation = z
  .strictObject({
    user_id: uuid,
    /** Made by the database when left out. */
    id: uuid.optional(),
    type: z.enum(recommendationTypes),
    title: name(500),
    /** Why this person gets it, in words for that person. */
    rationale: name(10_000),
    shown_at: instant.nullish(),
    clicked: z.boolean().optional(),
  })
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

/** Which recommendations to list. */
export const recommendationFilter = z.strictObject({
  type: z.enum(recommendationTypes).optional(),
  /** True: shown already. False: still to be shown. */
  shown: z.boolean().optional(),
  clicked: z.boolean().optional(),
})

export type NewRecommendation = z.infer<typeof newRecommendation>
export type RecommendationChanges = z.infer<typeof recommendationChanges>
export type RecommendationFilter = z.infer<typeof recommendationFilter>
