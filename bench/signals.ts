import { deepStrictEqual } from 'node:assert/strict'
import { type Kysely, sql } from 'kysely'
import { signals, transactions } from '../src/index.js'
import type { Database } from '../src/schema/index.js'
import { seed } from '../src/seed/index.js'
import { type Candidate, compare, timed } from './compare.js'
import { type Bench, connect, freshDatabase, query } from './databases.js'
import { processorTime } from './processor-time.js'
import { asOf, type BenchPeople, createBenchPeople } from './signals-data.js'
import { computeInNode } from './signals-node/compute.js'
import { byColumns, byRepository, type ReadPeople } from './signals-node/read.js'
import { writtenSignals } from './signals-node/written.js'

const rowsEach = 1000

/** All signals in all windows, `rows` / 1,000 people: made up with 1,000 transactions each, then a fifth as many of the seeder's. */
export async function signalsForMany(bench: Bench): Promise<void> {
  const people = Math.max(20, Math.floor(bench.rows / rowsEach))
  await ofMadeUp(bench, people)
  await ofSeeded(bench, Math.max(20, Math.floor(people / 5)))
}

async function ofMadeUp(bench: Bench, people: number): Promise<void> {
  await using database = await freshDatabase(bench)
  const { db, url } = database
  const made = await createBenchPeople(db, people, rowsEach)
  await query(url, 'vacuum analyze', 'checkpoint')
  await using wide = connect(url)
  const ways = waysOf(db, wide)
  await mustBeEqual(db, made.users.slice(0, 20))

  await compare({
    title: `all signals and windows of ${people.toLocaleString('en')} people with ${rowsEach} transactions each`,
    rounds: 5,
    operations: people,
    reference: 'set-based, two connections',
    candidates: {
      ...timedEach(ways),
      'user by user, a pool of ten': () =>
        timed(() => signals.compute(wide, { as_of: asOf, force: true, chunk: 1, connections: 10 })),
      '1 % have new rows': async () => {
        await signals.compute(db, { as_of: asOf })
        await newRows(db, made)
        return timed(() => signals.compute(db, { as_of: asOf }))
      },
    },
    note: 'Targets: user by user at 0.56 (1 / 1.8), Node at 0.4 (1 / 2.5), 1 % at 10. Node writes the same signals.',
  })

  for (const [name, run] of Object.entries(ways)) {
    const { node, server } = await processorTime(wide, run)
    const each = (time: number) => (time / people / rowsEach).toFixed(1)
    console.log(`Processor time of a row, ${name}: ${each(node)} µs in Node, ${each(server)} in the server.`)
  }
  await memory(db, made)
}

/** Two years of money, with its names, accounts and categories in the seeder's proportions. */
async function ofSeeded(bench: Bench, people: number): Promise<void> {
  await using database = await freshDatabase(bench)
  const { db, url } = database
  const { userIds, transactions: rows } = await seed(db, { users: people, seed: 1, until: asOf })
  await query(url, 'vacuum analyze', 'checkpoint')
  await using wide = connect(url)
  await mustBeEqual(db, userIds.slice(0, 20))

  await compare({
    title: `all signals and windows of ${people.toLocaleString('en')} seeded people with ${Math.round(rows / people).toLocaleString('en')} transactions each`,
    rounds: 5,
    operations: people,
    reference: 'set-based, two connections',
    candidates: timedEach(waysOf(db, wide)),
  })
}

/** The ways to compute all signals of everybody anew that write the same. */
function waysOf(db: Kysely<Database>, wide: Kysely<Database>) {
  const inNode = (read: ReadPeople) => computeInNode(wide, { as_of: asOf, force: true, read, connections: 3 })
  return {
    'set-based, two connections': () => signals.compute(db, { as_of: asOf, force: true }),
    'read rows by the repository, compute in Node': () => inNode(byRepository),
    'read columns by hand, compute in Node': () => inNode(byColumns),
  }
}

function timedEach(ways: Readonly<Record<string, () => Promise<unknown>>>): Record<string, Candidate> {
  return Object.fromEntries(Object.entries(ways).map(([name, run]) => [name, () => timed(run)]))
}

/** Stops where the two ways do not write the same. */
async function mustBeEqual(db: Kysely<Database>, users: readonly string[]): Promise<void> {
  const options = { as_of: asOf, users: [...users], force: true }
  await signals.compute(db, options)
  const expected = await writtenSignals(db)
  for (const read of [byRepository, byColumns]) {
    await db.deleteFrom('finance.computed_features').execute()
    await computeInNode(db, { ...options, read })
    deepStrictEqual(await writtenSignals(db), expected)
  }
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
