import { type Control, shortened } from './control.js'
import { Line, type Turn } from './line.js'
import { OuterTransaction } from './outer-transaction.js'
import { Place, SandboxError, type SandboxProblem, type SandboxProblemKind } from './problems.js'
import { localSettings, type Settings } from './settings.js'
import type { Wire } from './wire.js'

// Taken when the module loads, so that the fake timers of a test do not stop them.
const { setImmediate } = globalThis
const now = performance.now.bind(performance)

/** A statement that the code under test ran. Transaction control is not among them, nor are parameters. */
export interface SandboxQuery {
  readonly sql: string
  readonly durationMs: number
  readonly failed: boolean
}

export interface SessionOptions {
  readonly test: string
  readonly stallMs: number
  readonly deferred: 'end' | 'commit' | 'never'
}

/** A statement that the code under test sends. */
export interface Call {
  readonly text: string
  readonly values: readonly unknown[]
  /** Where it comes from. */
  readonly place: Place
  /** The settings that it runs with. */
  readonly settings: Settings
}

/** What runs a statement on the server, inside the turn that a session has given. */
type Work = (ahead: readonly string[]) => Promise<unknown>

/** An open transaction of the code under test: it has the connection until it ends. */
export interface OpenTransaction {
  readonly turn: Turn
  /** Settings that it set for itself, as they were before. */
  readonly locals: Map<string, string>
}

/**
 * One test on one connection, inside a transaction that is rolled back. It starts with the first statement. Each lone
 * statement is under a savepoint, which travels in the same round trip; transactions are savepoints too.
 */
export class Session {
  readonly queries: SandboxQuery[] = []
  readonly #wire: Wire
  readonly #outer: OuterTransaction
  readonly #options: SessionOptions
  readonly #line: Line
  readonly #problems: SandboxProblem[] = []
  readonly #running = new Map<Place, string>()
  readonly #late: (error: SandboxError) => void
  #endedBySql = false
  #ended = false

  constructor(wire: Wire, options: SessionOptions, late: (error: SandboxError) => void) {
    this.#wire = wire
    this.#outer = new OuterTransaction(wire)
    this.#options = options
    this.#late = late
    this.#line = new Line(options.stallMs, (waiting, holder) =>
      this.problem(
        'deadlock',
        `«${waiting}» has waited for ${options.stallMs} ms for a ${holder.what} that does nothing, begun at ${holder.place.line}. ` +
          'A test has one connection. If that transaction waits for this statement, run it on the transaction’s own handle ' +
          '(in production it would take a second connection and not see what the transaction wrote); ' +
          'if the transaction was forgotten, end it.',
        holder.place,
      ),
    )
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Whether something was, or may have been, committed. */
  get dirty(): boolean {
    return this.#endedBySql
  }

  /** Notes a problem, which `close` throws, and makes the error for whoever causes it. */
  problem(kind: SandboxProblemKind, message: string, cause?: unknown): SandboxError {
    const problem: SandboxProblem = { kind, message, ...(cause !== undefined && { cause }) }
    this.#problems.push(problem)
    return new SandboxError(this.#options.test, [problem])
  }

  /** Runs a lone statement under a savepoint of its own. */
  async alone(call: Call, work: Work, separate = false): Promise<unknown> {
    const turn = await this.#take(shortened(call.text), call.place)
    try {
      return await turn.working(async () => {
        const locals = localSettings(call.text, call.values)
        // Settings may be refused, which would leave the statement behind them without an answer.
        const apart = separate || locals.length > 0 || this.#outer.changes(call.settings)
        let ahead = this.#outer.toStatement(call.settings)
        if (apart) {
          await this.#wire.script(ahead)
          ahead = []
        }
        const before = new Map<string, string>()
        await this.#outer.remember(locals, before)
        try {
          const result = await this.#logged(call, () => work(ahead))
          this.#outer.restoreLater(before)
          return result
        } finally {
          if (this.#wire.status === 'E') await this.#outer.undoStatement()
        }
      })
    } finally {
      turn.done()
    }
  }

  async begin(readOnly: boolean, { place, settings }: Call): Promise<OpenTransaction> {
    const turn = await this.#take('transaction', place)
    try {
      await turn.working(async () => {
        const statements = this.#outer.toTransaction(settings)
        if (readOnly) statements.push('set transaction read only')
        await this.#wire.script(statements)
      })
      return { turn, locals: new Map() }
    } catch (error) {
      turn.done()
      throw error
    }
  }

  async inside({ turn, locals }: OpenTransaction, call: Call, work: Work): Promise<unknown> {
    this.#assertUsable(call.text)
    return turn.working(async () => {
      if (this.#wire.status === 'T') await this.#outer.remember(localSettings(call.text, call.values), locals)
      return this.#logged(call, () => work([]))
    })
  }

  /** `set transaction read only` holds until the savepoint ends; isolation levels belong to the outermost transaction. */
  async mode({ turn }: OpenTransaction, control: Control & { kind: 'mode' }): Promise<void> {
    this.#assertUsable('set transaction')
    if (control.readOnly && !control.session) await turn.working(() => this.#wire.script(['set transaction read only']))
  }

  /** @returns The command that the server would answer: `ROLLBACK` for a transaction that has failed. */
  async commit({ turn, locals }: OpenTransaction): Promise<'COMMIT' | 'ROLLBACK'> {
    try {
      this.#assertUsable('commit')
      return await turn.working(async () => {
        if (this.#wire.status === 'E') {
          await this.#outer.undoTransaction()
          return 'ROLLBACK'
        }
        try {
          await this.#outer.releaseTransaction(this.#options.deferred === 'commit')
        } catch (error) {
          if (this.#wire.broken === undefined) await this.#outer.undoTransaction()
          throw error
        }
        this.#outer.restoreLater(locals)
        return 'COMMIT'
      })
    } finally {
      turn.done()
    }
  }

  async rollback({ turn }: OpenTransaction): Promise<void> {
    try {
      this.#assertUsable('rollback')
      await turn.working(() => this.#outer.undoTransaction())
    } finally {
      turn.done()
    }
  }

  /**
   * Rolls everything back, whatever state the test has left it in.
   *
   * @throws {SandboxError} All that the test did wrong.
   */
  async close(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    for (const { what, place } of this.#line.waiting) this.#forgotten(what, place, 'was waiting for its turn')
    for (const [place, text] of this.#running) this.#forgotten(text, place, 'was running')
    this.#line.refuseAll(
      (what) => new SandboxError(this.#options.test, [{ kind: 'after-end', message: afterEnd(what) }]),
    )

    await this.#settled()
    if (this.#outer.begun && !this.#endedBySql && this.#wire.broken === undefined) {
      await this.#outer.rollBack(this.#options.deferred === 'never' ? undefined : (error) => this.#unheld(error))
    } else if (this.#wire.status !== 'I') this.#wire.destroy()
    if (this.#problems.length > 0) throw new SandboxError(this.#options.test, this.#problems)
  }

  /** Runs on the connection between the statements of the test, whole or not at all, without an entry in the log. */
  async behind(statements: readonly string[]): Promise<void> {
    const turn = await this.#take('statement of the sandbox')
    try {
      await turn.working(async () => {
        await this.#wire.script(this.#outer.toStatement({}))
        try {
          await this.#wire.script(statements)
        } catch (error) {
          await this.#outer.undoStatement()
          throw error
        }
      })
    } finally {
      turn.done()
    }
  }

  /** What the rollback does not undo of the connection, which serves other tests. */
  afterRollback(statement: string): void {
    this.#outer.afterRollback(statement)
  }

  #unheld(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error)
    this.problem('deferred-constraint', `What is checked at commit does not hold at the end: ${detail}`, error)
  }

  /** Waits for statements that run on; one that takes too long loses its connection. */
  async #settled(): Promise<void> {
    const giveUpAt = now() + this.#options.stallMs
    while (this.#running.size > 0 && this.#wire.broken === undefined) {
      if (now() > giveUpAt) this.#wire.destroy()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #forgotten(text: string, place: Place, state: string): void {
    this.problem('forgotten-promise', `«${shortened(text)}» ${state} when the test ended: await it.`, place)
  }

  async #take(what: string, place = new Place(what)): Promise<Turn> {
    this.#assertUsable(what)
    const turn = await this.#line.take(what, place)
    try {
      this.#assertUsable(what)
    } catch (error) {
      turn.done()
      throw error
    }
    return turn
  }

  #assertUsable(what: string): void {
    if (this.#ended) {
      const error = new SandboxError(this.#options.test, [
        { kind: 'after-end', message: afterEnd(what), cause: new Place(what) },
      ])
      this.#late(error)
      throw error
    }
    if (this.#endedBySql) {
      throw new SandboxError(
        this.#options.test,
        this.#problems.filter(({ kind }) => kind === 'ended-by-sql'),
      )
    }
    if (this.#wire.broken !== undefined) throw this.#wire.broken
  }

  async #logged({ text, place }: Call, work: () => Promise<unknown>): Promise<unknown> {
    const began = now()
    let failed = true
    this.#running.set(place, text)
    try {
      const result = await work()
      failed = false
      return result
    } finally {
      this.#running.delete(place)
      this.queries.push({ sql: text, durationMs: now() - began, failed })
      this.#assertOpen(text, place)
    }
  }

  #assertOpen(text: string, place: Place): void {
    if (this.#wire.status !== 'I' || this.#wire.broken !== undefined) return
    this.#endedBySql = true
    throw this.problem(
      'ended-by-sql',
      `«${shortened(text)}» ended the transaction that the test is rolled back with, so what it wrote may be there for good.`,
      place,
    )
  }
}

function afterEnd(what: string): string {
  return `«${shortened(what)}» came after the end of the test: something it started was not awaited.`
}
