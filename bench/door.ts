import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { createReadOnlyDb } from '../src/readonly/index.js'
import { provisionRoles } from '../src/roles/index.js'
import { compare, repeat, timed } from './compare.js'
import { createPeople, userId } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

/** A small query through the read-only door against the same on a plain pool. */
export async function door(bench: Bench): Promise<void> {
  await using database = await freshDatabase(bench)
  await createPeople(database.db, 20, 2)
  const role = `bench_${randomBytes(4).toString('hex')}`
  const url = new URL(database.url)
  url.username = role
  url.password = `only-for-${role}`
  await provisionRoles(database.db, { roles: { analyst: { name: role, password: `only-for-${role}` } } })
  const pool = new pg.Pool({ connectionString: url.href, max: 4 })
  const [guarded, plain] = (['on', 'off'] as const).map((guard) =>
    createReadOnlyDb({ connectionString: url.href, guard, allowExitOnIdle: true }, {}),
  )
  const text = 'select name, balance from finance.accounts where user_id = $1'
  const params = [userId(0)]
  const operations = 100
  try {
    await compare({
      title: 'a small query, one at a time',
      rounds: 31,
      operations,
      reference: 'pool.query',
      candidates: {
        'pool.query': () => timed(() => repeat(operations, 1, () => pool.query(text, params))),
        'door, guard off': () =>
          timed(() => repeat(operations, 1, () => plain?.query(text, { params }) ?? Promise.reject())),
        'door, guard on': () =>
          timed(() => repeat(operations, 1, () => guarded?.query(text, { params }) ?? Promise.reject())),
      },
      note: 'Target: at most two more round trips.',
    })
  } finally {
    await pool.end()
    await plain?.destroy()
    await guarded?.destroy()
    await query(database.url, `drop owned by ${role}`, `drop role ${role}`)
  }
}
