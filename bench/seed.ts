import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { copyLine } from '../src/seed/batch.js'
import { generate } from '../src/seed/generate.js'
import { seed } from '../src/seed/index.js'
import { createPlan } from '../src/seed/options.js'
import { rowsOf, type Table, tables } from '../src/seed/tables.js'
import { type Candidate, compare, timed } from './compare.js'
import { type Bench, freshDatabase } from './databases.js'

const run = promisify(execFile)
const until = '2025-12-31'
/** About, of someone with two years of money. */
const rowsEach = 1270

/** The seeder, which makes its rows up, against psql's \copy of the same rows from files. Then few people against many. */
export async function seedAgainstPsql(bench: Bench): Promise<void> {
  const many = Math.max(20, Math.min(2000, Math.floor(bench.rows / rowsEach)))
  await againstPsql(bench, Math.min(many, 200))
  await fewAgainstMany(bench, many)
}

async function againstPsql(bench: Bench, users: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'finance-db-bench-'))
  try {
    const transactions = await writeFiles(folder, users)
    const copies = (Object.keys(tables) as Table[]).flatMap((table) => [
      '-c',
      `\\copy finance.${table} (${tables[table].map(([name]) => name).join(', ')}) from '${join(folder, table)}'`,
    ])
    const psql: Candidate = async () => {
      await using database = await freshDatabase(bench)
      const ms = await timed(() => run('psql', [database.url, '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', ...copies]))
      await verify(database, transactions)
      return ms
    }
    const ours: Candidate = async () => {
      await using database = await freshDatabase(bench)
      const ms = await timed(() => seed(database.db, { users, until }))
      await verify(database, transactions)
      return ms
    }
    await compare({
      title: `${users} people with ${transactions.toLocaleString('en')} transactions`,
      rounds: 5,
      operations: transactions,
      reference: 'psql \\copy',
      candidates: { 'psql \\copy': psql, seed: ours },
      note: 'Target: seed at 0.5 of psql.',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** @returns How many transactions there are. */
async function writeFiles(folder: string, users: number): Promise<number> {
  const plan = createPlan({ users, until })
  const texts = new Map<Table, string>()
  let transactions = 0
  for (let place = 1; place <= users; place++) {
    for (const [table, fields] of rowsOf(plan, generate(plan, place))) {
      texts.set(table, (texts.get(table) ?? '') + copyLine(fields))
      if (table === 'transactions') transactions++
    }
  }
  for (const table of Object.keys(tables) as Table[]) {
    await using file = await open(join(folder, table), 'w')
    await file.writeFile(texts.get(table) ?? '')
  }
  return transactions
}

async function fewAgainstMany(bench: Bench, many: number): Promise<void> {
  for (const users of [Math.min(100, many), many]) {
    await using database = await freshDatabase(bench)
    const before = process.memoryUsage.rss()
    let most = before
    const ms = await timed(() =>
      seed(database.db, {
        users,
        until,
        onProgress: () => {
          most = Math.max(most, process.memoryUsage.rss())
        },
      }),
    )
    const each = (ms / users).toFixed(1)
    console.log(`${users} people: ${each} ms each, ${Math.round(most / 2 ** 20)} MB resident at most`)
  }
}

/** A fast seed of the wrong thing is no result. */
async function verify({ db }: Awaited<ReturnType<typeof freshDatabase>>, expected: number): Promise<void> {
  const { rows } = await sql<{ right: boolean }>`
    select (select count(*) = ${expected} from finance.transactions) and not exists (
      select from finance.accounts a
      where a.balance <> a.opening_balance + (
        select coalesce(sum(t.amount), 0) from finance.transactions t
        where t.user_id = a.user_id and t.account_id = a.id and t.status = 'posted')
    ) as right
  `.execute(db)
  if (rows[0]?.right !== true) throw new Error('the rows or the balances are not what they should be')
}
