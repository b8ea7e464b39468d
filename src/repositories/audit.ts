import { sql } from 'kysely'
import { z } from 'zod'
import { translateError } from '../postgres-errors.js'
import { type AuditFilter, auditActor, auditFilter } from '../schema/audit.js'
import type { Db, Trx } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import type { AuditEntry } from '../schema/rows.js'
import { decodeCursor, type Page, type PageRequest, pageLimit, toPage } from './page.js'

export { type AuditHead, type AuditProblem, type AuditReport, head, verify } from './audit-verify.js'

/**
 * Says who does what this transaction does from here on, until it ends. The option `actor` of `transaction` does the same
 * from its start.
 *
 * @param actor - A user id, or the name of a service: 1 to 200 characters. No personal data: it outlives an erasure.
 */
export async function setActor(trx: Trx, actor: string): Promise<void> {
  const name = parseInput(auditActor, actor, 'The actor')
  await sql`select set_config('finance_db.actor', ${name}, true)`.execute(trx).catch(translateError)
}

/**
 * What was changed about a person, newest first. An entry of a bulk write holds up to a thousand rows, so ask for few of
 * those at once. Walks `audit_log_pkey` backwards.
 */
export async function list(
  db: Db,
  userId: string,
  filter: AuditFilter = {},
  request: PageRequest = {},
): Promise<Page<AuditEntry>> {
  return page(filtered(db, filter).where('user_id', '=', userId), request)
}

/** What an actor did, to anybody, newest first. Walks `audit_log_actor_idx` backwards. */
export async function listByActor(
  db: Db,
  actor: string,
  filter: Omit<AuditFilter, 'actor'> = {},
  request: PageRequest = {},
): Promise<Page<AuditEntry>> {
  return page(filtered(db, filter).where('actor', '=', actor), request)
}

/** One change of one row. Values are text; a column that is missing on a side is null there, or did not change. */
export interface RowChange {
  readonly id: number
  readonly at: Date
  readonly actor: string
  /** `snapshot`: what the row was then, without a change. */
  readonly operation: AuditEntry['operation']
  readonly old: Readonly<Record<string, string>> | null
  readonly new: Readonly<Record<string, string>> | null
  /** Secret columns that changed. */
  readonly secrets: readonly string[]
  /** The person was erased, and the values with them. */
  readonly redacted: boolean
}

const auditLog = sql.table('finance.audit_log')

/**
 * The history of one row, newest first. What was done to it together with many others is found by reading through those
 * entries: some 3 ms for a thousand rows of them.
 *
 * @param table - Without the schema: `'transactions'`.
 */
export async function history(
  db: Db,
  userId: string,
  table: string,
  rowId: string,
  request: PageRequest = {},
): Promise<Page<RowChange>> {
  const id = parseInput(z.guid(), rowId, 'The row id').toLowerCase()
  const limit = pageLimit(request)
  const before = request.after === undefined ? sql`true` : sql`l.id < ${decodeId(request.after)}::bigint`
  const mine = sql`l.user_id = ${userId}::uuid and l.table_name = ${table} and ${before}`
  const contained = sql`l.row_id is null and strpos(l.changes::text, ${`"${id}"`}::text) > 0`
  const { rows } = await sql<RowChange>`
    select c.id, c.at, c.actor, c.operation, c.old, c.new, coalesce(c.secrets, '[]') as secrets, c.salt is null as redacted
    from (
      select l.id, l.at, l.actor, l.operation, l.changes->'old' as old, l.changes->'new' as new,
        l.changes->'secrets' as secrets, l.salt
      from ${auditLog} l
      where ${mine} and l.row_id = ${id}::uuid and l.operation <> 'erase'
      union all
      select l.id, l.at, l.actor, l.operation, case when l.operation = 'delete' then s.state end,
        case when l.operation <> 'delete' then s.state end, null, l.salt
      from ${auditLog} l
      cross join lateral (
        select array(select json_array_elements_text(l.changes->'columns')) as columns,
          coalesce(l.changes->'new', l.changes->'old') as lines
        offset 0
      ) t
      cross join lateral json_array_elements(t.lines) line
      cross join lateral (
        select json_strip_nulls(json_object(t.columns, array(select json_array_elements_text(line)))) as state offset 0
      ) s
      where ${mine} and ${contained} and l.changes->'columns' is not null
        and strpos(line::text, ${`"${id}"`}::text) > 0 and s.state->>'id' = ${id}
      union all
      select l.id, l.at, l.actor,
        case when r->'old' is null then 'insert' when r->'new' is null then 'delete' else l.operation end,
        r->'old', r->'new', null, l.salt
      from ${auditLog} l
      cross join lateral json_array_elements(l.changes->'rows') r
      where ${mine} and ${contained} and l.changes->'rows' is not null and r->>'id' = ${id}
    ) c
    order by c.id desc
    limit ${limit + 1}
  `
    .execute(db)
    .catch(translateError)
  return toPage(rows.map(withNumber), limit, (change) => [String(change.id)])
}

function filtered(db: Db, filter: AuditFilter) {
  const { actor, table_name, operation, from, to } = parseInput(auditFilter, filter, 'The filter')
  let query = db
    .selectFrom('finance.audit_log')
    .select(['user_id', 'id', 'actor', 'table_name', 'row_id', 'operation', 'changes', 'at'])
    .select((eb) => eb('salt', 'is', null).$castTo<boolean>().as('redacted'))
  if (actor !== undefined) query = query.where('actor', '=', actor)
  if (table_name !== undefined) query = query.where('table_name', '=', table_name)
  if (operation !== undefined) query = query.where('operation', '=', operation)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  return query
}

async function page(query: ReturnType<typeof filtered>, request: PageRequest): Promise<Page<AuditEntry>> {
  const limit = pageLimit(request)
  const rows = await (request.after === undefined ? query : query.where('id', '<', Number(decodeId(request.after))))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
    .catch(translateError)
  return toPage(rows.map(withNumber), limit, ({ id }) => [String(id)])
}

/** Through a host's own Kysely a bigint comes as the text that pg makes of it. */
function withNumber<Row extends { id: number }>(row: Row): Row {
  return { ...row, id: Number(row.id) }
}

function decodeId(after: string): string {
  const [id] = decodeCursor(after, z.tuple([z.string().regex(/^\d{1,15}$/)]))
  return id
}
