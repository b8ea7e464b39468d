/** An index as an online migration states it. */
export interface OnlineIndex {
  /** As in the catalogue, without quotes. */
  readonly name: string
  /** Qualified and quoted. */
  readonly table: string
  /** Builds it while others read and write. Cannot run in a transaction. */
  readonly create: string
  readonly drop: string
}

/** Undefined where it is no plain `create index`. */
export function parseIndex(statement: string): OnlineIndex | undefined {
  const [, unique = '', name, table, rest] =
    /^\s*create\s+(unique\s+)?index\s+([a-z_][a-z0-9_$]*)\s+on\s+((?:"[^"]+"|\w+)\.(?:"[^"]+"|\w+))([\s(].*)$/is.exec(
      statement,
    ) ?? []
  if (name === undefined || table === undefined) return undefined
  const schema = table.slice(0, table.lastIndexOf('.'))
  return {
    name: name.toLowerCase(),
    table,
    create: `create ${unique}index concurrently if not exists ${name} on ${table}${rest}`,
    drop: `drop index concurrently if exists ${schema}.${name}`,
  }
}
