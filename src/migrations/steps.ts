import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { InvalidInputError } from '../errors.js'
import { checksum, DEFAULT_NAMES } from './names.js'
import { parseIndex } from './online-index.js'
import type { Names, SqlMigration } from './shape.js'

/** Who wrote a migration: this library, or the host that embeds it. */
export type MigrationSource = 'finance-db' | 'host'

/**
 * A host's own migrations. They run after ours, in the order of their names. A list of {@link SqlMigration} is
 * checksummed; Kysely's own, by name as its `MigrationProvider` has them, are code, so their edits go unnoticed. A record
 * may hold both: a {@link SqlMigration} is told by its `name`, which repeats the key.
 */
export type HostMigrations = readonly SqlMigration[] | Readonly<Record<string, SqlMigration | CodeMigration>>

/** One of Kysely's own. That it has no name tells the compiler what the parameter of `up` is. */
type CodeMigration = Migration & { readonly name?: undefined }

/** A migration as the engine sees it, whoever wrote it. */
export type Step = SqlStep | CodeStep

interface StepBase {
  readonly name: string
  readonly source: MigrationSource
  readonly breaking: boolean
}

export interface SqlStep extends StepBase {
  readonly kind: 'sql'
  readonly checksum: string
  readonly requires: 'vector' | undefined
  readonly online: boolean
  readonly up: (names: Names) => readonly string[]
  readonly down: (names: Names) => readonly string[]
}

export interface CodeStep extends StepBase {
  readonly kind: 'code'
  readonly checksum: null
  readonly requires: undefined
  readonly up: (db: Kysely<unknown>) => Promise<void>
  readonly down: ((db: Kysely<unknown>) => Promise<void>) | undefined
}

/**
 * Ours, then the host's, in the order in which an empty database gets them.
 *
 * @throws {InvalidInputError} A name is taken twice, is out of order, or does not fit its definition.
 */
export function stepsOf(ours: readonly SqlMigration[], host: HostMigrations = {}): Step[] {
  const own = ours.map((migration, index) => {
    const before = ours[index - 1]
    if (before !== undefined && before.name >= migration.name)
      throw wrong(migration.name, `must sort after ${before.name}`)
    return sqlStep(migration, 'finance-db')
  })
  const names = new Set(own.map(({ name }) => name))

  const byName = recordOf(host)
  const hosts = Object.keys(byName)
    .sort() // by code unit, like ours: the same order in every locale
    .map((name): Step => {
      if (names.has(name)) throw wrong(name, 'is the name of a migration of finance-db: rename yours')
      const migration = byName[name]
      if (typeof migration?.up !== 'function') throw wrong(name, 'has no function `up`')
      return migration.name === undefined ? codeStep(name, migration) : hostSqlStep(name, migration)
    })

  return [...own, ...hosts]
}

function recordOf(host: HostMigrations): Readonly<Record<string, SqlMigration | CodeMigration>> {
  if (!isList(host)) return host
  const byName = Object.fromEntries(host.map((migration) => [migration.name, migration]))
  const repeated = host.find((migration) => byName[migration.name] !== migration)
  if (repeated !== undefined) throw wrong(repeated.name, 'is there twice')
  return byName
}

// Array.isArray does not narrow a readonly array.
function isList(host: HostMigrations): host is readonly SqlMigration[] {
  return Array.isArray(host)
}

/** The statements of one direction. A statement's final semicolons and white space are dropped. */
export function statementsOf(step: SqlStep, direction: 'up' | 'down', names: Names): string[] {
  return step[direction](names).map((statement) => statement.replace(/[\s;]+$/, ''))
}

function hostSqlStep(name: string, migration: SqlMigration): SqlStep {
  if (migration.name !== name) throw wrong(name, `calls itself ${migration.name}`)
  return sqlStep(migration, 'host')
}

function sqlStep(migration: SqlMigration, source: MigrationSource): SqlStep {
  const { name, up, down, breaking = false, requires, online = false } = migration
  const statements = up(DEFAULT_NAMES)
  if (!Array.isArray(statements) || !statements.every((statement) => typeof statement === 'string')) {
    throw wrong(name, '`up` must return a list of statements (a Kysely migration has no `name` of its own)')
  }
  if (online && !statements.every((statement) => parseIndex(statement) !== undefined)) {
    throw wrong(name, 'is online, so each statement of `up` must be `create [unique] index name on schema.table …`')
  }
  return { kind: 'sql', name, source, breaking, requires, online, checksum: checksum(statements), up, down }
}

function codeStep(name: string, migration: Migration): CodeStep {
  return {
    kind: 'code',
    name,
    source: 'host',
    breaking: false,
    requires: undefined,
    checksum: null,
    up: async (db) => {
      const result: unknown = await migration.up(db)
      if (Array.isArray(result)) throw wrong(name, 'returned a list: give it its `name` if these are statements')
    },
    down: migration.down && (async (db) => migration.down?.(db)),
  }
}

function wrong(path: string, message: string): InvalidInputError {
  return new InvalidInputError('The list of migrations', [{ path, message }])
}
