import { sql } from 'kysely'
import type { Db } from '../schema/database.js'
import type { TimeWindow } from '../schema/enums.js'
import { evidenceDays } from './streams.js'

/** Counts up when the same rows give other signals, so that those of an older version are computed again. */
const rulesVersion = 8

export interface Inputs {
  readonly user_id: string
  readonly inputs: string
  readonly known: boolean
}

/** What the signals of a person follow from, in short, and whether it is what all windows were computed from. */
export async function readInputs(db: Db, people: readonly string[], asOf: string, windows: readonly TimeWindow[]) {
  const ids = sql`${people}::uuid[]`
  // milliseconds, as exact as the columns are, summed up: an older row that is committed late counts too
  const changes = sql`count(*) || '.' || sum((date_part('epoch', updated_at) * 1000)::int8)`
  const { rows } = await sql<Inputs>`
    with t as (
      select user_id, ${changes} as state from ${sql.table('finance.transactions')}
      where user_id = any(${ids}) and date > ${asOf}::date - ${sql.lit(evidenceDays)}
      group by 1
    ),
    a as (
      select user_id, ${changes} as state from ${sql.table('finance.accounts')} where user_id = any(${ids}) group by 1
    ),
    m as (
      select user_id, ${changes} as state from ${sql.table('finance.transfer_matches')} where user_id = any(${ids}) group by 1
    ),
    s as (
      select user_id, count(*) as windows, min(inputs) as least, max(inputs) as most
      from ${sql.table('finance.signal_states')}
      where user_id = any(${ids}) and as_of = ${asOf}::date and time_window = any(${windows}::text[])
      group by 1
    ),
    now as (
      select u.id as user_id,
        concat_ws(' ', ${sql.lit(rulesVersion)}, coalesce(t.state, '-'), coalesce(a.state, '-'), coalesce(m.state, '-')) as inputs
      from unnest(${ids}) as u (id)
      left join t on t.user_id = u.id
      left join a on a.user_id = u.id
      left join m on m.user_id = u.id
    )
    select now.user_id, now.inputs,
      coalesce(s.windows = ${windows.length}::int and s.least = now.inputs and s.most = now.inputs, false) as known
    from now left join s using (user_id)
    order by now.user_id`.execute(db)
  return rows
}

/** Until the next run: what the signals that were written follow from. */
export async function remember(db: Db, people: readonly Inputs[], asOf: string, windows: readonly TimeWindow[]) {
  await sql`
    insert into ${sql.table('finance.signal_states')} (user_id, time_window, as_of, inputs)
    select u.id, w.time_window, ${asOf}::date, u.inputs
    from unnest(${people.map(({ user_id }) => user_id)}::uuid[], ${people.map(({ inputs }) => inputs)}::text[]) as u (id, inputs)
    cross join unnest(${windows}::text[]) as w (time_window)
    order by u.id, w.time_window
    on conflict (user_id, time_window) do update
      set as_of = excluded.as_of, inputs = excluded.inputs, computed_at = now()`.execute(db)
}
