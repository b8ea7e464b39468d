import { accounts, audit, createFinanceDb, migrate, transaction, transactions, users } from '@org/finance-db'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const user = await users.create(db, { email: 'mary@example.org', first_name: 'Mary' })
const account = await accounts.create(db, { user_id: user.id, account_type: 'checking', name: 'Everyday' })
const payment = {
  user_id: user.id,
  account_id: account.id,
  date: '2026-03-01',
  merchant: 'Corner shop',
  amount: '-12.50',
}

// Who does it, for this transaction only.
const { id } = await transaction(db, (trx) => transactions.create(trx, payment), { actor: 'service:checkout' })
await transaction(db, (trx) => transactions.categorize(trx, user.id, id, 'groceries'), { actor: user.id })

const [newest] = (await audit.history(db, user.id, 'transactions', id)).rows
console.log(newest?.old, newest?.new) // { category: 'uncategorized' } { category: 'groceries' }
console.log((await audit.listByActor(db, 'service:checkout')).rows.length, 'entry') // 1 entry

// Keep the head elsewhere: with it, verify also notices a log that was cut off at its end.
const anchor = await audit.head(db, user.id)
console.log((await audit.verify(db, user.id, { anchor })).ok) // true

let lines = 0
for await (const line of users.export(db, user.id)) lines += line === '' ? 0 : 1 // NDJSON: write it to a file
console.log(lines, 'rows are held') // 11 rows are held

await users.erase(db, user.id, { actor: 'service:privacy', reason: 'asked for by the person' })
console.log((await accounts.get(db, user.id, account.id)).balance) // -12.5000
console.log((await audit.verify(db, user.id, { anchor })).ok) // true
await db.destroy()
