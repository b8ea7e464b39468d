import { translateError } from '../postgres-errors.js'
import {
  type ChatLogFilter,
  type ChatLogPurge,
  chatLogFilter,
  chatLogPurge,
  type FlaggedFilter,
  flaggedFilter,
  type NewChatLog,
  newChatLog,
} from '../schema/chat-logs.js'
import { type Db, withQueries } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { ChatLog } from '../schema/rows.js'
import { decodeInstantCursor } from './instant-cursor.js'
import { type Page, type PageRequest, pageLimit, toPage } from './page.js'

const columns = ['user_id', 'id', 'message', 'response', 'guardrails_passed', 'created_at'] as const

/** Records a question and its answer. @throws {MissingReferenceError} The user does not exist. */
export async function create(db: Db, chatLog: NewChatLog): Promise<ChatLog> {
  return db
    .insertInto('finance.chat_logs')
    .values(parseInput(newChatLog, chatLog, 'The chat log'))
    .returning(columns)
    .executeTakeFirstOrThrow()
    .catch(translateError)
}

/** The conversation of a person, newest first. Walks `chat_logs_user_id_created_at_idx`. */
export async function list(
  db: Db,
  userId: string,
  filter: ChatLogFilter = {},
  request: PageRequest = {},
): Promise<Page<ChatLog>> {
  const { guardrails_passed, from, to } = parseInput(chatLogFilter, filter, 'The filter')
  let query = db.selectFrom('finance.chat_logs').select(columns).where('user_id', '=', userId)

  if (guardrails_passed !== undefined) query = query.where('guardrails_passed', '=', guardrails_passed)
  if (from !== undefined) query = query.where('created_at', '>=', from)
  if (to !== undefined) query = query.where('created_at', '<', to)
  return newestFirst(query, request)
}

/** For operators: what was held back or replaced, of everybody, newest first. Walks `chat_logs_flagged_idx`. */
export async function listFlagged(
  db: Db,
  filter: FlaggedFilter = {},
  request: PageRequest = {},
): Promise<Page<ChatLog>> {
  const { from, to } = parseInput(flaggedFilter, filter, 'The filter')
  let query = db
    .selectFrom('finance.chat_logs')
    .select(columns)
    .where(({ not }) => not('guardrails_passed'))

  if (from !== undefined) query = query.where('created_at', '>=', from)
  if (to !== undefined) query = query.where('created_at', '<', to)
  return newestFirst(query, request)
}

/**
 * Removes messages of everybody from before an instant, the oldest first, and gives how many. One call is one short
 * transaction: call it again until it removes fewer than `limit`. Several may run at once and share the work. Walks
 * `chat_logs_created_at_idx`.
 */
export async function purge(db: Db, what: ChatLogPurge): Promise<number> {
  const { before, limit = 10_000 } = parseInput(chatLogPurge, what, 'The purge')
  const { numDeletedRows } = await withQueries(db)
    .with('old', (cte) =>
      cte
        .selectFrom('finance.chat_logs')
        .select(['user_id', 'id'])
        .where('created_at', '<', before)
        .orderBy('created_at')
        .limit(limit)
        .forUpdate()
        .skipLocked(),
    )
    .deleteFrom('finance.chat_logs as c')
    .using('old')
    .whereRef('c.user_id', '=', 'old.user_id')
    .whereRef('c.id', '=', 'old.id')
    .executeTakeFirstOrThrow()
    .catch(translateError)
  return Number(numDeletedRows)
}

function selectAll(db: Db) {
  return db.selectFrom('finance.chat_logs').select(columns)
}

async function newestFirst(query: ReturnType<typeof selectAll>, request: PageRequest): Promise<Page<ChatLog>> {
  const limit = pageLimit(request)
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
  return toPage(rows, limit, ({ created_at, id }) => [created_at.toISOString(), id])
}
