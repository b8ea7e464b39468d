import { type Kysely, sql } from 'kysely'
import { transaction } from '../../src/index.js'
import { timeWindows } from '../../src/schema/enums.js'
import type { Database } from '../../src/schema/index.js'
import { readInputs, remember } from '../../src/signals/signal-states.js'
import { inChunks } from '../../src/signals/user-chunks.js'
import { dayOf } from './calendar.js'
import { type Feature, featuresOf } from './families.js'
import { readMovements } from './movements.js'
import type { ReadPeople } from './read.js'

export interface InNode {
  readonly as_of: string
  readonly read: ReadPeople
  /** Everybody when left out. */
  readonly users?: readonly string[] | undefined
  readonly connections?: number | undefined
  /** Compute also who has nothing new. */
  readonly force?: boolean | undefined
}

/** How many people are read and written at a time. */
const chunk = 25

/**
 * What `signals.compute` does, as a host would without it: rows are read, everything is computed in JavaScript, and the same
 * is written. `tests/signals/in-node.test.ts` shows that it is the same.
 */
export async function computeInNode(db: Kysely<Database>, options: InNode): Promise<void> {
  const { as_of, read, users, connections = 2, force = false } = options
  await inChunks(db, { users, connections, chunk, signal: undefined }, async (people) => {
    const inputs = await readInputs(db, people, as_of, timeWindows)
    const stale = inputs.filter(({ known }) => force || !known)
    if (stale.length === 0) return
    const ids = stale.map(({ user_id }) => user_id)
    const asOf = dayOf(as_of)
    const features: Written[] = []
    for await (const person of read(db, ids, as_of)) {
      const { user_id } = person
      for (const feature of featuresOf(readMovements(person, asOf), asOf)) features.push({ user_id, ...feature })
    }
    await transaction(db, async (trx) => {
      await write(trx, ids, features)
      await remember(trx, stale, as_of, timeWindows)
    })
  })
}

interface Written extends Feature {
  readonly user_id: string
}

async function write(db: Kysely<Database>, people: readonly string[], features: readonly Written[]) {
  await sql`
    with given as materialized (
      select * from json_to_recordset(${JSON.stringify(features)}::text::json) as g (
        user_id uuid, time_window text, signal_type text, signal_value jsonb)
    ),
    removed as (
      delete from finance.computed_features f
      where f.user_id = any(${people}::uuid[])
        and (f.signal_type in ('subscription', 'savings_behavior', 'income_stability')
          or f.signal_type ~ '^credit_utilization_[0-9a-f-]{36}$')
        and (f.user_id, f.time_window, f.signal_type) not in (select user_id, time_window, signal_type from given)
    )
    insert into finance.computed_features (user_id, time_window, signal_type, signal_value)
    select user_id, time_window, signal_type, signal_value from given
    order by user_id, time_window, signal_type
    on conflict (user_id, time_window, signal_type) do update
      set signal_value = excluded.signal_value, computed_at = now()`.execute(db)
}
