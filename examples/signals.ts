import {
  accounts,
  computedFeatures,
  createFinanceDb,
  migrate,
  personaAssignments,
  personas,
  signals,
  subscriptions,
  transactions,
  transferMatches,
  users,
} from '@org/finance-db'
import { subscriptionSignal } from '@org/finance-db/schema'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const { id: user_id } = await users.create(db, { email: 'emmy@example.org' })
const checking = await accounts.create(db, { user_id, account_type: 'checking', name: 'Everyday' })
const savings = await accounts.create(db, { user_id, account_type: 'savings', name: 'Rainy days' })
const row = (account: { id: string }, date: string, merchant: string, amount: string) => ({
  user_id,
  account_id: account.id,
  date,
  merchant,
  amount,
})
await transactions.createMany(db, [
  row(checking, '2026-04-04', 'STREAMHOUSE.COM 866-555-0100 CA', '-9.99'),
  row(checking, '2026-05-04', 'PAYPAL *STREAMHOUSE', '-9.99'),
  row(checking, '2026-06-04', 'Streamhouse Inc', '-11.99'),
  row(checking, '2026-06-10', 'Transfer to savings', '-250.00'),
  row(savings, '2026-06-11', 'Transfer from checking', '250.00'),
])

// Which rows are two sides of one movement, and so no spending?
console.log(await transferMatches.find(db, { from: '2026-01-01', to: '2026-06-30', users: [user_id] })) // { automatic: 1, suggested: 0 }
const [match] = (await transferMatches.list(db, user_id)).rows
console.log(match?.score, match?.reasons.said, match?.reasons.days_apart) // 1.0000 true 1

// What is charged again and again, and why do we think so?
const [streaming] = await subscriptions.detect(db, user_id, { as_of: '2026-06-30' })
console.log(streaming?.merchant_key, streaming?.cadence, streaming?.next_date) // streamhouse monthly 2026-07-04
console.log(streaming?.price_changes) // [ { date: '2026-06-04', from: '9.9900', to: '11.9900' } ]
console.log(streaming?.reasons)

// Every night, for everybody: who has nothing new is passed over.
const night = { as_of: '2026-06-30' }
console.log(await signals.compute(db, night)) // { users: 1, computed: 1, signals: 9 }
const feature = await computedFeatures.find(db, user_id, '90d', 'subscription')
console.log(subscriptionSignal.parse(feature?.signal_value).monthly_spend) // 11.9900

// Personas, by the rules of the package or by your own.
await personas.assign(db, night)
console.log((await personaAssignments.current(db, user_id))?.persona) // savings_builder
const { rows: savers } = await personaAssignments.currentByUser(db, { time_window: '30d', persona: 'savings_builder' })
console.log(savers.map((saver) => saver.user_id === user_id)) // [ true ]
await personas.assign(db, {
  ...night,
  rules: [
    {
      rule: 'a streaming service is enough',
      persona: 'subscription_heavy',
      when: { signal: 'subscription', field: 'subscriptions', is: '>=', than: 1 },
    },
    ...personas.defaultRules,
  ],
})
const assigned = await personaAssignments.current(db, user_id)
console.log(assigned?.persona, assigned?.reasons?.rules[0]?.conditions[0]?.actual) // subscription_heavy 1
await db.destroy()
