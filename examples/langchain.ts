import { PGlite } from '@electric-sql/pglite'
import type { ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { accounts, createFinanceDb, migrate, users } from '@org/finance-db'
import { agentTools, createReadOnlyDb } from '@org/finance-db/readonly'

const pglite = await PGlite.create()
const db = createFinanceDb({ pglite })
await migrate(db)
const { id: user_id } = await users.create(db, { email: 'ada@example.org' })
await accounts.create(db, { user_id, account_type: 'savings', name: 'Rainy days', opening_balance: '250' })

// An analyst's door: everybody's rows. For those of one user: createReadOnlyDb(…).asUser(userId), see examples/ai-sdk.ts.
const door = createReadOnlyDb({ pglite })
const tools = Object.values(agentTools(door)).map(({ name, description, input, run }) =>
  tool(async (given: unknown, config) => (await run(given, { signal: config?.signal })).text, {
    name,
    description,
    schema: input,
  }),
)

// What an agent does with them: createAgent({ model, tools }). Here each is called as a model would call it.
const call = async (name: string, args: Record<string, unknown>): Promise<string> => {
  const chosen = tools.find((candidate) => candidate.name === name)
  const message: ToolMessage = await chosen?.invoke({ type: 'tool_call', id: 'call_1', name, args })
  return String(message.content)
}
console.log(tools.map(({ name }) => name).join()) // list_tables,describe,query,explain
console.log((await call('describe', { tables: ['accounts'] })).includes('What is owed is negative.')) // true
const answer = await call('query', { sql: 'select name, balance, currency from accounts' })
console.log(answer.split('\n').at(-3)) // ["Rainy days", "250.0000", "USD"]
console.log((await call('query', { sql: 'select token from cards' })).split('\n', 1)[0]) // Not allowed (column)
await door.destroy()
await db.destroy()
await pglite.close()
