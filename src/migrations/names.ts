import { createHash } from 'node:crypto'
import { InvalidInputError } from '../errors.js'
import type { Names } from './shape.js'

/** The names that checksums are made with, so that they do not depend on where a database keeps its objects. */
export const DEFAULT_NAMES: Names = { finance: '"finance"', vector: '"public"' }

/** Quotes an identifier for Postgres. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Quotes a string for Postgres, whatever `standard_conforming_strings` says. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted
}

/** @throws {InvalidInputError} Postgres would refuse the name, or cut it at 63 bytes. */
export function checkSchemaName(schema: string): string {
  const wrong = (message: string) => new InvalidInputError('The option', [{ path: 'schema', message }])
  if (schema === '') throw wrong('must not be empty')
  if (schema.includes('\0')) throw wrong('must not contain a zero byte')
  if (Buffer.byteLength(schema) > 63) throw wrong('must be at most 63 bytes long')
  if (schema.startsWith('pg_') || schema === 'information_schema') throw wrong('is reserved by PostgreSQL')
  return schema
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
