import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { type TimeWindow, timeWindows } from '../schema/enums.js'
import { parseInput } from '../schema/input.js'
import type { InputOf } from '../schema/input-of.js'
import { type PersonaRule, personaRules } from '../schema/persona-rules.js'
import { day, uuid } from '../schema/values.js'
import { transaction } from '../transaction.js'
import { compileRules, defaultRules } from './persona-rules.js'
import { inChunks, lockPeople } from './user-chunks.js'

export { defaultRules }

const assignOptionsFields = {
  /** The day that the signals were computed for. */
  as_of: day,
  /** All of them when left out. */
  windows: z.array(z.enum(timeWindows)).min(1).optional(),
  /** Everybody when left out. */
  users: z.array(uuid).optional(),
  /** {@link defaultRules} when left out. The first that matches wins; who matches none is `general_wellness`. */
  rules: personaRules.optional(),
  /** How many connections to use, 2 when left out. Inside a transaction there is one. */
  connections: z.int().min(1).max(64).optional(),
  /** How many people a transaction is for at most, 1000 when left out. Fewer where that parts them evenly among the connections. */
  chunk: z.int().min(1).max(10_000).optional(),
}

/** What {@link assign} does. */
export const assignOptions = z.strictObject(assignOptionsFields)

export interface AssignOptions extends Omit<InputOf<typeof assignOptionsFields>, 'rules'> {
  readonly rules?: readonly PersonaRule[] | undefined
  /** Called after each chunk. What it throws stops the run. */
  readonly onProgress?: ((progress: { readonly users: number; readonly of: number }) => void) | undefined
  /** Stops the run between two chunks, with the signal's reason. What was done stays. */
  readonly signal?: AbortSignal | undefined
}

export interface AssignResult {
  /** Judged: a person and a window with signals of the day. */
  readonly judged: number
  /** Assignments written, because the persona changed or was the first. */
  readonly assigned: number
  /** Assignments that stay in force and have new `reasons`, those of this day. */
  readonly refreshed: number
}

/**
 * Judges people by their signals of a day and writes a `persona_assignments` row where the persona is another than the one
 * in force, with the rules that were tried and the numbers that decided in `reasons`. Where the persona stays, so does the row
 * with its `assigned_at`, and its `reasons` become those of the day; those of someone who assigned it by hand stay. Read them
 * by `personaAssignments`.
 *
 * Who has no signals of that day (`signals.compute` was not run for it) is passed over. Set-based, in chunks of people, each
 * in a transaction of its own; run again, it writes nothing new.
 *
 * @throws {InvalidInputError} Before anything is written.
 */
export async function assign(db: Db, { onProgress, signal, ...options }: AssignOptions): Promise<AssignResult> {
  const input = parseInput(assignOptions, options, 'The options')
  const { as_of, windows = [...timeWindows], users, rules = defaultRules, connections, chunk = 1000 } = input
  const result = { judged: 0, assigned: 0, refreshed: 0 }
  let looked = 0
  await inChunks(db, { users, connections, chunk, signal }, async (people, of) => {
    const { judged, assigned, refreshed } = await transaction(db, (trx) =>
      assignChunk(trx, people, as_of, windows, rules),
    )
    result.judged += judged
    result.assigned += assigned
    result.refreshed += refreshed
    looked += people.length
    onProgress?.({ users: looked, of })
  }).catch(translateError)
  return result
}

async function assignChunk(
  db: Db,
  people: readonly string[],
  asOf: string,
  windows: readonly TimeWindow[],
  rules: readonly PersonaRule[],
): Promise<AssignResult> {
  // as `personaAssignments.assign` does: what is in force is looked up once the locks are held
  const ids = sql`${await lockPeople(db, people, 'no key update')}::uuid[]`
  const assignments = sql.table('finance.persona_assignments')
  const compiled = compileRules(rules)
  const { rows } = await sql<AssignResult>`
    with s as materialized (
      select w.user_id, w.time_window,
        coalesce(jsonb_object_agg(f.signal_type, f.signal_value) filter (where f.signal_type is not null), '{}') as signals,
        coalesce(jsonb_agg(f.signal_value order by f.signal_type) filter (where starts_with(f.signal_type, 'credit_utilization_')), '[]')
          as cards
      from ${sql.table('finance.signal_states')} w
      left join ${sql.table('finance.computed_features')} f on f.user_id = w.user_id and f.time_window = w.time_window
      where w.user_id = any(${ids}) and w.time_window = any(${windows}::text[]) and w.as_of = ${asOf}::date
      group by 1, 2
    ),
    judged as materialized (
      select user_id, time_window, place, (${compiled.personas})[place] as persona,
        jsonb_build_object('as_of', ${asOf}::text,
          'rules', jsonb_path_query_array(rules, '$[0 to $last]', jsonb_build_object('last', place - 1))) as reasons
      from (select s.user_id, s.time_window, ${compiled.first} as place, ${compiled.reasons} as rules from s) s
    ),
    in_force as (
      select distinct on (user_id, time_window) user_id, id, time_window, persona, reasons
      from ${assignments}
      where user_id = any(${ids})
      order by user_id, time_window, assigned_at desc, id desc
    ),
    assigned as (
      insert into ${assignments} (user_id, time_window, persona, reasons, assigned_at)
      select j.user_id, j.time_window, j.persona, j.reasons, clock_timestamp()
      from judged j
      left join in_force i on i.user_id = j.user_id and i.time_window = j.time_window
      where i.persona is distinct from j.persona
      order by j.user_id, j.time_window
      returning 1
    ),
    refreshed as (
      update ${assignments} a set reasons = j.reasons
      from in_force i
      join judged j on j.user_id = i.user_id and j.time_window = i.time_window and j.persona = i.persona
      where a.user_id = i.user_id and a.id = i.id and i.reasons <> j.reasons
      returning 1
    )
    select (select count(*) from judged)::int as judged, (select count(*) from assigned)::int as assigned,
      (select count(*) from refreshed)::int as refreshed`.execute(db)
  return rows[0] ?? { judged: 0, assigned: 0, refreshed: 0 }
}
