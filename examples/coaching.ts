import {
  ConsentRequiredError,
  chatLogs,
  consents,
  createFinanceDb,
  decisionTraces,
  insights,
  migrate,
  operatorActions,
  personaAssignments,
  recommendations,
  users,
} from '@org/finance-db'

const db = createFinanceDb() // DATABASE_URL, or POSTGRES_USER, POSTGRES_PASSWORD, …
await migrate(db)

const { id: user_id } = await users.create(db, { email: 'katherine@example.org' })
const advice = { user_id, type: 'education', title: 'Savings', rationale: 'You saved 12 %.' } as const

// No advice without consent: the two cannot pass each other, whoever is faster.
const refused = await recommendations.create(db, advice, { requireConsent: true }).catch((error: unknown) => error)
console.log(refused instanceof ConsentRequiredError) // true
await consents.grant(db, { user_id, version: '1.10', ip_address: '2001:db8::1' })

// The persona is kept when it changed; the advice and how it came about are one statement.
const { persona } = await personaAssignments.assign(db, { user_id, time_window: '30d', persona: 'savings_builder' })
const trace = { persona, rules: [{ rule: 'growth of 2 % or more', matched: true }] }
const made = await recommendations.create(db, advice, { trace, requireConsent: { version: '1.9' } })
console.log((await decisionTraces.getByRecommendation(db, user_id, made.id)).trace_data.persona) // savings_builder

await recommendations.markShown(db, user_id, made.id)
await recommendations.markClicked(db, user_id, made.id)
const day = 24 * 60 * 60 * 1000
const funnel = await recommendations.funnel(db, { from: new Date(Date.now() - day), to: new Date(Date.now() + day) })
console.log(funnel) // { created: 1, shown: 1, clicked: 1, shown_rate: 1, click_rate: 1 }

await insights.create(db, { user_id, title: 'Well done', message: 'Your buffer is two months now.', type: 'savings' })
console.log(await insights.unreadCount(db, user_id), 'unread') // 1 unread
await insights.markRead(db, user_id, 'all')

await chatLogs.create(db, { user_id, message: 'Which stock?', response: 'I cannot say.', guardrails_passed: false })
const flagged = await chatLogs.listFlagged(db)
console.log(flagged.rows.length, 'held back') // 1 held back
await chatLogs.purge(db, { before: new Date(Date.now() - 365 * day) }) // again, until it removes fewer than its limit

const { id: operator_id } = await users.create(db, { email: 'dorothy@example.org', role: 'operator' })
await operatorActions.record(db, { operator_id, user_id, action_type: 'flag', reason: 'Asks for stock picks.' })
await db.destroy()
