import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import pg from 'pg'
import { provisionRoles, signScope, transactions, transfers } from '../src/index.js'
import { compare, repeat, timed } from './compare.js'
import { accountId, benchRows, createPeople, userId } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

const [people, accountsEach, reads, moves] = [200, 2, 500, 300]
const password = 'only for measuring'

/** What row-level security costs a query that walks an index, and what it costs a transfer that its triggers run as the owner. */
export async function roles(bench: Bench): Promise<void> {
  await using database = await freshDatabase(bench)
  const { db, url } = database
  await createPeople(db, people, accountsEach)
  await sql`update ${sql.table('finance.accounts')} set opening_balance = 1000000`.execute(db)
  await transactions.import(db, benchRows(Math.min(bench.rows, 100_000), people, accountsEach))
  await query(url, 'vacuum analyze')

  const key = { id: 'bench', secret: new Uint8Array(32).fill(7) }
  const names = { app: `bench_app_${process.pid}`, agent: `bench_agent_${process.pid}` }
  const given = { app: { name: names.app, password }, agent: { name: names.agent, password } }
  await provisionRoles(db, { roles: given, scopeKeys: [key] })
  const clients = {
    owner: await open(url),
    app: await open(as(url, names.app)),
    agent: await open(as(url, names.agent)),
  }
  try {
    await clients.agent.query('begin read only')
    const scope = signScope(key, 'agent', userId(3), new Date(Date.now() + 3_600_000))
    await clients.agent.query(`select set_config('finance_db.scope', $1, true)`, [scope])
    const list = {
      name: 'list',
      text: `select id, date, amount, merchant from finance.transactions where user_id = $1 order by date desc, id desc limit 50`,
      values: [userId(3)],
    }
    await compare({
      title: 'the newest 50 transactions of a person, one at a time',
      rounds: 15,
      operations: reads,
      reference: 'owner',
      candidates: Object.fromEntries(
        Object.entries(clients).map(([name, client]) => [
          name,
          () => timed(() => repeat(reads, 1, () => client.query(list))),
        ]),
      ),
    })
    await clients.agent.query('rollback')

    const transfer = (i: number) =>
      transfers.create(db, {
        user_id: userId(i % people),
        from_account_id: accountId(i % people, i % 2),
        to_account_id: accountId(i % people, 1 - (i % 2)),
        amount: '1.25',
        idempotency_key: randomUUID(),
      })
    await repeat(1000, 4, transfer)
    const run = (security: string) => async () => {
      for (const name of ['inserted', 'updated', 'deleted']) {
        await query(url, `alter function finance.post_${name}() security ${security}`)
      }
      await repeat(20, 4, transfer)
      return timed(() => repeat(moves, 4, transfer))
    }
    await compare({
      title: 'transfers, 4 at a time, by whom the balance is posted',
      rounds: 15,
      operations: moves,
      reference: 'the writer',
      candidates: { 'the writer': run('invoker'), 'the owner': run('definer') },
    })
  } finally {
    for (const client of Object.values(clients)) await client.end()
    await query(url, ...Object.values(names).flatMap((name) => [`drop owned by ${name}`, `drop role ${name}`]))
  }
}

function as(url: string, user: string): string {
  const changed = new URL(url)
  changed.username = user
  changed.password = encodeURIComponent(password)
  return changed.href
}

async function open(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  return client
}
