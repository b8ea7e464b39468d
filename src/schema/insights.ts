import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { name, text, uuid } from './values.js'

const newInsightFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  title: name(500),
  message: text(100_000),
  /** A word of the host for the kind of insight. */
  type: name(100),
  is_read: z.boolean().optional(),
}

/** What the coach has to say to a person. */
export const newInsight = z.strictObject(newInsightFields)

/** Which insights to list. */
export const insightFilter = z.strictObject({
  type: z.string().optional(),
  is_read: z.boolean().optional(),
})

/** Which insights to mark as read. */
export const insightSelection = z.union([z.literal('all'), z.array(uuid)], { error: "give a list of ids, or 'all'" })

export type NewInsight = InputOf<typeof newInsightFields>
export type InsightFilter = z.infer<typeof insightFilter>
