import { type Kysely, sql } from 'kysely'
import { DatabaseTooNewError, SchemaMissingError } from '../errors.js'
import { handleOf, peek } from '../migrations/handle.js'
import { migrations } from '../migrations/list.js'
import { editedOnes, unknownOnes } from '../migrations/plan.js'
import { stepsOf } from '../migrations/steps.js'
import { psqlHead } from '../psql.js'
import { canonical } from './canonical.js'
import { type CatalogueItem, type ObjectKind, readCatalogue } from './catalogue.js'
import { compare, type RankedDifference, type SchemaDifference } from './compare.js'
import { openShadow } from './shadow.js'

export type { ObjectKind } from './catalogue.js'
export type { SchemaDifference } from './compare.js'

export interface SchemaReport {
  readonly schema: string
  /** Nothing differs, nothing is pending, and no applied migration was edited. */
  readonly ok: boolean
  /** In the order in which they are to be mended. */
  readonly differences: readonly SchemaDifference[]
  /** Objects of the host's in our schema, or on our tables: told, and no damage. */
  readonly added: readonly { readonly kind: ObjectKind; readonly name: string }[]
  /** Migrations that are not applied; what they would make is not missed. */
  readonly pending: readonly string[]
  /** Migrations whose statements are others than those that were applied. */
  readonly edited: readonly string[]
  /** A script for psql that mends the differences, without `--single-transaction`; empty where there are none. */
  readonly script: string
}

/**
 * Compares the schema with what its migrations make: tables, columns, constraints, indexes, functions, triggers, views,
 * policies, privileges and comments. What they make is made in an embedded database in memory, from the list of what the
 * live one has had, so it needs `@electric-sql/pglite`, and `@electric-sql/pglite-pgvector` where documents are. Reads the
 * catalogue only, and changes nothing.
 *
 * Privileges of named roles, and whatever else a host has added, are no difference. A privilege of everybody (`public`)
 * is, where migrations do not give it.
 *
 * @throws {SchemaMissingError} Nothing was ever migrated.
 * @throws {DatabaseTooNewError} It has migrations of a newer version, which alone knows what they make.
 * @throws {UnsupportedError} PGlite is not installed, or `db` is a transaction.
 */
export async function checkSchema<DB>(
  db: Kysely<DB>,
  options: { readonly schema?: string | undefined } = {},
): Promise<SchemaReport> {
  const handle = handleOf(db, options.schema)
  const { raw, schema } = handle
  const { history } = await peek(handle, [])
  if (history === undefined)
    throw new SchemaMissingError(`Schema "${schema}" has no migrations. Run migrate(db), or finance-db migrate.`)

  const steps = stepsOf(migrations)
  const newer = unknownOnes(steps, history).map(({ name }) => name)
  if (newer.length > 0) {
    throw new DatabaseTooNewError(
      `The database has migrations of a newer version: ${newer.join(', ')}. Check it with that version.`,
      newer,
    )
  }
  const names = new Set(history.map(({ name }) => name))
  const applied = migrations.filter(({ name }) => names.has(name))
  const edited = editedOnes(steps, history)

  const server = await askServer(raw)
  const live = await readCatalogue(raw, schema)
  await using shadow = await openShadow({ schema, migrations: applied, ...server })
  const expected = (await readCatalogue(shadow.db, schema)).filter(knownTo(server.version))
  const { differences, added } = compare(expected, await canonical(shadow.db, schema, expected, live))

  const sorted = differences.toSorted((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
  const pending = steps.filter(({ name, requires }) => !names.has(name) && requires === undefined)
  return {
    schema,
    ok: sorted.length + edited.length + pending.length === 0,
    differences: sorted.map(({ rank, ...difference }) => difference),
    added: added.map(({ kind, name }) => ({ kind, name })),
    pending: pending.map(({ name }) => name),
    edited: edited.map(({ name }) => name),
    script: script(sorted),
  }
}

interface Server {
  readonly version: number
  readonly roles: readonly string[]
  readonly vectorSchema: string | null
}

async function askServer(raw: Kysely<unknown>): Promise<Server> {
  const { rows } = await sql<{ server: string }>`select json_build_object(
  'version', current_setting('server_version_num')::integer / 10000,
  'roles', (select json_agg(rolname) from pg_roles where rolname !~ '^pg_'),
  'vectorSchema', (select n.nspname from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'vector')
)::text as server`.execute(raw)
  return JSON.parse(rows[0]?.server ?? '{}') as Server
}

/** The shadow is PostgreSQL 18: it has a privilege that those before 17 do not know. */
function knownTo(version: number) {
  return ({ kind, name }: CatalogueItem) => version >= 17 || kind !== 'grant' || !/^maintain\b/.test(name)
}

function script(differences: readonly RankedDifference[]): string {
  const statements = differences.flatMap(({ kind, name, mend }) =>
    mend.length > 0 ? mend : [`-- By hand: ${kind} ${name.replaceAll('\n', ' ')}`],
  )
  if (statements.length === 0) return ''
  const terminated = statements.map((text) => (text.startsWith('--') ? text : `${text};`))
  return [...psqlHead, "set search_path = '';", 'set check_function_bodies = off;', ...terminated, ''].join('\n')
}
