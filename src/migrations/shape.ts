/** What a statement may refer to. Rendered with the default names for checksums, with the real ones when run. */
export interface Names {
  /** Quoted identifier of the schema that holds our objects, `"finance"` unless the host chose another. */
  readonly finance: string
  /** Quoted identifier of the schema that pgvector's types, operators and operator classes live in. */
  readonly vector: string
}

/**
 * One step of the schema. It runs in a transaction of its own. Our tables are named through {@link Names}, since a host may
 * choose their schema. Ours run with an empty `search_path`, so every name that is not of `pg_catalog` is qualified; a host's
 * own run with that of its connection.
 *
 * A released migration is never edited: the next one corrects it. `up` is checksummed, `down` is not.
 */
export interface SqlMigration {
  /** `'0001_users'`: the sorted order of names is the order of application. */
  readonly name: string
  /** One statement each, so that every one can be run alone (Citus wants it) and named when it fails. */
  readonly up: (names: Names) => readonly string[]
  /** Undoes `up`, with the data that came since. For development. */
  readonly down: (names: Names) => readonly string[]
  /** Code that does not know this migration must not run against a database that has it. */
  readonly breaking?: boolean
  /** Applied only where pgvector is installed or can be created; skipped elsewhere, and picked up by a later run. */
  readonly requires?: 'vector'
  /**
   * `up` is `create [unique] index name on table …` and nothing else, on tables that may be large. On one that is, the index
   * is built `concurrently`, outside of a transaction, while others read and write; elsewhere in the transaction as usual.
   */
  readonly online?: true
}
