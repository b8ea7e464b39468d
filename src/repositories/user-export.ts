import { sql } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { NotFoundError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import { streamInSnapshot } from './snapshot-stream.js'

/** One row of what is held about a person. Money and large numbers are strings, instants ISO 8601 in UTC. */
export interface HeldRow {
  readonly table: string
  readonly row: Readonly<Record<string, unknown>>
}

/** Columns that are not the person's to have: secrets that would let someone act, salts, and what only machines read. */
const withheld: Readonly<Record<string, readonly string[]>> = {
  users: ['password_hash'],
  cards: ['token', 'token_fingerprint'],
  auth_sessions: ['refresh_token_hash'],
  audit_log: ['salt', 'digest'],
  documents: ['embedding'],
}

/** Of money that someone else sent: what only the sender knows. */
const withheldOfSender = ['from_account_id', 'idempotency_key']

/**
 * Everything that is held about a person, as NDJSON: one `{"table": …, "row": …}` a line, ending in a newline, table by table,
 * in the order of ids. All of one moment, read in pages, so memory stays bounded; one connection is taken until the end, or
 * until the loop over it is left. Money that others sent to the person is in it. Not in it are secrets (password hash, card
 * tokens, token hashes), embeddings, and what the person did about others as an operator.
 *
 * @throws {NotFoundError} Nobody has this id, and nothing is held about it.
 */
export async function* exportData(db: Db, userId: string): AsyncGenerator<string, void, undefined> {
  yield* streamInSnapshot(db, (trx) => lines(trx, userId))
}

async function* lines(db: Db, userId: string): AsyncGenerator<string> {
  let found = false
  for (const source of await sources(db)) {
    for await (const line of readAll(db, userId, source)) {
      found = true
      yield `${line}\n`
    }
  }
  if (!found) throw new NotFoundError('user')
}

interface Column {
  readonly name: string
  readonly type: string
}

/** Rows of a table that a column gives to a person, in the order of another. */
interface Source {
  readonly table: string
  readonly owner: string
  readonly key: Column
  readonly columns: readonly Column[]
}

/** Every table of ours that says whose its rows are, from the catalogue: one that comes later is in it by itself. */
async function sources(db: Db): Promise<Source[]> {
  const { rows } = await sql<{ table: string; columns: Column[]; key: string[] }>`
    select c.relname::text as table,
      (select json_agg(json_build_object('name', a.attname, 'type', y.typname) order by a.attnum)
        from pg_attribute a join pg_type y on y.oid = a.atttypid
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
      (select json_agg(a.attname order by array_position(i.indkey::int2[], a.attnum))
        from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary) as key
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schemaOf(db)} and c.relkind in ('r', 'p')
    order by c.relname <> 'users', c.relname
  `
    .execute(db)
    .catch(translateError)
  return rows.flatMap(({ table, columns, key }) => {
    const names = columns.map(({ name }) => name)
    const source = (owner: string, hidden: readonly string[]): Source => ({
      table,
      owner,
      key: columns.find(({ name }) => name === key.at(-1)) as Column,
      columns: columns.filter(({ name }) => !hidden.includes(name)),
    })
    return [
      ...(table === 'users' ? [source('id', withheld.users ?? [])] : []),
      ...(names.includes('user_id') ? [source('user_id', withheld[table] ?? [])] : []),
      ...(names.includes('recipient_id') ? [source('recipient_id', withheldOfSender)] : []),
    ]
  })
}

/** About so much is read at once, whatever the size of the rows. */
const pageBytes = 2_000_000

async function* readAll(db: Db, userId: string, { table, owner, key, columns }: Source): AsyncGenerator<string> {
  const keyType = sql.raw(key.type)
  const row = sql.join(columns.map((column) => sql`${jsonValue(column)} as ${sql.ref(column.name)}`))
  // By name, since a role may not have a right to all of them; those to order by are the outer query's too.
  const needed = sql.join(
    [...new Set([...columns.map(({ name }) => name), key.name])].map((name) => sql`t.${sql.ref(name)}`),
  )
  let [limit, after]: [number, string | undefined] = [20, undefined]
  for (;;) {
    const beyond: ReturnType<typeof sql> =
      after === undefined ? sql`true` : sql`t.${sql.ref(key.name)} > ${after}::text::${keyType}`
    const { rows } = await sql<{ line: string; key: string }>`
      select json_build_object('table', ${table}::text, 'row', row_to_json(r))::text as line, t.key
      from (
        select t.${sql.ref(key.name)}::text as key, ${needed} from ${sql.table(`finance.${table}`)} t
        where t.${sql.ref(owner)} = ${userId}::uuid and ${beyond}
        order by t.${sql.ref(key.name)}
        limit ${limit}
      ) t
      cross join lateral (select ${row}) r
      order by t.${sql.ref(key.name)}
    `
      .execute(db)
      .catch(translateError)
    for (const { line } of rows) yield line
    if (rows.length < limit) return
    after = rows.at(-1)?.key
    const bytes = rows.reduce((sum, { line }) => sum + line.length, 0)
    limit = Math.max(1, Math.min(2000, Math.floor((limit * pageBytes) / bytes), limit * 10))
  }
}

/** Exact, and the same whatever the settings of the session are. */
function jsonValue({ name, type }: Column) {
  const value = sql`t.${sql.ref(name)}`
  if (type === 'numeric' || type === 'int8' || type === 'xid8') return sql`${value}::text`
  if (type === 'timestamptz') return sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
  if (type === 'bytea') return sql`encode(${value}, 'hex')`
  return value
}
