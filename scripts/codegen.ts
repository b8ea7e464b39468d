/** Writes src/schema/generated.ts from a migrated, embedded database. `--check` writes nothing and fails on drift. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { Kysely, PGliteDialect, sql } from 'kysely'
import { DiffChecker } from 'kysely-codegen'
import { typesOf } from '../src/codegen.js'
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

/** Columns that cannot be written at all. */
async function generatedColumns(db: Kysely<unknown>): Promise<string[]> {
  const { rows } = await sql<{ path: string }>`
    select 'finance.' || c.relname || '.' || a.attname as path
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'finance'::regnamespace and c.relkind = 'r' and a.attnum > 0
      and (a.attgenerated <> '' or a.attidentity = 'a')`.execute(db)
  return rows.map(({ path }) => path)
}

async function ourTypes(db: Kysely<unknown>): Promise<string> {
  for (const path of await generatedColumns(db)) {
    if (!COLUMNS[path]?.startsWith('GeneratedAlways<')) throw new Error(`${path} is generated: add it to COLUMNS.`)
  }
  return typesOf(db, {
    includePattern: 'finance.*',
    excludePattern: 'finance.migrations', // the migrator's own
    columns: COLUMNS,
    imports: IMPORTS,
  })
}

async function main(): Promise<void> {
  const pglite = await PGlite.create({ extensions: { vector } })
  const db = new Kysely<unknown>({ dialect: new PGliteDialect({ pglite }) })
  try {
    const { skipped } = await migrate(db)
    for (const { name, reason } of skipped) throw new Error(`${name} was skipped: ${reason}`)
    const types = await ourTypes(db)
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
