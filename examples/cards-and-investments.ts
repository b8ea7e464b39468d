import { randomBytes } from 'node:crypto'
import { accounts, cards, createFinanceDb, investments, migrate, type SecretKeys, users } from '@org/finance-db'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const { id: user_id } = await users.create(db, { email: 'annie@example.org' })
const checking = await accounts.create(db, { user_id, account_type: 'checking', name: 'Everyday' })
const broker = await accounts.create(db, { user_id, account_type: 'investment', name: 'Broker' })

// Keys come from the host. The token of the card processor is encrypted in this process; a card number is refused.
const key = randomBytes(32) // yours comes from where your secrets are, and stays the same
const keys: SecretKeys = { current: '2026-03', get: (id) => (id === '2026-03' ? key : undefined) }
const card = await cards.create(db, keys, {
  user_id,
  account_id: checking.id,
  brand: 'visa',
  last4: '4242',
  exp_month: 12,
  exp_year: 2027,
  token: 'tok_9f3a',
})
console.log((await cards.freeze(db, user_id, card.id)).status) // frozen
console.log(await cards.token(db, keys, user_id, card.id)) // tok_9f3a

await investments.create(db, {
  user_id,
  account_id: broker.id,
  symbol: 'VTI',
  name: 'Total stock market',
  asset_class: 'etf',
  quantity: '2.5',
  cost_basis: '500.00',
  price: '210.00',
  price_date: '2026-03-02',
  currency: 'USD',
})
await investments.setPrice(db, { symbol: 'VTI', currency: 'USD', price: '220.10', price_date: '2026-03-03' })
const { by_currency } = await investments.valuation(db, user_id)
console.log(by_currency.map(({ currency, value, gain }) => `${currency} ${value}, gained ${gain}`)) // [ 'USD 550.2500, gained 50.2500' ]
await db.destroy()
