import type { Kysely } from 'kysely'
import { schemaOf } from '../connection/schema-plugin.js'
import { InvalidInputError, PermissionDeniedError, UnsupportedError } from '../errors.js'
import { sqlState } from '../sql-state.js'
import { type AppliedMigration, historyTable, readState, type State } from './history.js'
import { checkSchemaName } from './names.js'
import type { Step } from './steps.js'

/** A database to migrate. */
export interface Handle {
  /** As the host gave it: its own migrations get its plugins. */
  readonly db: Kysely<unknown>
  /** Without plugins: for statements of the engine, whose names are not to be mapped. */
  readonly raw: Kysely<unknown>
  readonly schema: string
}

/** @throws {UnsupportedError} `given` is a transaction, or not a PostgreSQL. */
export function handleOf<DB>(given: Kysely<DB>, schema: string | undefined): Handle {
  const db = given as Kysely<unknown>
  if (db.isTransaction) {
    throw new UnsupportedError(
      'Migrations run in transactions of their own, one each: pass the database handle, not a transaction.',
    )
  }
  if (db.getExecutor().adapter.supportsTransactionalDdl !== true) {
    throw new UnsupportedError('Migrations need PostgreSQL or PGlite: this handle has another dialect.')
  }
  return { db, raw: db.withoutPlugins(), schema: checkSchemaName(schema ?? schemaOf(db)) }
}

/** Reads the state outside a transaction: the one query of a warm start. */
export async function peek({ raw, schema }: Handle, steps: readonly Step[]): Promise<State> {
  try {
    return await readState(raw, schema, steps)
  } catch (cause) {
    if (sqlState(cause) !== '42501') throw cause
    throw new PermissionDeniedError(
      `This role may not read the migration history. As an administrator grant it usage on schema ${schema} ` +
        `and select on ${historyTable(schema)}.`,
      { cause },
    )
  }
}

/** @throws {InvalidInputError} */
export function milliseconds(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 2_147_483_647) return value
  throw new InvalidInputError('The option', [
    { path: option, message: 'must be a whole number of milliseconds from 1' },
  ])
}

export function applied(state: State): readonly AppliedMigration[] {
  return state.history ?? []
}
