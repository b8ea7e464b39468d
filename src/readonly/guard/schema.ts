/** What there is to read. */
export interface GuardSchema {
  readonly schema: string
  readonly readable: ReadonlyMap<string, readonly string[]>
  /** Tables of which some columns are withheld. */
  readonly partly: ReadonlySet<string>
  /** Columns that the database does not withhold, and the guard has to. */
  readonly hidden?: ReadonlySet<string> | undefined
}
