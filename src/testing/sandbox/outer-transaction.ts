import type pg from 'pg'
import { changeSettings, restoreSetting, type Settings } from './settings.js'
import type { Wire } from './wire.js'

const transactionPoint = 'sandbox_transaction'
const statementPoint = 'sandbox_statement'

/**
 * The transaction on the server that a test is rolled back with. It is begun with the first statement, and what the code under
 * test takes for a lone statement or a transaction of its own is a savepoint in it.
 */
export class OuterTransaction {
  readonly #wire: Wire
  readonly #afterwards = new Set<string>()
  #begun = false
  /** Whether the savepoint of a lone statement is there still: the next one releases it. */
  #point = false
  #applied: Settings = {}
  #restore: string[] = []
  #initiallyDeferred: Promise<string> | undefined

  constructor(wire: Wire) {
    this.#wire = wire
  }

  get begun(): boolean {
    return this.#begun
  }

  /** Whether these are other settings than those that the connection has. */
  changes(settings: Settings): boolean {
    return changeSettings(this.#applied, settings).length > 0
  }

  /** What has to be said ahead of a lone statement that runs with these settings. */
  toStatement(settings: Settings): string[] {
    const statements = [...this.#prologue(settings), `savepoint ${statementPoint}`]
    this.#point = true
    return statements
  }

  /** What a `begin` of the code under test stands for. */
  toTransaction(settings: Settings): string[] {
    return [...this.#prologue(settings), `savepoint ${transactionPoint}`]
  }

  async undoStatement(): Promise<void> {
    await this.#wire.script([`rollback to savepoint ${statementPoint}`])
  }

  async undoTransaction(): Promise<void> {
    await this.#wire.script([`rollback to savepoint ${transactionPoint}`, `release savepoint ${transactionPoint}`])
  }

  /** Ends a transaction that the code under test commits, with `check` as a commit would, which looks at deferred constraints. */
  async releaseTransaction(check: boolean): Promise<void> {
    await this.#wire.script([...(check ? await this.#commitChecks() : []), `release savepoint ${transactionPoint}`])
  }

  /** Notes what settings are, unless it is noted already. */
  async remember(names: readonly string[], into: Map<string, string>): Promise<void> {
    for (const name of names.filter((name) => !into.has(name))) {
      const query: pg.QueryConfig = { text: 'select pg_catalog.current_setting($1, true) as value' }
      const result = (await this.#wire.run(query, [name], [])) as { rows: { value: string | null }[] }
      // A setting of one's own that was never set reads as '' when a transaction that set it is over.
      into.set(name, result.rows[0]?.value ?? '')
    }
  }

  /** Puts settings back before the next savepoint. */
  restoreLater(settings: ReadonlyMap<string, string>): void {
    this.#restore.push(...[...settings].map(([name, value]) => restoreSetting(name, value)))
  }

  /** What the rollback does not undo of the connection. */
  afterRollback(statement: string): void {
    this.#afterwards.add(statement)
  }

  /** Rolls everything back. While the transaction is sound, `check` is told first what a deferred constraint has to say. */
  async rollBack(check: ((error: unknown) => void) | undefined): Promise<void> {
    // One message. What comes after a statement that fails is not run, so the rollback is sent again then.
    const ending = ['rollback', 'select pg_catalog.pg_advisory_unlock_all()', ...this.#afterwards]
    if (this.#wire.status === 'E' || check === undefined) return this.#wire.script(ending)
    await this.#wire.script(['reset role', 'set constraints all immediate', ...ending]).catch(check)
    if (this.#wire.status !== 'I' && this.#wire.broken === undefined) await this.#wire.script(ending)
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

  async #commitChecks(): Promise<string[]> {
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
