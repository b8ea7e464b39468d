import { randomBytes } from 'node:crypto'
import { PGlite } from '@electric-sql/pglite'
import { accounts, createFinanceDb, migrate, provisionRoles, type ScopeKey, transactions, users } from '@org/finance-db'
import { agentTools, createReadOnlyDb } from '@org/finance-db/readonly'
import { generateText, stepCountIs, tool } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'

// The host's side: a database, someone with money in it, and the roles of agents.
const pglite = await PGlite.create()
const db = createFinanceDb({ pglite })
const scopeKey: ScopeKey = { id: 'k1', secret: randomBytes(32) } // a secret of the host: FINANCE_SCOPE_KEY
await migrate(db)
await provisionRoles(db, { scopeKeys: [scopeKey] })
const { id: user_id } = await users.create(db, { email: 'ada@example.org' })
const { id: account_id } = await accounts.create(db, { user_id, account_type: 'checking', name: 'Everyday' })
await transactions.create(db, { user_id, account_id, date: '2026-03-01', merchant: 'Shop', amount: '-12.50' })

// The door. On a server: createReadOnlyDb(), which logs in with READONLY_DATABASE_URL as a role of its own.
const door = createReadOnlyDb({ pglite, role: 'finance_agent', scopeKey })
const mine = door.asUser(user_id) // chosen here, and never by the model
const { query, describe } = agentTools(mine)

// A model that answers by rote, so that this runs anywhere. Yours: openai('…'), anthropic('…').
const usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}
const ask = (id: string, sql: string) => ({
  content: [{ type: 'tool-call' as const, toolCallId: id, toolName: 'query', input: JSON.stringify({ sql }) }],
  finishReason: { unified: 'tool-calls' as const, raw: undefined },
  usage,
  warnings: [],
})
const model = new MockLanguageModelV3({
  doGenerate: [
    ask('1', 'delete from transactions'),
    ask('2', 'select merchant, sum(amount) as total, currency from transactions group by merchant, currency'),
    {
      content: [{ type: 'text', text: 'You spent 12.50 USD at Shop.' }],
      finishReason: { unified: 'stop', raw: undefined },
      usage,
      warnings: [],
    },
  ],
})

const { text, steps } = await generateText({
  model,
  system: (await mine.describeSchema({ tokens: 3000 })).text, // read from the catalogue each time
  prompt: 'Where does my money go?',
  stopWhen: stepCountIs(10),
  tools: {
    query: tool({
      description: query.description,
      inputSchema: query.input,
      execute: async (input, { abortSignal }) => (await query.run(input, { signal: abortSignal })).text,
    }),
    describe: tool({
      description: describe.description,
      inputSchema: describe.input,
      execute: async (input, { abortSignal }) => (await describe.run(input, { signal: abortSignal })).text,
    }),
  },
})

const [refusal = '', answer = ''] = steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => String(output)))
console.log(refusal.split('\n', 1)[0]) // Not allowed (statement): Statements that begin with "delete" are not allowed here.
console.log(answer.split('\n').at(-3)) // ["Shop", "-12.5000", "USD"]
console.log(text) // You spent 12.50 USD at Shop.
await door.destroy()
await db.destroy()
await pglite.close()
