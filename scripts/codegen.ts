/** Writes src/schema/generated.ts from a migrated, embedded database. `--check` writes nothing and fails on drift. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { Kysely, PGliteDialect, sql } from 'kysely'
import { DiffChecker, generate, IdentifierNode, PostgresDialect } from 'kysely-codegen'
import { migrate } from '../src/migrations/migrate.js'

const OUT = new URL('../src/schema/generated.ts', import.meta.url)

/** Types that a column has beyond what its SQL type says. Check constraints of the form `x in (…)` are read by themselves. */
const COLUMNS: Record<string, string> = {
  'finance.accounts.available': 'GeneratedAlways<string>',
  // Triggers fill and keep these two, and refuse everybody else.
  'finance.accounts.balance': 'GeneratedAlways<string>',
  'finance.accounts.held': 'GeneratedAlways<string>',
  'finance.p2p_transfers.residue': 'GeneratedAlways<string>',
  'finance.transfers.residue': 'GeneratedAlways<string>',
  'finance.audit_log.changes': 'AuditChanges',
  'finance.audit_log.id': 'GeneratedAlways<number>',
  'finance.computed_features.signal_value': 'Record<string, unknown>',
  'finance.decision_traces.trace_data': 'DecisionTraceData',
  'finance.documents.metadata': 'Generated<Record<string, unknown>>',
  'finance.persona_assignments.reasons': 'PersonaReasons | null',
  'finance.transactions.direction': "GeneratedAlways<'debit' | 'credit'>",
  'finance.transfer_matches.reasons': 'TransferMatchReasons',
}

/** Where the names used in COLUMNS come from. */
const IMPORTS: Record<string, string> = {
  AuditChanges: './json.js#AuditChanges',
  DecisionTraceData: './json.js#DecisionTraceData',
  GeneratedAlways: 'kysely',
  PersonaReasons: './json.js#PersonaReasons',
  TransferMatchReasons: './json.js#TransferMatchReasons',
}

interface Allowed {
  table: string
  column: string
  values: string[]
}

/** Columns that a check constraint limits to a list: Postgres prints `x in ('a', 'b')` as `x = ANY (ARRAY['a'::text, …])`. */
async function allowedValues(db: Kysely<unknown>): Promise<Allowed[]> {
  const { rows } = await sql<{ table: string; column: string; definition: string }>`
    select c.relname as table, a.attname as column, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k
    join pg_class c on c.oid = k.conrelid
    join pg_attribute a on a.attrelid = c.oid and array[a.attnum] = k.conkey
    where k.contype = 'c' and k.connamespace = 'finance'::regnamespace
    order by 1, 2`.execute(db)

  return rows.flatMap(({ table, column, definition }) => {
    const [, on, list] = /^CHECK \(\(+(\w+) = ANY \(ARRAY\[([^\]]*)\]\)\)+$/.exec(definition) ?? []
    if (on !== column || list === undefined) return []
    const values = [...list.matchAll(/'((?:[^']|'')*)'::text/g)].map(([, text = '']) => text.replaceAll("''", "'"))
    return [{ table, column, values }]
  })
}

/** Columns that cannot be written at all. */
async function generatedColumns(db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ path: string }>`
    select 'finance.' || c.relname || '.' || a.attname as path
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and a.attnum > 0
      and (a.attgenerated <> '' or a.attidentity = 'a')`.execute(db)
  return rows.map(({ path }) => path)
}

async function typesOf(db: Kysely<unknown>): Promise<string> {
  const allowed = await allowedValues(db)
  for (const path of await generatedColumns(db)) {
    if (!COLUMNS[path]?.startsWith('GeneratedAlways<')) throw new Error(`${path} is generated: add it to COLUMNS.`)
  }

  const dialect = new PostgresDialect({ dateParser: 'string' })
  // What our connections return and accept (src/connection/parsers.ts): a number is never taken for an amount.
  const { scalars } = dialect.adapter
  scalars.numeric = new IdentifierNode('string')
  scalars.interval = new IdentifierNode('string')
  scalars.int8 = new IdentifierNode('number')

  return generate({
    db,
    dialect,
    includePattern: 'finance.*',
    excludePattern: 'finance.migrations', // the migrator's own
    outFile: null,
    overrides: { columns: COLUMNS },
    customImports: IMPORTS,
    async postprocess({ metadata }) {
      for (const { table, column, values } of allowed) {
        const found = metadata.tables.find(({ name }) => name === table)?.columns.find(({ name }) => name === column)
        if (found !== undefined) found.enumValues = values
      }
      return metadata
    },
  })
}

async function main(): Promise<void> {
  const pglite = await PGlite.create({ extensions: { vector } })
  const db = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite }) })
  try {
    const { skipped } = await migrate(db)
    for (const { name, reason } of skipped) throw new Error(`${name} was skipped: ${reason}`)
    const types = await typesOf(db)
    const present = existsSync(OUT) ? await readFile(OUT, 'utf8') : ''
    if (present === types) {
      console.log('src/schema/generated.ts is up to date.')
    } else if (process.argv.includes('--check')) {
      console.error(new DiffChecker().diff(types, present))
      console.error('src/schema/generated.ts does not match the migrations: run `npm run codegen`.')
      process.exitCode = 1
    } else {
      await writeFile(OUT, types)
      console.log('src/schema/generated.ts is written.')
    }
  } finally {
    await db.destroy()
  }
}

await main()
