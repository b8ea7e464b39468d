import { sql } from 'kysely'
import { transactions } from '../src/index.js'
import { type Candidate, compare, repeat, timed } from './compare.js'
import { accountId, benchRows, createPeople, userId } from './data.js'
import { type Bench, freshDatabase, query } from './databases.js'

const [people, accountsEach] = [1000, 2]

const off = [
  'drop trigger transactions_audit_insert on finance.transactions',
  'drop trigger transactions_audit_update on finance.transactions',
]
const unsealed = ['drop trigger audit_log_seal on finance.audit_log']

const variants: Readonly<Record<string, readonly string[]>> = {
  'not audited': off,
  'audited, not sealed': unsealed,
  'audited and sealed (ours)': [],
}

/** What the audit log costs: on an import, on a transaction by itself, and on changing the texts of many rows at once. */
export async function audit(bench: Bench): Promise<void> {
  const count = Math.min(bench.rows, 150_000)
  await using empty = await freshDatabase(bench)
  await createPeople(empty.db, people, accountsEach)
  await empty.close()

  await compare({
    title: `import of ${count.toLocaleString('en')} rows into ${people * accountsEach} accounts of ${people} people`,
    rounds: 5,
    operations: count,
    reference: 'not audited',
    candidates: variantsOf(empty.name, ({ db }) => transactions.import(db, benchRows(count, people, accountsEach))),
  })

  const singles = 2000
  for (const parallel of [1, 8]) {
    await compare({
      title: `${singles} transactions, each by itself, ${parallel} at a time`,
      rounds: 5,
      operations: singles,
      reference: 'not audited',
      candidates: variantsOf(empty.name, ({ db }) =>
        repeat(singles, parallel, (i) =>
          transactions.create(db, {
            user_id: userId(i % people),
            account_id: accountId(i % people, 0),
            date: '2026-03-01',
            merchant: 'Corner shop',
            amount: '-12.50',
          }),
        ),
      ),
    })
  }

  const changed = Math.min(count, 50_000)
  await using full = await freshDatabase(bench)
  await createPeople(full.db, people, accountsEach)
  await transactions.import(full.db, benchRows(changed, people, accountsEach))
  await full.close()
  await compare({
    title: `another category for ${changed.toLocaleString('en')} rows in one statement`,
    rounds: 5,
    operations: changed,
    reference: 'not audited',
    candidates: variantsOf(full.name, ({ db }) => sql`update finance.transactions set category = 'other'`.execute(db)),
  })

  type Opened = Awaited<ReturnType<typeof freshDatabase>>

  function variantsOf(template: string, run: (database: Opened) => Promise<unknown>): Record<string, Candidate> {
    return Object.fromEntries(
      Object.entries(variants).map(([name, statements]) => [
        name,
        async () => {
          await using database = await freshDatabase(bench, template)
          await query(database.url, ...statements)
          return await timed(() => run(database))
        },
      ]),
    )
  }
}
