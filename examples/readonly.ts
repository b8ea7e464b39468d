import { PGlite } from '@electric-sql/pglite'
import { accounts, createFinanceDb, migrate, QueryRefusedError, users } from '@org/finance-db'
import { createReadOnlyDb, renderForModel } from '@org/finance-db/readonly'

const pglite = await PGlite.create()
const db = createFinanceDb({ pglite })
await migrate(db)
const ada = await users.create(db, { email: 'ada@example.org' })
await accounts.create(db, { user_id: ada.id, account_type: 'checking', name: 'Everyday', opening_balance: '100.00' })

// On a server: { connectionString, scopeKey, audit: db }, and door.asUser(ada.id) for her rows alone.
const door = createReadOnlyDb({ pglite, audit: db, limits: { maxRows: 100 } })

console.log(renderForModel(await door.query('select name, balance from accounts where balance > $1', { params: [50] })))

try {
  await door.query('select password_hash from users')
} catch (error) {
  if (error instanceof QueryRefusedError) console.log(error.message) // The column password_hash is withheld.
}

await door.destroy()
await db.destroy()
await pglite.close()
