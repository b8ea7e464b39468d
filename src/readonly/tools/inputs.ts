import { z } from 'zod'

/** What models send to the tools. JSON Schema can be made of all of it, and every field says what it is for. */

const params = z
  .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .max(1000)
  .optional()
  .describe('Values for $1, $2, … in the order of their numbers. Leave it out when there are none.')

export const listTablesInput = z.object({})

export const describeInput = z.object({
  tables: z
    .array(z.string().min(1).max(200))
    .max(100)
    .optional()
    .describe('Names from list_tables. Leave it out for all tables, the rules and sample questions.'),
})

export const queryInput = z.object({
  sql: z.string().min(1).describe('One PostgreSQL statement that reads: SELECT, WITH … SELECT, VALUES or TABLE.'),
  params,
})

export const explainInput = z.object({
  sql: z.string().min(1).describe('The statement to plan, without the word EXPLAIN. It is not run.'),
  params,
})

export type QueryInput = z.infer<typeof queryInput>
