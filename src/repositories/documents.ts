import { sql } from 'kysely'
import { z } from 'zod'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import {
  type DocumentChanges,
  type DocumentFilter,
  type DocumentSearch,
  documentChanges,
  documentFilter,
  documentSearch,
  type NewDocument,
  newDocument,
} from '../schema/documents.js'
import { parseChanges, parseInput } from '../schema/input.js'
import type { Document } from '../schema/rows.js'
import { requireDocuments } from './documents-here.js'
import { decodeEmbedding, encodeEmbedding } from './embedding.js'
import { insertAll } from './insert.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

export { createIndex, type DocumentIndex, dropIndex, listIndexes } from './document-indexes.js'

const columns = ['user_id', 'id', 'content', 'metadata', 'created_at', 'updated_at'] as const

/** A document that a search found, and how far it is from what was searched for: see {@link search}. */
export interface DocumentMatch extends Document {
  readonly distance: number
}

/**
 * Keeps a text with its embedding.
 *
 * Every function of documents throws an `UnsupportedError` where the database has no pgvector, and says what to do.
 *
 * @throws {MissingReferenceError} The user does not exist.
 * @throws {ConflictError} The user already has a document with this id.
 */
export async function create(db: Db, document: NewDocument): Promise<Document> {
  const row = toRow(parseInput(newDocument, document, 'The document'))
  await ready(db)
  return db
    .insertInto('finance.documents')
    .values(row)
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** An embedding is 15 to 20 kB on its way: this many keep a statement below 10 MB. */
const rowsAtOnce = 500

/** Any number of documents, all or none, in the order of the input. Errors as {@link create}. */
export async function createMany(db: Db, documents: readonly NewDocument[]): Promise<Document[]> {
  const inputs = parseInput(z.array(newDocument), documents, 'The documents')
  await ready(db)
  return insertAll(
    db,
    inputs,
    (handle, part) => handle.insertInto('finance.documents').values(part.map(toRow)).returning(columns).execute(),
    rowsAtOnce,
  ).catch(translateError)
}

/** @throws {NotFoundError} Also when the document belongs to another user. */
export async function get(db: Db, userId: string, id: string): Promise<Document> {
  const document = await find(db, userId, id)
  if (document === undefined) throw new NotFoundError('document')
  return document
}

/** Undefined when there is no such document, or it belongs to another user. */
export async function find(db: Db, userId: string, id: string): Promise<Document | undefined> {
  await ready(db)
  return db
    .selectFrom('finance.documents')
    .select(columns)
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
    .catch(translateError)
}

/**
 * The embeddings of documents, by id: 6 kB each, so no other function gives them. Ids that are not there, or belong to
 * another user, are passed over.
 */
export async function embeddings(db: Db, userId: string, ids: readonly string[]): Promise<Map<string, Float32Array>> {
  if (ids.length === 0) return new Map()
  await ready(db)
  const rows = await db
    .selectFrom('finance.documents')
    .select(['id', sql<string>`embedding::text`.as('embedding')])
    .where('user_id', '=', userId)
    .where('id', '=', sql<string>`any(${ids}::uuid[])`)
    .execute()
    .catch(translateError)
  return new Map(rows.map(({ id, embedding }) => [id, decodeEmbedding(embedding)]))
}

/** In the order of their ids, which is that of writing unless you gave the ids. Walks `documents_pkey`. */
export async function list(
  db: Db,
  userId: string,
  filter: DocumentFilter = {},
  request: PageRequest = {},
): Promise<Page<Document>> {
  const { metadata } = parseInput(documentFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.documents').select(columns).where('user_id', '=', userId)

  if (metadata !== undefined) query = query.where(sql<boolean>`metadata @> ${JSON.stringify(metadata)}::jsonb`)
  if (request.after !== undefined) {
    const [id] = decodeCursor(request.after, z.tuple([z.guid()]))
    query = query.where('id', '>', id)
  }

  await ready(db)
  const rows = await query
    .orderBy('id')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ id }) => [id])
}

/**
 * Changes what is given and leaves the rest. New content comes with its embedding; new metadata take the place of the old.
 *
 * @throws {NotFoundError} Also when the document belongs to another user.
 */
export async function update(db: Db, userId: string, id: string, changes: DocumentChanges): Promise<Document> {
  const values = parseChanges(documentChanges, changes)
  if (values === undefined) return get(db, userId, id)
  const { embedding, ...rest } = values
  await ready(db)
  return db
    .updateTable('finance.documents')
    .set(embedding === undefined ? rest : { ...rest, embedding: encodeEmbedding(embedding) })
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow(() => new NotFoundError('document'))
    .catch(translateError)
}

/** @throws {NotFoundError} Also when the document belongs to another user. */
export async function remove(db: Db, userId: string, id: string): Promise<void> {
  await ready(db)
  const { numDeletedRows } = await db
    .deleteFrom('finance.documents')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
    .catch(translateError)
  if (numDeletedRows === 0n) throw new NotFoundError('document')
}

/**
 * The documents of a person whose embeddings are nearest to one, nearest first; equals in the order of their ids. In every
 * metric a smaller `distance` is nearer:
 *
 * - `cosine`: 1 − cosine of the angle. 0 is the same direction, 1 nothing in common, 2 the opposite.
 * - `l2`: the straight line between the two, 0 and up.
 * - `inner_product`: the inner product times −1, any number. For embeddings of length 1, as most models give them, it is the
 *   cosine distance less 1; and it takes the least work.
 *
 * As many as `limit` asks for, if the person has that many that fit: a filter never empties the result. The documents of a
 * person who has at most 5,000 are all compared, and none is missed; so are more, unless there is an index of the metric
 * ({@link createIndex}). Through an index (an iterative scan) a search may miss some of the nearest, the more so the fewer
 * documents pass the filter; where it finds too few, it is repeated exactly. With pgvector before 0.8 all are compared.
 */
export async function search(db: Db, userId: string, query: DocumentSearch): Promise<DocumentMatch[]> {
  return nearest(db, userId, query)
}

/**
 * {@link search} over the documents of everybody: for operators, never for an answer to a person. It compares every document
 * there is, so with more than some thousands of them it wants an index. Equals in the order of user and id.
 */
export async function searchEverybody(db: Db, query: DocumentSearch): Promise<DocumentMatch[]> {
  return nearest(db, null, query)
}

async function nearest(db: Db, userId: string | null, query: DocumentSearch): Promise<DocumentMatch[]> {
  const { embedding, metric, limit, metadata, max_distance, exact, ef_search, probes } = parseInput(
    documentSearch,
    query,
    'The search',
  )
  const contained = metadata === undefined ? null : JSON.stringify(metadata)
  const found = sql<{ user_id: string; id: string; distance: number }>`${sql.table('finance.documents_nearest')}(
    ${encodeEmbedding(embedding)}, ${metric ?? 'cosine'}::text, ${limit ?? 10}::integer, ${userId}::uuid,
    ${contained}::jsonb, ${exact ?? false}::boolean, ${ef_search ?? null}::integer, ${probes ?? null}::integer)`
  let matches = db
    .selectFrom(found.as('found'))
    .innerJoin('finance.documents as d', (join) =>
      join.onRef('d.user_id', '=', 'found.user_id').onRef('d.id', '=', 'found.id'),
    )
    .select(['d.user_id', 'd.id', 'd.content', 'd.metadata', 'd.created_at', 'd.updated_at', 'found.distance'])

  // Above the search: below it an index would be read on and on in search of what is nearer than there is.
  if (max_distance !== undefined) matches = matches.where('found.distance', '<=', max_distance)

  await ready(db)
  return matches.orderBy('found.distance').orderBy('d.user_id').orderBy('d.id').execute().catch(translateError)
}

function toRow({ embedding, ...rest }: NewDocument) {
  return { ...rest, embedding: encodeEmbedding(embedding) }
}

async function ready(db: Db): Promise<void> {
  await requireDocuments(db).catch(translateError)
}
