import type { Compilable } from 'kysely'
import type { Db } from '../schema/database.js'
import { repeatStatement } from '../transaction.js'
import { executeCompiled } from './compiled.js'

/**
 * Calls a function of the database that moves money, in one round trip: built once as {@link executeCompiled} does, and
 * repeated when another transaction got in the way.
 */
export async function callFunction<Params extends object, Row>(
  db: Db,
  name: string,
  params: Params,
  build: (params: Params) => Compilable<Row>,
): Promise<Row[]> {
  return repeatStatement(db, () => executeCompiled(db, name, params, build))
}
