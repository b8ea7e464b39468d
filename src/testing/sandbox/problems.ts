import { fileURLToPath } from 'node:url'

/** What a test did to its sandbox that it should not have. */
export type SandboxProblemKind =
  /** A statement on another handle waits for a transaction that waits for it. */
  | 'deadlock'
  /** A statement was not awaited. */
  | 'forgotten-promise'
  /** A transaction was begun and neither committed nor rolled back. */
  | 'leaked-transaction'
  /** A client of `pool.connect()` was not released. */
  | 'leaked-client'
  /** The transaction that everything is rolled back with was ended by SQL. Its database holds what was written. */
  | 'ended-by-sql'
  /** A statement came when the test was over. */
  | 'after-end'
  /** A constraint or trigger that is checked at commit does not hold. */
  | 'deferred-constraint'
  /** What the sandbox cannot do inside of a transaction. */
  | 'unsupported'

export interface SandboxProblem {
  readonly kind: SandboxProblemKind
  readonly message: string
  /** The server's error, or one whose stack says where the thing was begun. */
  readonly cause?: unknown
}

/**
 * A test used its sandbox wrongly. Thrown by the statement that does it and, since code under test may catch that, again
 * by `close()` when the test ends. `problems` has all of them; the message begins with the name of the test.
 */
export class SandboxError extends Error {
  override readonly name = 'SandboxError'
  readonly test: string
  readonly problems: readonly SandboxProblem[]

  constructor(test: string, problems: readonly SandboxProblem[]) {
    const [first, ...others] = problems
    const text = others.length === 0 ? ` ${first?.message}` : problems.map(({ message }) => `\n  - ${message}`).join('')
    super(`${test}:${text}`, first?.cause === undefined ? undefined : { cause: first.cause })
    this.test = test
    this.problems = problems
  }
}

// As it is built, the library is one directory, and in a host it is in node_modules anyway.
const ours = fileURLToPath(new URL(import.meta.url.endsWith('/sandbox/problems.ts') ? '../..' : '.', import.meta.url))

/** Where in the caller's code we are, for reports: the first line of the stack that is neither ours nor a dependency's. */
export class Place extends Error {
  override readonly name = 'Place'

  constructor(what: string) {
    const limit = Error.stackTraceLimit
    // Query builders put many frames between the caller and us.
    Error.stackTraceLimit = 40
    super(what)
    Error.stackTraceLimit = limit
  }

  get line(): string {
    const lines = (this.stack ?? '').split('\n').slice(1)
    const line = lines.find((at) => !/node_modules|node:/.test(at) && !at.includes(ours)) ?? lines.at(-1) ?? ''
    return line.trim().replace(/^at /, '')
  }
}
