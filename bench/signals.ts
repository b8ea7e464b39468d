import { type Kysely, sql } from 'kysely'
import { signals, transactions } from '../src/index.js'
import type { Database } from '../src/schema/index.js'
import { compare, timed } from './compare.js'
import { type Bench, connect, freshDatabase, query } from './databases.js'
import { asOf, type BenchPeople, createBenchPeople } from './signals-data.js'
import { computeInNode } from './signals-node/compute.js'
import { byColumns, byRepository, type ReadPeople } from './signals-node/read.js'

const rowsEach = 1000

/** All signals in all windows, `rows` / 1,000 people with 1,000 transactions each. */
export async function signalsForMany(bench: Bench): Promise<void> {
  const people = Math.max(20, Math.floor(bench.rows / rowsEach))
  await using database = await freshDatabase(bench)
  const { db, url } = database
  const made = await createBenchPeople(db, people, rowsEach)
  await query(url, 'vacuum analyze', 'checkpoint')
  await using wide = connect(url)
  const force = { as_of: asOf, force: true }

  const inNode = (read: ReadPeople) => timed(() => computeInNode(wide, { ...force, read }))

  await compare({
    title: `all signals and windows of ${people.toLocaleString('en')} people with ${rowsEach} transactions each`,
    rounds: 5,
    operations: people,
    reference: 'set-based, two connections',
    candidates: {
      'set-based, two connections': () => timed(() => signals.compute(db, force)),
      'user by user, a pool of ten': () => timed(() => signals.compute(wide, { ...force, chunk: 1, connections: 10 })),
      'read rows by the repository, compute in Node': () => inNode(byRepository),
      'read columns by hand, compute in Node': () => inNode(byColumns),
      '1 % have new rows': async () => {
        await signals.compute(db, { as_of: asOf })
        await newRows(db, made)
        return timed(() => signals.compute(db, { as_of: asOf }))
      },
    },
    note: 'Targets: user by user at 0.56 (1 / 1.8), Node at 0.4 (1 / 2.5), 1 % at 10. The node baseline computes less.',
  })
  await memory(db, made)
}

async function newRows(db: Kysely<Database>, { users, accounts }: BenchPeople): Promise<void> {
  await transactions.createMany(
    db,
    Array.from({ length: Math.ceil(users.length / 100) }, (_, i) => ({
      user_id: users[i * 100] as string,
      account_id: accounts[i * 100]?.[0] as string,
      date: asOf,
      merchant: 'Corner shop',
      amount: '-1.00',
    })),
  )
}

/** What this process and the server's backends hold more of after the whole population than after a tenth. */
async function memory(db: Kysely<Database>, { users }: BenchPeople): Promise<void> {
  const peak = async (some: readonly string[]) => {
    globalThis.gc?.()
    let most = 0
    await signals.compute(db, {
      as_of: asOf,
      force: true,
      users: [...some],
      onProgress: () => {
        most = Math.max(most, process.memoryUsage().heapUsed)
      },
    })
    return most / 2 ** 20
  }
  const tenth = await peak(users.slice(0, Math.ceil(users.length / 10)))
  const all = await peak(users)
  const { rows } = await sql<{ mb: number }>`
    select (sum(total_bytes) / 1048576)::int as mb from pg_backend_memory_contexts`.execute(db)
  console.log(
    `Heap of Node at most ${tenth.toFixed(0)} MB for a tenth of them and ${all.toFixed(0)} MB for all; a backend holds ${rows[0]?.mb} MB after it.`,
  )
}
