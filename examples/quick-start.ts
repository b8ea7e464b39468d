import { PGlite } from '@electric-sql/pglite'
import { accounts, createFinanceDb, migrate, reports, transactions, users } from '@org/finance-db'

const db = createFinanceDb({ pglite: () => PGlite.create() }) // Postgres inside this process
await migrate(db)

const ada = await users.create(db, { email: 'ada@example.org' })
const checking = await accounts.create(db, {
  user_id: ada.id,
  account_type: 'checking',
  name: 'Everyday',
  opening_balance: '100.00',
})
await transactions.create(db, {
  user_id: ada.id,
  account_id: checking.id,
  date: '2026-03-01',
  merchant: 'Corner shop',
  amount: '-12.50',
  category: 'groceries',
})

console.log((await accounts.get(db, ada.id, checking.id)).balance) // 87.5000
console.log(await reports.spendingByCategory(db, ada.id, { from: '2026-03-01', to: '2026-03-31' }))
await db.destroy()
