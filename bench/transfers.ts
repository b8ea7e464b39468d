import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import pg from 'pg'
import { createFinanceDb, transactions, transfers } from '../src/index.js'
import { compare, repeat, timed } from './compare.js'
import { accountId, benchRows, createPeople, userId } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

const [people, accountsEach, parallel, moves] = [200, 2, 16, 400]

/** A transfer in one round trip against the same in separate statements over pg: the same tables, triggers and rules. */
export async function transfersAgainstStatements(bench: Bench): Promise<void> {
  await using database = await freshDatabase(bench)
  await createPeople(database.db, people, accountsEach)
  await sql`update ${sql.table('finance.accounts')} set opening_balance = 1000000`.execute(database.db)
  await transactions.import(database.db, benchRows(Math.min(bench.rows, 100_000), people, accountsEach))
  await query(database.url, 'vacuum analyze')
  const pool = new pg.Pool({ connectionString: database.url, max: parallel })
  const db = createFinanceDb({ connectionString: database.url, poolSize: parallel, maxOverflow: 0 }, {})
  const move = transfers.inBatches(db)
  const [ours, together, theirs, tuned] = [
    (person: number, way: number) => transfers.create(db, { ...request(person, way), idempotency_key: randomUUID() }),
    (person: number, way: number) => move({ ...request(person, way), idempotency_key: randomUUID() }),
    (person: number, way: number) => bySeparateStatements(pool, request(person, way)),
    (person: number, way: number) => byFewStatements(pool, request(person, way)),
  ]
  try {
    // Plans of a table that was never analysed are cached for the session, and are bad once it has grown.
    await repeat(2000, parallel, (i) => ours(i % people, i % 2))
    await repeat(2000, parallel, (i) => together(i % people, i % 2))
    await query(database.url, 'vacuum analyze')
    for (const [title, personOf] of [
      [`transfers of ${people} people, ${parallel} at a time`, (i: number) => i % people],
      [`transfers that share both accounts, ${parallel} at a time`, () => 0],
    ] as const) {
      await compare({
        title,
        rounds: 15,
        operations: moves,
        reference: 'separate statements',
        candidates: {
          'separate statements': () => timed(() => repeat(moves, parallel, (i) => theirs(personOf(i), i % 2))),
          'as few statements as can be': () => timed(() => repeat(moves, parallel, (i) => tuned(personOf(i), i % 2))),
          'transfers.create': () => timed(() => repeat(moves, parallel, (i) => ours(personOf(i), i % 2))),
          'transfers.inBatches': () => timed(() => repeat(moves, parallel, (i) => together(personOf(i), i % 2))),
        },
        note: 'Target: 2.5.',
      })
    }
  } finally {
    await db.destroy()
    await pool.end()
  }
}

function request(person: number, way: number) {
  return {
    user_id: userId(person),
    from_account_id: accountId(person, way),
    to_account_id: accountId(person, 1 - way),
    amount: '1.25',
  }
}

type Request = ReturnType<typeof request>

const lock = `select id, currency, status, available >= $3::numeric as enough from finance.accounts
  where user_id = $1 and id = any ($2) order by id for no key update`
const insertTransfer = `insert into finance.transfers
    (user_id, from_account_id, from_amount, from_currency, to_account_id, to_amount, to_currency, date, status, idempotency_key)
  values ($1, $2, $3, 'USD', $4, $3, 'USD', current_date, 'completed', $5)
  returning *`
const insertSide = `insert into finance.transactions
    (user_id, account_id, date, merchant, amount, currency, category, source, transfer_id)
  values ($1, $2, current_date, 'Transfer', $3, 'USD', 'transfer', 'transfer', $4)`

/** As it is usually written: is the key known, lock one account, lock the other, the transfer, its two sides. 8 round trips. */
async function bySeparateStatements(pool: pg.Pool, { user_id, from_account_id, to_account_id, amount }: Request) {
  await inTransaction(pool, async (client) => {
    const key = randomUUID()
    const known = await client.query('select * from finance.transfers where user_id = $1 and idempotency_key = $2', [
      user_id,
      key,
    ])
    if (known.rows.length > 0) return
    const accounts = []
    for (const id of [from_account_id, to_account_id].sort()) {
      accounts.push(...(await client.query(lock, [user_id, [id], amount])).rows)
    }
    await writeAll(client, { user_id, from_account_id, to_account_id, amount }, accounts, key)
  })
}

/** With both locks in one statement, and the unique key to refuse what is known. 6 round trips. */
async function byFewStatements(pool: pg.Pool, transfer: Request) {
  await inTransaction(pool, async (client) => {
    const { user_id, from_account_id, to_account_id, amount } = transfer
    const { rows } = await client.query(lock, [user_id, [from_account_id, to_account_id], amount])
    await writeAll(client, transfer, rows, randomUUID())
  })
}

async function writeAll(client: pg.PoolClient, transfer: Request, accounts: Locked[], key: string): Promise<void> {
  const { user_id, from_account_id, to_account_id, amount } = transfer
  const from = accounts.find(({ id }) => id === from_account_id)
  if (accounts.length !== 2 || from?.enough !== true || accounts.some(({ status }) => status !== 'active')) {
    throw new Error('the transfer is refused')
  }
  const { rows } = await client.query(insertTransfer, [user_id, from_account_id, amount, to_account_id, key])
  await client.query(insertSide, [user_id, from_account_id, `-${amount}`, rows[0].id])
  await client.query(insertSide, [user_id, to_account_id, amount, rows[0].id])
}

interface Locked {
  id: string
  status: string
  enough: boolean
}

async function inTransaction(pool: pg.Pool, run: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await run(client)
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.release()
  }
}
