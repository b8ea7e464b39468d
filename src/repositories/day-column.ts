import { type AliasedRawBuilder, sql } from 'kysely'

/**
 * A `date` column as `'YYYY-MM-DD'` under its own name, whatever driver and parser the handle has: pg's default makes a
 * `Date` of it at local midnight, which is the day before for half of the world. By way of `timestamp`, since Postgres
 * would else take the midnight of the session's time zone, and zones have skipped whole days (Samoa 2011-12-30).
 */
export function dayColumn<Name extends string>(name: Name): AliasedRawBuilder<string, Name> {
  return sql<string>`to_char(${sql.ref(name)}::timestamp, 'YYYY-MM-DD')`.as(name)
}
