import {
  accounts,
  consents,
  createFinanceDb,
  decisionTraces,
  migrate,
  personas,
  recommendations,
  signals,
  users,
} from '@org/finance-db'
import type { RecommendationCatalogue } from '@org/finance-db/schema'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const { id: user_id } = await users.create(db, { email: 'katherine@example.org' })
await accounts.create(db, {
  user_id,
  account_type: 'credit_card',
  name: 'Blue card',
  credit_limit: '1000',
  opening_balance: '-640',
})

// Every night: signals, then personas, then what follows from them, for who consents.
const night = { as_of: '2026-06-30' }
await signals.compute(db, night)
await personas.assign(db, night)
console.log((await recommendations.generate(db, night)).skipped.no_consent) // 1
await consents.grant(db, { user_id })
console.log((await recommendations.generate(db, night)).created) // 1
console.log((await recommendations.generate(db, night)).skipped.duplicate) // 1

const [made] = (await recommendations.list(db, user_id)).rows
console.log(made?.rationale) // Your card Blue card is used to 64%: $640.00 of a limit of $1,000.00. Less than 30 % is often given as a goal.

// Why this, and not the others? The trace says it, and is enough to decide again.
const { trace_data } = await decisionTraces.getByRecommendation(db, user_id, made?.id ?? '')
for (const { rule, outcome } of recommendations.replay(trace_data)) console.log(rule, outcome) // card_overdue conditions, then card_minimum_payments conditions

// Your own items, before those of the package.
const catalogue: RecommendationCatalogue = {
  version: 'ours-1',
  items: [
    {
      key: 'our_counsel',
      type: 'offer',
      product: 'debt_counsel',
      title: 'Talk to our counsellor',
      personas: ['high_utilization'],
      when: { signal: 'credit_utilization', field: 'utilization', is: '>=', than: 0.5 },
      eligibility: { has_account: ['credit_card'], no_overdue: true },
      rationale: 'You owe {card.owed|money} on {card.name|text}. An hour with our counsellor is free of charge.',
    },
    ...recommendations.defaultCatalogue.items,
  ],
}
console.log((await recommendations.generate(db, { ...night, catalogue })).created) // 1
await db.destroy()
