import Table from 'cli-table3'
import { transactions, transferMatches } from '../src/index.js'
import { timed } from './compare.js'
import { type Bench, freshDatabase, query } from './databases.js'
import { asOf, createBenchPeople } from './signals-data.js'
import { attacks, createShape, lives, rates, type Shape } from './transfer-matches-data.js'

const rowsEach = 1000
const year = { from: '2025-07-01', to: asOf }

/** What matching costs a person by the number of people, `rows` / 1,000 of them at most, and what hard people cost. */
export async function matchTransfersOf(bench: Bench): Promise<void> {
  const sizes = [20, 200, Math.floor(bench.rows / rowsEach)].filter(
    (size, i, all) => i === 0 || size > (all[i - 1] as number),
  )
  await byNumberOfPeople(bench, sizes)
  await hardPeople(bench, 'lives', lives)
  await hardPeople(bench, 'attacks', attacks)
}

async function byNumberOfPeople(bench: Bench, sizes: readonly number[]): Promise<void> {
  const table = new Table({
    head: ['people', 'matches', 'first run, ms each', 'nothing new', '1 % have new rows, the last 14 days', 'heap, MB'],
    colAligns: ['right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  for (const size of sizes) {
    await using database = await freshDatabase(bench)
    const { db, url } = database
    const made = await createBenchPeople(db, size, rowsEach)
    await query(url, 'vacuum analyze', 'checkpoint')
    let found = { automatic: 0, suggested: 0 }
    const [first, heap] = await withHeap(async () => {
      found = await transferMatches.find(db, year)
    })
    const again = await timed(() => transferMatches.find(db, year))
    await transactions.createMany(
      db,
      Array.from({ length: Math.ceil(size / 100) }, (_, i) => i * 100).flatMap((i) =>
        (['-77.77', '77.77'] as const).map((amount, side) => ({
          user_id: made.users[i] as string,
          account_id: made.accounts[i]?.[side] as string,
          date: asOf,
          merchant: 'Transfer',
          amount,
        })),
      ),
    )
    const late = await timed(() => transferMatches.find(db, { from: '2026-06-17', to: asOf }))
    table.push([
      size.toLocaleString('en'),
      found.automatic + found.suggested,
      ...[first, again, late].map((ms) => (ms / size).toFixed(2)),
      heap.toFixed(0),
    ])
  }
  console.log(`\ntransferMatches.find, ${rowsEach} rows of a year each, two connections\n${table.toString()}`)
}

async function hardPeople(bench: Bench, name: string, shapes: readonly Shape[]): Promise<void> {
  const table = new Table({
    head: [name, 'rows', 'automatic, suggested', 'first run, ms', 'again', 'heap, MB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  })
  await using database = await freshDatabase(bench)
  const { db, url } = database
  for (const shape of shapes) {
    const { user_id, count } = await createShape(db, shape)
    await query(url, 'vacuum analyze', 'checkpoint')
    const options = { users: [user_id], from: '2016-01-01', to: asOf, rates }
    let found = { automatic: 0, suggested: 0 }
    const [first, heap] = await withHeap(async () => {
      found = await transferMatches.find(db, options)
    })
    const again = await timed(() => transferMatches.find(db, options))
    table.push([
      shape.name,
      count.toLocaleString('en'),
      `${found.automatic}, ${found.suggested}`,
      first.toFixed(0),
      again.toFixed(0),
      heap.toFixed(0),
    ])
    if (process.stderr.isTTY) process.stderr.write(`\r${shape.name}\x1b[K`)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  console.log(`\nOne person each\n${table.toString()}`)
}

/** Milliseconds, and the most that the heap of this process had grown by, garbage included. */
async function withHeap(run: () => Promise<unknown>): Promise<[ms: number, mb: number]> {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  let most = before
  const sample = () => {
    most = Math.max(most, process.memoryUsage().heapUsed)
  }
  const timer = setInterval(sample, 5)
  try {
    const ms = await timed(run)
    sample()
    return [ms, (most - before) / 2 ** 20]
  } finally {
    clearInterval(timer)
  }
}
