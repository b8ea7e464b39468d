/** What an attack is told about the database that it is tried on. */
export interface Ground {
  /** The schema of our tables, as it is written in SQL. */
  readonly schema: string
  /** Whose rows the door shows. */
  readonly me: string
  /** Somebody else, whose rows it must not show. */
  readonly victim: string
  /** A word that stands in rows and secrets that must not be shown, and nowhere else. */
  readonly canary: string
  /** A claim for the victim without a signature that the database knows: forged, expired, of an unknown key, taken apart. */
  readonly forgedScopes: readonly string[]
}

/** One text to send, with its parameters. */
export interface Attempt {
  readonly sql: string
  readonly params?: readonly unknown[]
}

/** Which of the checks an attack is about. The runner does all of them after each. */
export type Aim =
  | 'write'
  | 'rows of others'
  | 'secrets'
  | 'session'
  | 'locks'
  | 'server'
  | 'disclosure'
  | 'process'
  | 'load'

/** A way around a read-only door, in several spellings. */
export interface Attack {
  readonly id: string
  /** Number in the table of docs/security.md. */
  readonly technique: number
  readonly aim: Aim
  /** What it would give who tries it. */
  readonly gains: string
  /**
   * What is a breach besides what the runner finds (a canary, a write, a changed session, a lock, an unexplained refusal):
   * `answer`, any answer at all; `row`, an answer whose first row has something in it that is not null, false or 0; `trace`,
   * nothing more. A function says why in a sentence, or nothing.
   */
  readonly breach:
    | 'answer'
    | 'row'
    | 'trace'
    | ((rows: readonly Record<string, unknown>[], ground: Ground) => string | undefined)
  /** States of the server that tell of the row of somebody else: an error with one of them is a breach. */
  readonly tellingStates?: readonly string[]
  /**
   * Why an answer is no breach where the parser guard is off: what is then known to be weak. What the runner finds counts all
   * the same.
   */
  readonly withoutGuard?: string
  /** Burns processor, memory or time until a limit of the door stops it. Not for a production server unless asked for. */
  readonly heavy?: true
  readonly attempts: (ground: Ground) => readonly Attempt[]
}

/** Texts without parameters. */
export function texts(...list: readonly string[]): Attempt[] {
  return list.map((sql) => ({ sql }))
}
