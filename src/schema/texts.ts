import { type Expression, sql } from 'kysely'
import { literal } from '../quoting.js'

/**
 * A text in lower case, in which a small i is that of I: where the locale of the database is Turkish, `lower` alone makes a
 * dotless one of it. The unique indexes of users have this expression.
 */
export function lowerCase(text: Expression<unknown>) {
  return sql<string>`lower(replace(${text}, 'I', 'i'))`
}

/** A pattern of ours as a constant, which keeps its backslashes whatever `standard_conforming_strings` says. */
export function pattern(words: string) {
  return sql.raw<string>(literal(words).trim())
}
