import { sql } from 'kysely'
import type { Db } from '../schema/database.js'

interface Chunks {
  /** Everybody who is not erased when left out. */
  readonly users: readonly string[] | undefined
  readonly connections: number | undefined
  readonly chunk: number
  readonly signal: AbortSignal | undefined
}

/**
 * Hands out people in chunks to workers that run side by side, in the order of their ids, without holding all ids. Chunks are
 * as even as they can be, so that no worker idles while another has the last one. Inside a transaction there is one worker.
 * The first error stops the others after their chunk, and is thrown.
 */
export function inChunks(
  db: Db,
  chunks: Chunks,
  work: (people: readonly string[], of: number) => Promise<void>,
): Promise<void> {
  return inPickedChunks(db, chunks, async (people) => people, work)
}

/** {@link inChunks} of what `pick` leaves of each: few of many people are worked on together, as many as a chunk has. */
export async function inPickedChunks<Item>(
  db: Db,
  { users, connections = 2, chunk, signal }: Chunks,
  pick: (people: readonly string[], of: number) => Promise<readonly Item[]>,
  work: (items: readonly Item[], of: number) => Promise<void>,
): Promise<void> {
  const given = users === undefined ? undefined : [...new Set(users.map((id) => id.toLowerCase()))].sort()
  const of = given?.length ?? (await countUsers(db))
  const workers = db.isTransaction ? 1 : connections
  const size = evenSize(of, workers, chunk)
  const next = given === undefined ? everybody(db, size) : some(given, size)
  let failed: { error: unknown } | undefined

  const worker = async () => {
    const picked: Item[] = []
    while (failed === undefined) {
      try {
        signal?.throwIfAborted()
        const people = await next()
        if (people.length > 0) picked.push(...(await pick(people, of)))
        if (picked.length >= size || (people.length === 0 && picked.length > 0)) await work(picked.splice(0, size), of)
        if (people.length === 0 && picked.length === 0) return
      } catch (error) {
        failed ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
  if (failed !== undefined) throw (failed as { error: unknown }).error
}

/** The largest size up to `most` by which `workers` have equally many chunks of `people`. */
function evenSize(people: number, workers: number, most: number): number {
  const rounds = Math.max(1, Math.ceil(people / (workers * most)))
  return Math.max(1, Math.ceil(people / (workers * rounds)))
}

/**
 * Of some people those who are there and not erased, in the order of their ids. None of them is erased or removed before the
 * transaction ends, and what the next statement sees is of after the lock.
 *
 * @param lock - `no key update` to take turns with everybody else who writes by it. It keeps people from logging in meanwhile.
 */
export async function lockPeople(
  db: Db,
  people: readonly string[],
  lock: 'key share' | 'no key update',
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.table('finance.users')} where id = any(${people}::uuid[]) and erased_at is null
    order by id for ${sql.raw(lock)}`.execute(db)
  return rows.map(({ id }) => id)
}

async function countUsers(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('finance.users')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('erased_at', 'is', null)
    .executeTakeFirstOrThrow()
  return count
}

function some(users: readonly string[], chunk: number): () => Promise<readonly string[]> {
  let start = 0
  return async () => {
    const people = users.slice(start, start + chunk)
    start += chunk
    return people
  }
}

/** Page by page over the primary key; callers take turns. */
function everybody(db: Db, chunk: number): () => Promise<readonly string[]> {
  let last: string | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const page = async () => {
    let query = db.selectFrom('finance.users').select('id').where('erased_at', 'is', null).orderBy('id').limit(chunk)
    if (last !== undefined) query = query.where('id', '>', last)
    const people = (await query.execute()).map(({ id }) => id)
    last = people.at(-1) ?? last
    return people
  }
  return () => {
    const mine = turn.then(page)
    turn = mine.catch(() => {})
    return mine
  }
}
