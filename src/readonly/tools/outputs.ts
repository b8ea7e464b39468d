import { z } from 'zod'

/** What the tools give besides text, for clients that show or compute with it. */

export const listTablesOutput = z.object({
  tables: z.array(z.object({ name: z.string(), about: z.string().nullable(), rows: z.string().nullable() })),
})

export const describeOutput = z.object({
  text: z.string(),
  unknown: z.array(z.string()),
})

export const queryOutput = z.object({
  notice: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  row_count: z.number().int(),
  truncated: z.boolean(),
})

export const explainOutput = z.object({
  cost_below: z.number().optional(),
  plan: z.string(),
})
