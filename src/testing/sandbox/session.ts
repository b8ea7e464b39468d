import type pg from 'pg'
import { type Control, shortened } from './control.js'
import { Line, type Turn } from './line.js'
import { Place, SandboxError, type SandboxProblem, type SandboxProblemKind } from './problems.js'
import { changeSettings, localSettings, restoreSetting, type Settings } from './settings.js'
import type { Wire } from './wire.js'

const transactionPoint = 'sandbox_transaction'
const statementPoint = 'sandbox_statement'
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
  readonly #options: SessionOptions
  readonly #line: Line
  readonly #problems: SandboxProblem[] = []
  readonly #running = new Map<Place, string>()
  readonly #late: (error: SandboxError) => void
  #begun = false
  #point = false
  #applied: Settings = {}
  #restore: string[] = []
  readonly #afterwards = new Set<string>()
  #initiallyDeferred: Promise<string> | undefined
  #endedBySql = false
  #ended = false

  constructor(wire: Wire, options: SessionOptions, late: (error: SandboxError) => void) {
    this.#wire = wire
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
        let ahead = [...this.#prologue(call.settings), `savepoint ${statementPoint}`]
        this.#point = true
        if (separate || locals.length > 0) {
          await this.#wire.script(ahead)
          ahead = []
        }
        const before = new Map<string, string>()
        await this.#remember(locals, before)
        try {
          const result = await this.#logged(call, () => work(ahead))
          this.#restore.push(...[...before].map(([name, value]) => restoreSetting(name, value)))
          return result
        } finally {
          if (this.#wire.status === 'E') await this.#wire.script([`rollback to savepoint ${statementPoint}`])
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
        const statements = [...this.#prologue(settings), `savepoint ${transactionPoint}`]
        this.#point = false
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
      if (this.#wire.status === 'T') await this.#remember(localSettings(call.text, call.values), locals)
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
          await this.#undo()
          return 'ROLLBACK'
        }
        try {
          await this.#wire.script([...(await this.#commitChecks()), `release savepoint ${transactionPoint}`])
        } catch (error) {
          if (this.#wire.broken === undefined) await this.#undo()
          throw error
        }
        this.#restore.push(...[...locals].map(([name, value]) => restoreSetting(name, value)))
        return 'COMMIT'
      })
    } finally {
      turn.done()
    }
  }

  async rollback({ turn }: OpenTransaction): Promise<void> {
    try {
      this.#assertUsable('rollback')
      await turn.working(() => this.#undo())
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
    if (this.#begun && !this.#endedBySql && this.#wire.broken === undefined) await this.#rollBackAll()
    else if (this.#wire.status !== 'I') this.#wire.destroy()
    if (this.#problems.length > 0) throw new SandboxError(this.#options.test, this.#problems)
  }

  /** Runs on the connection between the statements of the test, whole or not at all, without an entry in the log. */
  async behind(statements: readonly string[]): Promise<void> {
    const turn = await this.#take('statement of the sandbox')
    try {
      await turn.working(async () => {
        await this.#wire.script([...this.#prologue({}), `savepoint ${statementPoint}`])
        this.#point = true
        try {
          await this.#wire.script(statements)
        } catch (error) {
          await this.#wire.script([`rollback to savepoint ${statementPoint}`])
          throw error
        }
      })
    } finally {
      turn.done()
    }
  }

  /** What the rollback does not undo of the connection, which serves other tests. */
  afterRollback(statement: string): void {
    this.#afterwards.add(statement)
  }

  async #rollBackAll(): Promise<void> {
    // One message. What comes after a statement that fails is not run, so the rollback is sent again then.
    const ending = ['rollback', 'select pg_catalog.pg_advisory_unlock_all()', ...this.#afterwards]
    if (this.#wire.status === 'E' || this.#options.deferred === 'never') return this.#wire.script(ending)
    await this.#wire.script(['reset role', 'set constraints all immediate', ...ending]).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error)
      this.problem('deferred-constraint', `What is checked at commit does not hold at the end: ${detail}`, error)
    })
    if (this.#wire.status !== 'I' && this.#wire.broken === undefined) await this.#wire.script(ending)
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

  /** What has to be said before the next savepoint: the transaction's start, settings, the end of the last savepoint. */
  #prologue(wanted: Settings): string[] {
    const statements = this.#begun ? [] : ['begin']
    this.#begun = true
    if (this.#point) statements.push(`release savepoint ${statementPoint}`)
    this.#point = false
    statements.push(...this.#restore.splice(0), ...changeSettings(this.#applied, wanted))
    this.#applied = wanted
    return statements
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

  async #remember(names: readonly string[], into: Map<string, string>): Promise<void> {
    for (const name of names.filter((name) => !into.has(name))) {
      const query: pg.QueryConfig = { text: 'select pg_catalog.current_setting($1, true) as value' }
      const result = (await this.#wire.run(query, [name], [])) as { rows: { value: string | null }[] }
      // A setting of one's own that was never set reads as '' when a transaction that set it is over.
      into.set(name, result.rows[0]?.value ?? '')
    }
  }

  async #undo(): Promise<void> {
    await this.#wire.script([`rollback to savepoint ${transactionPoint}`, `release savepoint ${transactionPoint}`])
  }

  async #commitChecks(): Promise<string[]> {
    if (this.#options.deferred !== 'commit') return []
    this.#initiallyDeferred ??= this.#listDeferred()
    const deferred = await this.#initiallyDeferred
    return deferred === '' ? [] : ['set constraints all immediate', `set constraints ${deferred} deferred`]
  }

  /** The constraints that a new transaction would put off, in the form that `set constraints` takes. */
  async #listDeferred(): Promise<string> {
    const text = `select coalesce(string_agg(distinct format('%I.%I', n.nspname, c.conname), ', '), '') as names
      from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace where c.condeferred`
    const result = (await this.#wire.run({ text }, undefined, [])) as { rows: { names: string }[] }
    return result.rows[0]?.names ?? ''
  }
}

function afterEnd(what: string): string {
  return `«${shortened(what)}» came after the end of the test: something it started was not awaited.`
}
