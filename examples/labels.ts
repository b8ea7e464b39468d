import { createFinanceDb, migrate, transactions } from '@org/finance-db'
import { labels, seed } from '@org/finance-db/seed'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const options = { users: 4, until: '2025-12-31', generator: 2 }
await seed(db, options)

// How many subscriptions does a detector find that goes by the category?
let [known, found] = [0, 0]
for await (const label of labels(options)) {
  if (label.type !== 'subscription') continue
  const [id = ''] = label.transaction_ids
  const { category } = await transactions.get(db, label.user_id, id)
  known += 1
  if (category === 'subscriptions') found += 1
  else console.log(`missed ${label.merchant}, ${label.cadence}, ${label.status}`, label.hard ?? [])
}
console.log(`${found} of ${known}`) // 16 of 18
await db.destroy()
