/** What a statement may refer to: quoted identifiers. Rendered with default names for checksums, with the real ones when run. */
export interface Names {
  /** The schema that holds everything of ours. */
  readonly finance: string
  /** The schema that holds pgvector's types and operators. */
  readonly vector: string
}

/** One step of the schema. Released steps are never edited: the next one corrects. */
export interface SqlMigration {
  /** `0001_users`: sorted order is the order of application. */
  readonly name: string
  /** One statement each, so that every one can be run alone (Citus wants it) and named when it fails. */
  readonly up: (names: Names) => readonly string[]
  /** Undoes `up`, with the data that came since. For development. */
  readonly down: (names: Names) => readonly string[]
  /** Older code must not run against a database that has it. */
  readonly breaking?: boolean
  /** Applied only where pgvector is; skipped elsewhere, without an error, and picked up by a later run. */
  readonly requires?: 'vector'
}
