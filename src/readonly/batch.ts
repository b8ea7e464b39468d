import type pg from 'pg'

/** A value as it travels: text, bytes, or null. */
export type WireValue = string | Buffer | null

/** One statement of a batch. */
export interface Step {
  readonly text: string
  readonly values: readonly WireValue[]
  /** The server stops after so many rows; 0 gives all. */
  readonly rows: number
}

export interface Field {
  readonly name: string
  readonly dataTypeID: number
}

export interface StepResult {
  readonly fields: readonly Field[]
  readonly rows: ReadonlyArray<ReadonlyArray<string | null>>
  /** There was more than `rows` of the step. */
  readonly suspended: boolean
  /** The command tag; empty when suspended. */
  readonly tag: string
}

export interface BatchOutcome {
  /** Of those that were completed, in order; of the one that was cut short too, as far as it came. */
  readonly results: readonly StepResult[]
  /** Of the server or of the connection. The later steps did not run. */
  readonly error?: Error | undefined
}

/** The part of pg's connection that a batch writes to. */
interface Wire {
  readonly stream: { cork?(): void; uncork?(): void }
  parse(message: { name: string; text: string; types: readonly number[] }): void
  bind(message: { portal: string; statement: string; values: readonly WireValue[]; binary: boolean }): void
  describe(message: { type: 'P'; name: string }): void
  execute(message: { portal: string; rows: number }): void
  sync(): void
  sendCopyFail(message: string): void
}

interface Partial {
  fields: readonly Field[]
  rows: Array<ReadonlyArray<string | null>>
}

/**
 * Several statements in one round trip: Parse, Bind, Describe and Execute of each, and one Sync at the end. The server takes
 * one statement in each Parse, and skips the rest after an error. No statement or portal has a name.
 */
export class Batch implements pg.Submittable {
  readonly outcome: Promise<BatchOutcome>
  readonly #steps: readonly Step[]
  readonly #results: StepResult[] = []
  #current: Partial = { fields: [], rows: [] }
  #settle: (outcome: BatchOutcome) => void = () => {}

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  submit(connection: unknown): void {
    const wire = connection as Wire
    wire.stream.cork?.()
    try {
      for (const { text, values, rows } of this.#steps) {
        wire.parse({ name: '', text, types: [] })
        wire.bind({ portal: '', statement: '', values, binary: false })
        wire.describe({ type: 'P', name: '' })
        wire.execute({ portal: '', rows })
      }
      wire.sync()
    } finally {
      wire.stream.uncork?.()
    }
  }

  handleRowDescription(message: { fields: readonly Field[] }): void {
    this.#current.fields = message.fields
  }

  handleDataRow(message: { fields: ReadonlyArray<string | null> }): void {
    this.#current.rows.push(message.fields)
  }

  handleCommandComplete(message: { text: string }): void {
    this.#next(message.text, false)
  }

  handlePortalSuspended(): void {
    this.#next('', true)
  }

  handleEmptyQuery(): void {
    this.#next('', false)
  }

  handleCopyInResponse(connection: unknown): void {
    ;(connection as Wire).sendCopyFail('COPY is not allowed')
  }

  handleCopyData(): void {}

  handleReadyForQuery(): void {
    this.#settle({ results: this.#results })
  }

  handleError(error: Error): void {
    if (this.#current.rows.length > 0) this.#next('', false)
    this.#settle({ results: this.#results, error })
  }

  #next(tag: string, suspended: boolean): void {
    this.#results.push({ ...this.#current, tag, suspended })
    this.#current = { fields: [], rows: [] }
  }
}
