import { CompiledQuery, sql } from 'kysely'
import { CopySource } from '../connection/copy.js'
import { supportsCopy } from '../connection/postgres.js'
import { schemaOf } from '../connection/schema-plugin.js'
import { identifier } from '../quoting.js'
import { columnLiterals } from '../repositories/import-encoding.js'
import type { Db, Trx } from '../schema/database.js'
import type { Generated } from './generate.js'
import type { Plan } from './options.js'
import { type Fields, rowsOf, type Table, tables } from './tables.js'

/** People who are written in one transaction. */
export interface Batch {
  readonly people: number
  readonly accounts: number
  readonly transactions: number
  add(generated: Generated): void
  /** May be called again after a rollback. */
  write(trx: Trx): Promise<void>
}

/** Rows of one table, kept as the server takes them. */
interface Waiting {
  add(fields: Fields): void
  write(trx: Trx): Promise<void>
}

// Large, since between two chunks someone else is made up.
const chunkLength = 1_048_576
// About 1 MB of parameters.
const unnestRows = 4000

/** COPY, which is faster, is refused to roles that row-level security applies to: all but the owner of the tables. */
async function mayCopy(db: Db): Promise<boolean> {
  if (!supportsCopy(db)) return false
  const { rows } = await sql<{ secured: string }>`
    select row_security_active(${`${identifier(schemaOf(db))}.users`}::text)::text as secured`.execute(db)
  return rows[0]?.secured !== 'true'
}

export async function createBatch(db: Db, plan: Plan): Promise<Batch> {
  const names = Object.keys(tables) as Table[]
  const create = (await mayCopy(db)) ? copied : unnested
  const waiting = Object.fromEntries(names.map((name) => [name, create(name)])) as Record<Table, Waiting>
  const inactive: Array<readonly [user: string, account: string, status: string]> = []
  const batch = {
    people: 0,
    accounts: 0,
    transactions: 0,
    add(generated: Generated) {
      batch.people++
      for (const [table, fields] of rowsOf(plan, generated)) {
        waiting[table].add(fields)
        if (table === 'accounts') batch.accounts++
        if (table === 'transactions') batch.transactions++
      }
      for (const { id, status } of generated.ledger.books) {
        if (status !== 'active') inactive.push([generated.person.id, id, status])
      }
    },
    async write(trx: Trx) {
      for (const name of names) await waiting[name].write(trx)
      if (inactive.length > 0) await setStatuses(trx, inactive)
    },
  }
  return batch
}

/** Last, since an account that is not active takes no rows. */
async function setStatuses(trx: Trx, inactive: ReadonlyArray<readonly [string, string, string]>): Promise<void> {
  const [users, ids, statuses] = columnLiterals(3, inactive)
  await sql`update ${sql.table('finance.accounts')} a set status = s.status
    from unnest(${users}::text::uuid[], ${ids}::text::uuid[], ${statuses}::text::text[]) as s (user_id, id, status)
    where a.user_id = s.user_id and a.id = s.id`.execute(trx)
}

/** A line of COPY's text format. Nothing that is made up has a tab, a line's end or a backslash in it. */
export function copyLine(fields: Fields): string {
  return `${fields.map((field) => field ?? '\\N').join('\t')}\n`
}

const columnList = (table: Table) => sql.raw(tables[table].map(([name]) => name).join(', '))

function copied(table: Table): Waiting {
  const chunks: string[] = []
  let chunk = ''
  return {
    add(fields) {
      chunk += copyLine(fields)
      if (chunk.length < chunkLength) return
      chunks.push(chunk)
      chunk = ''
    },
    async write(trx) {
      const all = chunk === '' ? chunks : [...chunks, chunk]
      if (all.length === 0) return
      const copy = sql`copy ${sql.table(`finance.${table}`)} (${columnList(table)}) from stdin`.compile(trx)
      await trx.getExecutor().executeQuery(CompiledQuery.raw(copy.sql, [new CopySource(inTurn(all))]))
    },
  }
}

async function* inTurn(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks
}

/** For PGlite, a host's own Kysely, and a role that may not COPY. */
function unnested(table: Table): Waiting {
  const rows: Fields[] = []
  const types = tables[table].map(([, type]) => sql.raw(type))
  return {
    add: (fields) => void rows.push(fields),
    async write(trx) {
      for (let from = 0; from < rows.length; from += unnestRows) {
        const literals = columnLiterals(types.length, rows.slice(from, from + unnestRows))
        const arrays = literals.map((literal, index) => sql`${literal}::text::${types[index]}[]`)
        await sql`insert into ${sql.table(`finance.${table}`)} (${columnList(table)})
          select * from unnest(${sql.join(arrays)})`.execute(trx)
      }
    },
  }
}
