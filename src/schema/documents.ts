import { z } from 'zod'
import { type Embedding, embeddingLength, isEmbedding, norm } from './embedding.js'
import type { ChangesOf, InputOf } from './input-of.js'
import { documentMetadata } from './json.js'
import { text, uuid } from './values.js'

const embeddingRule = `give ${embeddingLength} finite numbers, as an array or a Float32Array`

const embedding = z
  .custom<Embedding>((value) => isEmbedding(value), { error: embeddingRule, abort: true })
  .refine((value) => norm(value) <= 1e15, { error: 'must not be longer, as a vector, than 1e15' })

const directed = embedding.refine((value) => norm(value) >= 1e-15, {
  error: 'must not be the zero vector: it has no direction',
})

const content = text(1_000_000).min(1)

const newDocumentFields = {
  user_id: uuid,
  /** Made by the database when left out. */
  id: uuid.optional(),
  content,
  /** What to filter by, such as the source and the page. An empty object when left out. */
  metadata: documentMetadata.optional(),
  embedding: directed,
}

/** A text of a person, with its meaning. */
export const newDocument = z.strictObject(newDocumentFields)

/** What may change. New content needs its embedding; `metadata` takes the place of all there was. */
export const documentChanges = z
  .strictObject({
    content: content.optional(),
    metadata: documentMetadata.optional(),
    embedding: directed.optional(),
  })
  .refine((changes) => changes.content === undefined || changes.embedding !== undefined, {
    path: ['embedding'],
    error: 'give the embedding of the new content',
  })

/** Which documents. `metadata`: those whose metadata contain this object, at any depth (`@>` of jsonb). */
export const documentFilter = z.strictObject({ metadata: documentMetadata.optional() })

/** How far apart two embeddings are. In each, nearer is smaller: see `documents.search`. */
export const distanceMetrics = ['cosine', 'l2', 'inner_product'] as const

const documentSearchFields = {
  embedding,
  /** `cosine` when left out. */
  metric: z.enum(distanceMetrics).optional(),
  /** Documents at most, 1 to 1000; 10 when left out. */
  limit: z.number().int().min(1).max(1000).optional(),
  /** Only documents whose metadata contain this object. */
  metadata: documentMetadata.optional(),
  /** Only documents at most this far, in the measure of `metric`. */
  max_distance: z.number().optional(),
  /** Do without approximate indexes: slower on many documents, and misses nothing. */
  exact: z.boolean().optional(),
  /** For an hnsw index, 1 to 1000: how many candidates to keep while walking it. More find more, slower. */
  ef_search: z.number().int().min(1).max(1000).optional(),
  /** For an ivfflat index, 1 to 32768: how many lists to read first. The square root of `lists` when left out. */
  probes: z.number().int().min(1).max(32_768).optional(),
}

/** What to search for. */
export const documentSearch = z
  .strictObject(documentSearchFields)
  .refine(({ embedding, metric = 'cosine' }) => metric !== 'cosine' || norm(embedding) >= 1e-15, {
    path: ['embedding'],
    error: 'must not be the zero vector: it has no direction',
  })

export type { Embedding } from './embedding.js'
export type NewDocument = InputOf<typeof newDocumentFields>
export type DocumentChanges = ChangesOf<typeof newDocumentFields, 'user_id' | 'id'>
export type DocumentFilter = z.infer<typeof documentFilter>
export type DistanceMetric = (typeof distanceMetrics)[number]
export type DocumentSearch = InputOf<typeof documentSearchFields>
