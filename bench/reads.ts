import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createFinanceDb, type Page, type Transaction, transactions } from '../src/index.js'
import type { Database } from '../src/schema/index.js'
import { compare, repeat, timed } from './compare.js'
import { benchRows, createPeople, userId } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

const person = userId(0)
const deepRow = 900_000

/** Point reads and list pages against pg and stock Kysely, and the first page against a deep one. */
export async function reads(bench: Bench): Promise<void> {
  const depth = Math.min(deepRow, Math.floor(bench.rows * 0.9))
  await using database = await freshDatabase(bench)
  const { db, url } = database
  await createPeople(db, 1, 4)
  await transactions.import(db, benchRows(bench.rows, 1, 4))
  await query(url, 'vacuum analyze finance.transactions', 'checkpoint')

  const pool = new pg.Pool({ connectionString: url, max: 10 })
  const stock = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })
  try {
    const ids = await someIds(db, 2000)
    const one = (i: number) => ids[i % ids.length] as string
    const [getText] = await statements(url, (spied) => transactions.get(spied, person, one(0)))
    const [listText] = await statements(url, (spied) => transactions.list(spied, person))
    // Short runs and many rounds: neighbours in time see the same machine.
    const [reading, paging] = [250, 60]
    const parallel = 8

    await compare({
      title: `point read of ${bench.rows.toLocaleString('en')} rows, ${parallel} at a time`,
      rounds: 101,
      operations: reading,
      reference: 'pool.query, unnamed',
      candidates: {
        'pool.query, unnamed': () =>
          timed(() => repeat(reading, parallel, (i) => pool.query(getText, [person, one(i)]))),
        'transactions.get': () => timed(() => repeat(reading, parallel, (i) => transactions.get(db, person, one(i)))),
        '… on stock Kysely': () =>
          timed(() => repeat(reading, parallel, (i) => transactions.get(stock, person, one(i)))),
      },
      note: 'Target: transactions.get at 1 of unnamed pg.',
    })
    await compare({
      title: `list page of 50, ${parallel} at a time`,
      rounds: 101,
      operations: paging,
      reference: 'pool.query, unnamed',
      candidates: {
        'pool.query, unnamed': () => timed(() => repeat(paging, parallel, () => pool.query(listText, [person, 51]))),
        'transactions.list': () => timed(() => repeat(paging, parallel, () => transactions.list(db, person))),
        '… on stock Kysely': () => timed(() => repeat(paging, parallel, () => transactions.list(stock, person))),
      },
      note: 'Target: transactions.list at 1 of unnamed pg.',
    })

    const after = await cursorAt(db, depth)
    const page = (request: { after?: string }) => () =>
      timed(() => repeat(paging, 1, () => transactions.list(db, person, {}, request)))
    await compare({
      title: `a page of 50, first against ${depth.toLocaleString('en')} rows deep`,
      rounds: 101,
      operations: paging,
      reference: 'first page',
      candidates: { 'first page': page({}), 'deep page': page({ after }) },
      note: 'Target: the deep page at 0.77 of the first (a ratio of 1.3).',
    })
  } finally {
    await pool.end()
  }
}

async function someIds(db: Kysely<Database>, count: number): Promise<string[]> {
  const rows = await db.selectFrom('finance.transactions').select('id').orderBy('external_id').limit(count).execute()
  return rows.map(({ id }) => id)
}

/** What a call of the library sends, so that pg is measured with the same text. */
async function statements(
  url: string,
  call: (db: Kysely<Database>) => Promise<unknown>,
): Promise<[string, ...string[]]> {
  const texts: string[] = []
  const spied = createFinanceDb({ connectionString: url, log: ({ sql }) => texts.push(sql) }, {})
  await call(spied).finally(() => spied.destroy())
  return texts as [string, ...string[]]
}

/** Walks there page by page, as a caller would. */
async function cursorAt(db: Kysely<Database>, depth: number): Promise<string> {
  let after: string | undefined
  for (let rows = 0; rows < depth; ) {
    const page: Page<Transaction> = await transactions.list(
      db,
      person,
      {},
      { limit: 1000, ...(after !== undefined && { after }) },
    )
    rows += page.rows.length
    after = page.next as string
  }
  return after as string
}
