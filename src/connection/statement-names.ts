import { createHash } from 'node:crypto'

/** Which statements of one pool are prepared under a name. */
export interface StatementNames {
  /** The name for a statement, or undefined when it should be sent without one. */
  nameFor(text: string): string | undefined
  /** Takes note that the server refused a name, and changes the names (or stops giving any) so that it cannot again. */
  refused(error: unknown): void
}

// A prepared statement lives on every connection until that closes (a few kB to some hundred in the server), so the
// number of names is bounded. A text earns its name by coming twice: one-off texts, such as VALUES lists of every
// length, take no place. Longer texts gain nothing: sending them costs more than planning.
const maxNames = 500
const maxCandidates = 500
const maxLength = 16_384
const maxLostStatements = 3

export const noStatementNames: StatementNames = { nameFor: () => undefined, refused: () => {} }

/** Names are hashes of the text, so that two users of one pool give the same text the same name. */
export function createStatementNames(): StatementNames {
  const names = new Map<string, string>()
  const candidates = new Set<string>()
  let generation = 0
  let lost = 0

  return {
    nameFor(text) {
      const known = names.get(text)
      if (known !== undefined) return known
      if (names.size >= maxNames || text.length > maxLength || lost >= maxLostStatements) return undefined
      if (!candidates.delete(text)) {
        const [oldest] = candidates
        if (oldest !== undefined && candidates.size >= maxCandidates) candidates.delete(oldest)
        candidates.add(text)
        return undefined
      }
      const name = `fdb${generation}_${createHash('sha1').update(text).digest('hex').slice(0, 24)}`
      names.set(text, name)
      return name
    },

    refused(error) {
      names.clear()
      generation++
      // Behind a pooler that hands out another server connection for each transaction, names never hold for long.
      if (codeOf(error) !== '0A000') lost++
    },
  }
}

/**
 * True for an error that only says that a prepared statement is out of date: the table changed under it (`0A000`), the
 * server no longer has it (`26000`), or has another of its name (`42P05`). The statement did not run; outside a
 * transaction our handle has already repeated it, inside one the transaction has to be repeated (`transaction` does).
 * Looks at the whole chain of `cause`.
 */
export function isStalePlan(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    const code = codeOf(e)
    if (code === '26000' || code === '42P05') return true
    // 0A000 is any feature that is missing; this function of the server raises it for a plan.
    if (code === '0A000' && 'routine' in e && e.routine === 'RevalidateCachedQuery') return true
  }
  return false
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
