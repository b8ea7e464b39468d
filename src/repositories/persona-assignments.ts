import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { type Persona, personas, type TimeWindow } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import {
  type CurrentPersonaFilter,
  currentPersonaFilter,
  type NewPersonaAssignment,
  newPersonaAssignment,
  type PersonaAssignmentFilter,
  type PopulationFilter,
  personaAssignmentFilter,
  populationFilter,
} from '../schema/persona-assignments.js'
import type { PersonaAssignment } from '../schema/rows.js'
import { decodeInstantCursor } from './instant-cursor.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'
import { together } from './together.js'

const columns = ['user_id', 'id', 'time_window', 'persona', 'reasons', 'assigned_at', 'created_at'] as const

/** How many people have a persona. */
export interface PersonaPopulation {
  persona: Persona
  users: number
}

/**
 * Records the persona that was found for a person in a window, and gives the assignment that is in force: a new row when
 * the persona changed, else the one that is there. With an `assigned_at` in the past the comparison is with what was in
 * force then, and later rows stay as they are.
 *
 * @throws {MissingReferenceError} The user does not exist.
 */
export async function assign(db: Db, assignment: NewPersonaAssignment): Promise<PersonaAssignment> {
  const input = parseInput(newPersonaAssignment, assignment, 'The persona assignment')
  const { user_id, time_window, persona, assigned_at, reasons } = input
  const unchanged = async (handle: Db) => {
    const inForce = await newest(handle, user_id, time_window, assigned_at).executeTakeFirst()
    return inForce?.persona === persona ? inForce : undefined
  }

  const before = await unchanged(db).catch(translateError)
  if (before !== undefined) return before
  return together(db, async (trx) => {
    // one assignment of a person at a time: what is in force is looked up once the lock is held
    await trx.selectFrom('finance.users').select('id').where('id', '=', user_id).forNoKeyUpdate().execute()
    return (
      (await unchanged(trx)) ??
      (await trx
        .insertInto('finance.persona_assignments')
        // `now()` is the start of the transaction, which may lie before a row that was waited for
        .values({ ...input, reasons: reasons ?? null, assigned_at: assigned_at ?? sql<Date>`clock_timestamp()` })
        .returning(columns)
        .executeTakeFirstOrThrow())
    )
  }).catch(translateError)
}

/**
 * The persona of a person in a window, of the last 30 days unless told otherwise; undefined when none was assigned. Walks
 * `persona_assignments_time_window_idx`.
 */
export async function current(
  db: Db,
  userId: string,
  timeWindow: TimeWindow = '30d',
): Promise<PersonaAssignment | undefined> {
  return newest(db, userId, timeWindow).executeTakeFirst().catch(translateError)
}

/** The persona of a person in each window that has one, the shortest window first. */
export async function currentOfEachWindow(db: Db, userId: string): Promise<PersonaAssignment[]> {
  return db
    .selectFrom(
      db
        .selectFrom('finance.persona_assignments')
        .select(columns)
        .distinctOn('time_window')
        .where('user_id', '=', userId)
        .orderBy('time_window')
        .orderBy('assigned_at', 'desc')
        .orderBy('id', 'desc')
        .as('newest'),
    )
    .select(columns)
    .orderBy(sql`rtrim(time_window, 'd')::int`)
    .execute()
    .catch(translateError)
}

/** Newest first. Walks `persona_assignments_time_window_idx` with a `time_window`; else sorts the few rows of the user. */
export async function list(
  db: Db,
  userId: string,
  filter: PersonaAssignmentFilter = {},
  request: PageRequest = {},
): Promise<Page<PersonaAssignment>> {
  const { time_window, persona, from, to } = parseInput(personaAssignmentFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.persona_assignments').select(columns).where('user_id', '=', userId)

  if (time_window !== undefined) query = query.where('time_window', '=', time_window)
  if (persona !== undefined) query = query.where('persona', '=', persona)
  if (from !== undefined) query = query.where('assigned_at', '>=', from)
  if (to !== undefined) query = query.where('assigned_at', '<', to)
  if (request.after !== undefined) {
    const [at, id] = decodeInstantCursor(request.after)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('assigned_at', 'id'), '<', tuple(at, id)))
  }

  const rows = await query
    .orderBy('assigned_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ assigned_at, id }) => [assigned_at.toISOString(), id])
}

/**
 * For operators: the persona of each user who has one in a window, now or at an instant, by user id. Walks
 * `persona_assignments_time_window_idx` for those of a page, past whoever has another `persona` than the one asked for.
 */
export async function currentByUser(
  db: Db,
  filter: CurrentPersonaFilter,
  request: PageRequest = {},
): Promise<Page<PersonaAssignment>> {
  const { persona, users, ...when } = parseInput(currentPersonaFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let newest = newestOfEach(db, when)
  if (users !== undefined) newest = newest.where('user_id', '=', sql<string>`any(${users}::uuid[])`)
  if (request.after !== undefined) {
    const [userId] = decodeCursor(request.after, z.tuple([z.guid()]))
    newest = newest.where('user_id', '>', userId)
  }
  let query = db.selectFrom(newest.select(columns).as('newest')).select(columns)
  if (persona !== undefined) query = query.where('persona', '=', persona)

  const rows = await query
    .orderBy('user_id')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows, limit, ({ user_id }) => [user_id])
}

/**
 * For operators: how many people have each persona in a window, now or at an instant. Every persona is there, in the order
 * in which they are matched. Reads the assignments of everybody.
 */
export async function population(db: Db, filter: PopulationFilter): Promise<PersonaPopulation[]> {
  const newest = newestOfEach(db, parseInput(populationFilter, filter, 'The filter')).select('persona')
  const counted = await db
    .selectFrom(newest.as('newest'))
    .select(['persona', sql<number>`count(*)::int`.as('users')])
    .groupBy('persona')
    .execute()
    .catch(translateError)
  const users = new Map(counted.map((row) => [row.persona, row.users]))
  return personas.map((persona) => ({ persona, users: users.get(persona) ?? 0 }))
}

function newestOfEach(db: Db, { time_window, at }: z.infer<typeof populationFilter>) {
  const query = db
    .selectFrom('finance.persona_assignments')
    .distinctOn('user_id')
    .where('time_window', '=', time_window)
    .orderBy('user_id')
    .orderBy('assigned_at', 'desc')
    .orderBy('id', 'desc')
  return at === undefined ? query : query.where('assigned_at', '<=', at)
}

function newest(db: Pick<Db, 'selectFrom'>, userId: string, timeWindow: TimeWindow, at?: Date) {
  const query = db
    .selectFrom('finance.persona_assignments')
    .select(columns)
    .where('user_id', '=', userId)
    .where('time_window', '=', timeWindow)
    .orderBy('assigned_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
  return at === undefined ? query : query.where('assigned_at', '<=', at)
}
