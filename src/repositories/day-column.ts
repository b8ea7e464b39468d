import { type AliasedRawBuilder, sql } from 'kysely'

/**
 * A `date` column as `'YYYY-MM-DD'` under its own name, whatever driver and parser the handle has: pg's default makes a
 * `Date` of it at local midnight, which is the day before for half of the world.
 */
export function dayColumn<Name extends string>(name: Name): AliasedRawBuilder<string, Name> {
  return sql<string>`to_char(${sql.ref(name)}, 'YYYY-MM-DD')`.as(name)
}
