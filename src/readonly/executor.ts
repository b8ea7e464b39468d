import type { RoleReport } from '../roles/inspect.js'
import type { StepResult, WireValue } from './batch.js'
import type { QueryLimits } from './limits.js'

/** One statement for the door, and under which conditions. */
export interface Job {
  readonly sql: string
  readonly values: readonly WireValue[]
  readonly limits: QueryLimits
  /** Whose rows. */
  readonly userId: string | undefined
  readonly signal: AbortSignal | undefined
  /** What to do with more than the limits allow. */
  readonly excess: 'cut' | 'refuse'
  /** Looks at the statement when the role is known, before it is sent. */
  readonly check?: ((role: RoleReport) => Promise<void>) | undefined
  /** The planner's view instead of an answer. */
  readonly explain?: boolean
  readonly freshness?: Freshness | undefined
}

/** How fresh the data has to be on a standby. */
export interface Freshness {
  readonly maxStalenessMs?: number | undefined
  /** A position in the log of the primary that has to be replayed. */
  readonly after?: string | undefined
  /** How long to wait for it, in milliseconds. */
  readonly waitMs: number
}

export interface Answer {
  readonly result: StepResult
  readonly bytes: number
  /** What it was cut by. */
  readonly cut: 'rows' | 'bytes' | undefined
}

/** A transaction of several statements, for typed queries. */
export interface OpenTransaction {
  run(job: Pick<Job, 'sql' | 'values' | 'signal'>): Promise<Answer>
  end(): Promise<void>
}

/** What runs statements: a server or PGlite. */
export interface Executor {
  role(signal?: AbortSignal): Promise<RoleReport>
  run(job: Job): Promise<Answer>
  open(job: Omit<Job, 'sql' | 'values' | 'check' | 'explain'>): Promise<OpenTransaction>
  destroy(): Promise<void>
}
