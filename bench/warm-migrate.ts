import { sql } from 'kysely'
import { migrate } from '../src/index.js'
import { compare, repeat, timed } from './compare.js'
import { type Bench, freshDatabase } from './databases.js'

/** What `migrate()` costs at each start of a service whose database is up to date, against the least a query can. */
export async function warmMigrate(bench: Bench): Promise<void> {
  await using database = await freshDatabase(bench)
  const { db } = database
  const count = 200
  await compare({
    title: 'migrate() of a database that is up to date',
    rounds: 15,
    operations: count,
    reference: 'select 1',
    candidates: {
      'select 1': () => timed(() => repeat(count, 1, () => sql`select 1`.execute(db))),
      'migrate(db)': () => timed(() => repeat(count, 1, () => migrate(db))),
    },
    note: 'Target: one round trip. What it takes above `select 1` is its own query, which reads the history.',
  })
}
