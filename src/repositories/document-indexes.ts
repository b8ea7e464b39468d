import { type RawBuilder, sql } from 'kysely'
import { isBehindPooler } from '../connection/postgres.js'
import { schemaOf } from '../connection/schema-plugin.js'
import { ConflictError, RuleViolationError, UnsupportedError } from '../errors.js'
import { translateError } from '../postgres-errors.js'
import type { Db } from '../schema/database.js'
import {
  type DocumentIndexChoice,
  documentIndexChoice,
  type NewDocumentIndex,
  newDocumentIndex,
} from '../schema/document-indexes.js'
import type { DistanceMetric } from '../schema/documents.js'
import { parseInput } from '../schema/input.js'
import { requireDocuments } from './documents-here.js'
import { together } from './together.js'

/** An index that searches may go through. */
export interface DocumentIndex {
  readonly name: string
  readonly method: 'hnsw' | 'ivfflat'
  readonly metric: DistanceMetric
  /** `m` and `ef_construction`, or `lists`. */
  readonly parameters: Readonly<Record<string, number>>
  /** False while it is being made, and for good when that failed: then `createIndex` makes it anew. */
  readonly valid: boolean
  readonly size_bytes: number
}

const operatorClasses = { cosine: 'vector_cosine_ops', l2: 'vector_l2_ops', inner_product: 'vector_ip_ops' } as const
const defaults = { m: 16, ef_construction: 64, lists: 100 } as const

/** What pgvector learns the middle of a list from. */
const documentsPerList = 50

/** Every approximate index there is on the embeddings, by name; those that a host made by hand too. */
export async function listIndexes(db: Db): Promise<DocumentIndex[]> {
  await requireDocuments(db).catch(translateError)
  return readIndexes((query) => query.execute(db), db).catch(translateError)
}

/**
 * Makes an approximate index, `documents_embedding_<metric>_<method>_idx`, or finds that it is there. Migrations make none: a
 * search of one person's few thousand documents is quicker without, and every insert pays for it.
 *
 * `hnsw` finds more and needs no upkeep, takes long to make and slows inserts. `ivfflat` is made in a tenth of the time, from
 * documents that are there already, and has to be made anew (`reindex index concurrently`) as they come to differ from those.
 *
 * Outside of a transaction it holds up no writer, and lifts `statement_timeout` for itself, which takes a session: connect to
 * the server itself, past any pooler, or give `concurrently: false`. One session makes an index at a time.
 *
 * @throws {ConflictError} There is such an index with other parameters: drop it first. Or another session makes one just now.
 * @throws {RuleViolationError} There are too few documents for an ivfflat index to learn from: 50 a list.
 * @throws {UnsupportedError} pgvector is older than 0.8, or `concurrently` was asked for in a transaction or through a pooler.
 */
export async function createIndex(db: Db, index: NewDocumentIndex): Promise<DocumentIndex> {
  const input = parseInput(newDocumentIndex, index, 'The index')
  const { method, metric = 'cosine', concurrently = !db.isTransaction, maintenance_work_mem, ...given } = input
  const name = nameOf({ method, metric })
  await requireDocuments(db).catch(translateError)

  return alone(db, concurrently, maintenance_work_mem, async (run) => {
    const { rows: versions } = await run(sql<{ schema: string; iterates: boolean }>`select n.nspname as schema,
      string_to_array(substring(e.extversion from '^[0-9]+[.][0-9]+'), '.')::integer[] >= '{0,8}' as iterates
      from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'`)
    const [pgvector] = versions
    if (pgvector?.iterates !== true) {
      throw new UnsupportedError(
        'Indexes of documents need pgvector 0.8 or newer, since an older one loses what a filter drops. Install it and run ' +
          '`alter extension vector update`.',
      )
    }

    const before = (await readIndexes(run, db)).find((one) => one.name === name)
    if (before?.valid) {
      for (const [key, value] of Object.entries(given)) {
        if (value === undefined || before.parameters[key] === value) continue
        throw new ConflictError(`${name} is there with another ${key}: drop it first.`, { constraint: name })
      }
      return before
    }
    if (before !== undefined) await run(dropping(name, concurrently))

    const parameters: Record<string, number | undefined> =
      input.method === 'hnsw'
        ? { m: input.m ?? defaults.m, ef_construction: input.ef_construction ?? defaults.ef_construction }
        : { lists: await learnable(run, input.lists) }
    const clause = Object.entries(parameters).map(([key, value]) => sql`${sql.id(key)} = ${sql.lit(value)}`)
    await run(sql`create index ${concurrentlyIf(concurrently)} ${sql.id(name)} on ${sql.table('finance.documents')}
      using ${sql.id(method)} (embedding ${sql.id(pgvector.schema, operatorClasses[metric])}) with (${sql.join(clause)})`)
    const made = (await readIndexes(run, db)).find((one) => one.name === name)
    if (made === undefined) throw new ConflictError(`${name} was dropped by another session.`, { constraint: name })
    return made
  })
}

/**
 * Removes an index of {@link createIndex}, if it is there. Searches go on without it, and exactly.
 *
 * @throws {ConflictError} Another session makes or drops one just now.
 * @throws {UnsupportedError} `concurrently` was asked for in a transaction or through a pooler, as it is by default.
 */
export async function dropIndex(db: Db, index: DocumentIndexChoice): Promise<void> {
  const { concurrently = !db.isTransaction, ...choice } = parseInput(documentIndexChoice, index, 'The index')
  await requireDocuments(db).catch(translateError)
  await alone(db, concurrently, undefined, (run) => run(dropping(nameOf(choice), concurrently)))
}

/** Runs a statement on the one connection of {@link alone}. */
type Run = <Row>(statement: RawBuilder<Row>) => Promise<{ readonly rows: readonly Row[] }>

/** One session at a time, without limits in time, on one connection: in a transaction, or outside of any. */
async function alone<Result>(
  db: Db,
  outside: boolean,
  memory: string | undefined,
  fn: (run: Run) => Promise<Result>,
): Promise<Result> {
  if (outside && db.isTransaction) {
    throw new UnsupportedError('An index cannot be made or dropped concurrently in a transaction.')
  }
  if (outside && (await isBehindPooler(db).catch(translateError))) {
    throw new UnsupportedError(
      'Making or dropping an index concurrently takes a session of its own, and a pooler (PgBouncer, RDS Proxy) is between: ' +
        'connect to the server itself, or give concurrently: false, which holds up writers meanwhile.',
    )
  }
  const key = `finance-db documents index ${schemaOf(db)}`
  const held = async (run: Run) => {
    const lock = sql.raw(outside ? 'pg_try_advisory_lock' : 'pg_try_advisory_xact_lock')
    const { rows } = await run(sql<{ taken: boolean }>`select ${lock}(hashtextextended(${key}, 0)) as taken`)
    if (rows[0]?.taken !== true)
      throw new ConflictError('Another session makes or drops an index of documents just now.')
    try {
      return await withSettings(run, !outside, { statement_timeout: '0', maintenance_work_mem: memory }, () => fn(run))
    } finally {
      // When this fails, the connection is gone and the lock with it.
      if (outside) await run(sql`select pg_advisory_unlock(hashtextextended(${key}, 0))`).catch(() => undefined)
    }
  }
  if (!outside) return together(db, (trx) => held((statement) => statement.execute(trx))).catch(translateError)
  return db
    .getExecutor()
    .provideConnection((connection) => held((statement) => connection.executeQuery(statement.compile(db))))
    .catch(translateError)
}

async function withSettings<Result>(
  run: Run,
  local: boolean,
  settings: Readonly<Record<string, string | undefined>>,
  fn: () => Promise<Result>,
): Promise<Result> {
  const given = Object.entries(settings).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
  const before: { name: string; value: string }[] = []
  for (const { name, value } of given) {
    const { rows } = await run(sql<{ value: string }>`select current_setting(${name}) as value`)
    before.push({ name, value: rows[0]?.value ?? value })
    await run(sql`select set_config(${name}, ${value}, ${local})`)
  }
  try {
    return await fn()
  } finally {
    // Fails in a transaction that failed, and its end sets them back.
    for (const { name, value } of before) {
      await run(sql`select set_config(${name}, ${value}, ${local})`).catch(() => undefined)
    }
  }
}

async function readIndexes(run: Run, db: Db): Promise<DocumentIndex[]> {
  const { rows } = await run(sql<Omit<DocumentIndex, 'parameters'> & { options: Record<string, string> }>`
    select c.relname as name, am.amname as method, i.indisvalid as valid,
      case o.opcname when 'vector_cosine_ops' then 'cosine' when 'vector_l2_ops' then 'l2' else 'inner_product' end as metric,
      coalesce((select jsonb_object_agg(option_name, option_value) from pg_options_to_table(c.reloptions)), '{}') as options,
      pg_relation_size(c.oid)::double precision as size_bytes
    from pg_index i
    join pg_class c on c.oid = i.indexrelid
    join pg_am am on am.oid = c.relam and am.amname in ('hnsw', 'ivfflat')
    join pg_opclass o on o.oid = i.indclass[0] and o.opcname in ('vector_cosine_ops', 'vector_l2_ops', 'vector_ip_ops')
    where i.indrelid = to_regclass(${`"${schemaOf(db)}".documents`})
    order by c.relname`)
  return rows.map(({ options, ...index }) => {
    const { m, ef_construction, lists } = defaults
    const own = index.method === 'hnsw' ? { m, ef_construction } : { lists }
    const set = Object.entries(options).map(([name, value]) => [name, Number(value)])
    return { ...index, parameters: { ...own, ...Object.fromEntries(set) } }
  })
}

/** How many lists to make. */
async function learnable(run: Run, given: number | undefined): Promise<number> {
  const { rows } = await run(sql<{ n: number }>`select count(*)::int as n from ${sql.table('finance.documents')}`)
  const n = rows[0]?.n ?? 0
  const lists = given ?? Math.ceil(Math.max(10, n <= 1_000_000 ? n / 1000 : Math.sqrt(n)))
  if (n >= lists * documentsPerList) return lists
  throw new RuleViolationError(
    `An ivfflat index of ${lists} lists learns from the documents that are there, and needs ${lists * documentsPerList} of them ` +
      'or more. Make it when they have come, or an hnsw index.',
  )
}

function nameOf({ method, metric = 'cosine' }: DocumentIndexChoice): string {
  return `documents_embedding_${metric}_${method}_idx`
}

function dropping(name: string, concurrently: boolean) {
  return sql`drop index ${concurrentlyIf(concurrently)} if exists ${sql.table(`finance.${name}`)}`
}

function concurrentlyIf(concurrently: boolean) {
  return sql.raw(concurrently ? 'concurrently' : '')
}
