import { createHash } from 'node:crypto'
import { schemaNamePattern, schemaNameRule } from '../connection/schema-plugin.js'
import { InvalidInputError } from '../errors.js'
import type { Names } from './shape.js'

/** The names that checksums are made with, so that they do not depend on where a database keeps its objects. */
export const DEFAULT_NAMES: Names = { finance: '"finance"', vector: '"public"' }

/** @throws {InvalidInputError} It is not a name that a handle can be made for, or is one of PostgreSQL's own. */
export function checkSchemaName(schema: string): string {
  const message = schemaNamePattern.test(schema) ? 'is reserved by PostgreSQL' : schemaNameRule
  if (schemaNamePattern.test(schema) && schema !== 'information_schema') return schema
  throw new InvalidInputError('The option', [{ path: 'schema', message }])
}

/**
 * Key of the advisory lock that migrating this schema takes. Advisory locks belong to one database already, so the
 * schema is all that needs telling apart. A signed 64-bit number, as text.
 */
export function lockKey(schema: string): string {
  return createHash('sha256').update(`finance-db migrate\0${schema}`).digest().readBigInt64BE(0).toString()
}

/** SHA-256 over the statements of a migration, rendered with {@link DEFAULT_NAMES}. */
export function checksum(statements: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(statements)).digest('hex')
}
