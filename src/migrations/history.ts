import { type Kysely, sql } from 'kysely'
import { identifier, literal } from '../quoting.js'
import { sqlState } from '../sql-state.js'
import { version } from '../version.js'
import { comments } from './comments.js'
import type { MigrationSource, Step } from './steps.js'

/** A migration that was applied. */
export interface AppliedMigration {
  /** From 1, in the order of application. */
  readonly sequence: number
  readonly name: string
  readonly source: MigrationSource
  /** SHA-256 of its statements; null when it is code. */
  readonly checksum: string | null
  /** Code that does not know this migration must not run against the database. */
  readonly breaking: boolean
  readonly applied_at: Date
  readonly duration_ms: number
  /** Of this library, when it applied the migration. */
  readonly package_version: string
  /** The database role. */
  readonly applied_by: string
}

/** What the database says of itself, in one query. */
export interface State {
  /** In the order of application; undefined where there is no history table. */
  readonly history: readonly AppliedMigration[] | undefined
  readonly vector: VectorState | undefined
}

/** What is known of pgvector, asked only while a migration that requires it is not applied. */
export interface VectorState {
  /** The schema that pgvector is installed in; null where it is not installed. */
  readonly schema: string | null
  /** Whether it is installed or this role can install it; null when the server does not have it. */
  readonly creatable: boolean | null
  /** Whether there is a schema `public` to install it in. */
  readonly public: boolean
}

/** The history table of a schema, qualified and quoted. */
export function historyTable(schema: string): string {
  return `${identifier(schema)}.migrations`
}

/** What makes the history table, one statement each. */
export function createHistory(schema: string): string[] {
  const table = historyTable(schema)
  const columns = {
    sequence: 'From 1, in the order of application.',
    name: 'The file of the migration, without its extension.',
    source: 'finance-db: part of the library. host: of the application that embeds it.',
    checksum: 'SHA-256 of the statements; null when the migration is code.',
    breaking: 'Code that does not know this migration must not run against the database.',
    started_at: 'When someone took it on last.',
    applied_at: 'Null: not applied yet, someone builds its indexes online.',
    duration_ms: 'Milliseconds that its statements took.',
    package_version: 'Version of the library that applied it.',
    applied_by: 'Database role that applied it.',
  }
  return [
    `create table if not exists ${table} (
  sequence integer not null,
  name text not null,
  source text not null,
  checksum text,
  breaking boolean not null,
  started_at timestamptz not null default clock_timestamp(),
  applied_at timestamptz default clock_timestamp(),
  duration_ms integer not null,
  package_version text not null,
  applied_by text not null default current_user,
  constraint migrations_pkey primary key (name),
  constraint migrations_sequence_key unique (sequence),
  constraint migrations_source_check check (source in ('finance-db', 'host')),
  constraint migrations_checksum_check check (checksum is not null or source = 'host'),
  constraint migrations_duration_ms_check check (duration_ms >= 0)
)`,
    ...comments(table, 'Migrations that this schema has had. Written by migrate(); not to be edited.', columns),
  ]
}

/**
 * @param duration An SQL expression for milliseconds.
 * @param appliedAt An SQL expression; null for a migration that is begun.
 */
export function insertHistory(schema: string, step: Step, duration: string, appliedAt = 'clock_timestamp()'): string {
  const { name, source, checksum, breaking } = step
  const values = [
    literal(name),
    literal(source),
    checksum === null ? 'null' : literal(checksum),
    breaking,
    duration,
    literal(version),
    appliedAt,
  ]
  return `insert into ${historyTable(schema)}
  (sequence, name, source, checksum, breaking, duration_ms, package_version, applied_at)
select coalesce(max(sequence), 0) + 1, ${values.join(', ')} from ${historyTable(schema)}`
}

/** Says that someone has begun to build the indexes of an online migration, which takes more than a transaction. */
export function claimHistory(schema: string, step: Step): string {
  return `${insertHistory(schema, step, '0', 'null::timestamptz')}
on conflict (name) do update set started_at = clock_timestamp()`
}

/** Makes it a migration that is applied, whether it was claimed or not. */
export function finishHistory(schema: string, step: Step): string {
  return `${insertHistory(schema, step, '0')}
on conflict (name) do update set applied_at = clock_timestamp(),
  -- who began it may have had other statements
  checksum = excluded.checksum, package_version = excluded.package_version,
  duration_ms = least(extract(epoch from clock_timestamp() - migrations.started_at) * 1000, 2147483647)::integer`
}

export function deleteHistory(schema: string, name: string): string {
  return `delete from ${historyTable(schema)} where name = ${literal(name)}`
}

/**
 * Reads the history and, while one of `steps` that requires it is not applied, what there is of pgvector: one round trip.
 * Everything comes as one JSON text, which no type parser or plugin of the host's changes.
 */
export async function readState(db: Kysely<unknown>, schema: string, steps: readonly Step[]): Promise<State> {
  const vectorSteps = steps.filter(({ requires }) => requires === 'vector').map(({ name }) => name)
  const table = sql.raw(historyTable(schema))
  const applied = sql`(select count(*) from ${table} where name = any (${vectorSteps}::text[]) and applied_at is not null)`
  try {
    return await readJson(
      db,
      sql`select json_build_object(
  'history', (
    select coalesce(json_agg(to_jsonb(entry) - 'started_at' order by entry.sequence), '[]')
    from ${table} as entry where applied_at is not null
  ),
  'vector', case when ${applied} < ${vectorSteps.length}::int then ${vectorState} end
)::text as state`,
    )
  } catch (error) {
    if (db.isTransaction) throw error // aborted: nothing more can be asked
    const state = sqlState(error) ?? ''
    const isMissing = state === '42P01' || (state === '42501' && !(await hasHistory(db, schema)))
    if (!isMissing) throw error
    if (vectorSteps.length === 0) return { history: undefined, vector: undefined }
    return await readJson(db, sql`select json_build_object('vector', ${vectorState})::text as state`)
  }
}

/** Also for a role that may not look into the schema. */
async function hasHistory(db: Kysely<unknown>, schema: string): Promise<boolean> {
  const { rows } = await sql`select from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = ${schema} and c.relname = 'migrations'`.execute(db)
  return rows.length > 0
}

/**
 * A role can install pgvector as a superuser, or where the extension is trusted and the role may create in the database,
 * or as what the large clouds give in place of a superuser. The versions are asked last: listing them reads every file of
 * every extension, ten times the cost of all the rest.
 */
const vectorState = sql`(select json_build_object(
  'schema', (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector'),
  'public', exists (select from pg_namespace where nspname = 'public'),
  'creatable', case
    when exists (select from pg_extension where extname = 'vector') then true
    when not exists (select from pg_available_extensions() where name = 'vector') then null
    when (select rolsuper from pg_roles where rolname = current_user) then true
    when exists (
      select from pg_roles
      where rolname in ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin') and pg_has_role(oid, 'member')
    ) then true
    else has_database_privilege(current_database(), 'create') and (
      select bool_or(trusted) from pg_available_extension_versions() where name = 'vector'
    )
  end
))`

async function readJson(db: Kysely<unknown>, query: ReturnType<typeof sql>): Promise<State> {
  const { rows } = await query.execute(db)
  const { state } = rows[0] as { state: string }
  const { history, vector } = JSON.parse(state) as { history?: StoredRow[]; vector?: VectorState | null }
  return {
    history: history?.map((row) => ({ ...row, applied_at: new Date(row.applied_at) })),
    vector: vector ?? undefined,
  }
}

/** JSON has no instants: Postgres writes them in ISO 8601. */
type StoredRow = Omit<AppliedMigration, 'applied_at'> & { applied_at: string }
