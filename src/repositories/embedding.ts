import { type Embedding, embeddingLength } from '../schema/embedding.js'

/** As pgvector reads it. Nine digits tell any two numbers of single precision apart. */
export function encodeEmbedding(embedding: Embedding): string {
  const numbers = new Array<string>(embeddingLength)
  for (let i = 0; i < embeddingLength; i++) numbers[i] = Math.fround(embedding[i] ?? 0).toPrecision(9)
  return `[${numbers.join()}]`
}

/** What {@link encodeEmbedding} was given, in single precision. */
export function decodeEmbedding(text: string): Float32Array {
  return Float32Array.from(JSON.parse(text) as number[])
}
