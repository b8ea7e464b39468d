import { z } from 'zod'
import { distanceMetrics } from './documents.js'

const which = {
  /** `cosine` when left out. An index serves searches by its metric. */
  metric: z.enum(distanceMetrics).optional(),
  /** Without blocking writers, which a transaction cannot do. True when left out, unless in a transaction. */
  concurrently: z.boolean().optional(),
}

const making = {
  ...which,
  /** Memory for this build, such as `'1GB'`; that of the session when left out. An hnsw index takes many times as long without room for itself. */
  maintenance_work_mem: z
    .string()
    .regex(/^\d{1,7}(kB|MB|GB)$/, { error: 'give an amount of memory such as "1GB"' })
    .optional(),
}

const hnsw = z
  .strictObject({
    method: z.literal('hnsw'),
    ...making,
    /** Neighbours of each document, 2 to 100; 16 when left out. */
    m: z.number().int().min(2).max(100).optional(),
    /** Candidates looked at for each document, 4 to 1000 and at least twice `m`; 64 when left out. */
    ef_construction: z.number().int().min(4).max(1000).optional(),
  })
  .refine(({ m = 16, ef_construction = 64 }) => ef_construction >= 2 * m, {
    path: ['ef_construction'],
    error: 'must be at least twice m',
  })

const ivfflat = z.strictObject({
  method: z.literal('ivfflat'),
  ...making,
  /** How many parts to cut the documents into, 1 to 32768; a thousandth of the documents when left out. */
  lists: z.number().int().min(1).max(32_768).optional(),
})

/** An index to make. */
export const newDocumentIndex = z.discriminatedUnion('method', [hnsw, ivfflat])

/** An index to remove. */
export const documentIndexChoice = z.strictObject({ method: z.enum(['hnsw', 'ivfflat']), ...which })

export type NewDocumentIndex = z.infer<typeof newDocumentIndex>
export type DocumentIndexChoice = z.infer<typeof documentIndexChoice>
