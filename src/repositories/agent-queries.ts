import { translateError } from '../postgres-errors.js'
import { type AgentQueryFilter, agentQueryFilter, type NewAgentQuery, newAgentQuery } from '../schema/agent-queries.js'
import { maskCardNumbers } from '../schema/card-numbers.js'
import type { Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { AgentQuery } from '../schema/rows.js'
import { decodeInstantCursor } from './instant-cursor.js'
import { type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = [
  'user_id',
  'id',
  'role',
  'sql',
  'outcome',
  'code',
  'rows',
  'bytes',
  'duration_below_ms',
  'created_at',
] as const

/** Stands for everybody in the key, which cannot hold a null. */
const everybody = '00000000-0000-0000-0000-000000000000'
const maxSqlLength = 100_000

/** Records a query. Card numbers in it are masked, and what is beyond 100,000 characters is left out. */
export async function record(db: Db, query: NewAgentQuery): Promise<void> {
  const { user_id, sql, ...rest } = parseInput(newAgentQuery, query, 'The query')
  const text = maskCardNumbers(sql.replaceAll('\0', '').slice(0, maxSqlLength))
  await db
    .insertInto('finance.agent_queries')
    .values({ ...rest, user_id: user_id ?? everybody, sql: text })
    .execute()
    .catch(translateError)
}

/** Newest first. Walks `agent_queries_user_id_created_at_idx`, without a user `agent_queries_created_at_idx`. */
export async function list(
  db: Db,
  filter: AgentQueryFilter = {},
  request: PageRequest = {},
): Promise<Page<AgentQuery>> {
  const { user_id, outcome, from, to } = parseInput(agentQueryFilter, filter, 'The filter')
  const limit = pageLimit(request)
  let query = db.selectFrom('finance.agent_queries').select(columns)

  if (user_id !== undefined) query = query.where('user_id', '=', user_id ?? everybody)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  if (from !== undefined) query = query.where('created_at', '>=', from)
  if (to !== undefined) query = query.where('created_at', '<', to)
  if (request.after !== undefined) {
    const [at, id] = decodeInstantCursor(request.after)
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('created_at', 'id'), '<', tuple(at, id)))
  }
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  const found = rows.map((row) => ({ ...row, user_id: row.user_id === everybody ? null : row.user_id }))
  return toPage(found, limit, ({ created_at, id }) => [created_at.toISOString(), id])
}
