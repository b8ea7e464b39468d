import { Readable } from 'node:stream'
import { accounts, createFinanceDb, migrate, transactions, users } from '@org/finance-db'
import { csvTransactions } from '@org/finance-db/import'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const user = await users.create(db, { email: 'alan@example.org' })
const account = await accounts.create(db, { user_id: user.id, account_type: 'checking', name: 'Giro', currency: 'EUR' })

const statement = `Buchungstag;Empfänger;Betrag
28.02.2026;REWE SAGT DANKE;-17,22
01.03.2026;Arbeitgeber GmbH;2.450,00
`

for (const attempt of ['first', 'second']) {
  const rows = csvTransactions(Readable.from([statement]), {
    user_id: user.id,
    account_id: account.id,
    delimiter: ';',
    mapping: {
      date: { column: 'Buchungstag', format: 'DD.MM.YYYY' },
      merchant: 'Empfänger',
      amount: { column: 'Betrag', decimal: ',', thousands: '.' },
      external_id: 'hash', // this bank gives no ids: a row is known by its contents
    },
  })
  console.log(attempt, await transactions.import(db, rows)) // { inserted: 2, … }, then { inserted: 0, skipped: 2, … }
}

console.log((await accounts.get(db, user.id, account.id)).balance) // 2432.7800
await db.destroy()
