/** A node of the parse tree: `{ SelectStmt: {…} }`, or the inside of one. */
export type Node = Readonly<Record<string, unknown>>

/** A list of nodes, each under its kind; empty when it is none. */
export function itemsOf(list: unknown): ReadonlyArray<Readonly<Record<string, Node | undefined>>> {
  return Array.isArray(list) ? list : []
}

/** The texts of a list of `String` nodes; other kinds, such as `*`, are passed over. An empty text is left out of its node. */
export function namesIn(list: unknown): string[] {
  return itemsOf(list).flatMap(({ String: text }) => (text === undefined ? [] : [String(text.sval ?? '')]))
}
