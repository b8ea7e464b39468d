/** How many numbers an embedding has. */
export const embeddingLength = 1536

/**
 * The meaning of a text as 1536 numbers, from the embedding model of the host. The database keeps single precision, so a
 * `Float32Array` comes back as it was.
 */
export type Embedding = readonly number[] | Float32Array

/** Whether single precision can hold it. */
export function isEmbedding(value: unknown): value is Embedding {
  if (!Array.isArray(value) && !(value instanceof Float32Array)) return false
  if (value.length !== embeddingLength) return false
  for (const x of value as Iterable<unknown>) {
    if (typeof x !== 'number' || !Number.isFinite(Math.fround(x))) return false
  }
  return true
}

/** The length of the vector, as the database will have it. */
export function norm(embedding: Embedding): number {
  let squares = 0
  for (const x of embedding) squares += Math.fround(x) ** 2
  return Math.sqrt(squares)
}
