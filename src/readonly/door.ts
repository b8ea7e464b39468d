import { Kysely } from 'kysely'
import type { ReadonlyKysely } from 'kysely/readonly'
import { z } from 'zod'
import { defaultSchema, schemaPlugin } from '../connection/schema-plugin.js'
import type { RoleReport } from '../roles/inspect.js'
import type { Database, Db } from '../schema/database.js'
import { parseInput } from '../schema/input.js'
import { uuid } from '../schema/values.js'
import { createRecorder, type Recorder } from './audit.js'
import { type DescribeOptions, describe, type SchemaCard } from './describe/describe.js'
import { doorDialect } from './dialect.js'
import type { Answer, Executor, Freshness, Job } from './executor.js'
import { planOf, type QueryPlan } from './explain.js'
import { checkQuery } from './guard/check.js'
import { defaultLimits, type QueryLimits, tighten } from './limits.js'
import { type DoorSettings, executorFor, type ReadOnlyDbOptions, readOptions } from './options.js'
import { columnsOf, lenientRows, type ResultColumn, type ResultRow, strictRows } from './results.js'
import { assertReader } from './statement-kind.js'
import { wireValues } from './wire-values.js'

/** Typed reads: {@link ReadonlyKysely} without writes in its types, and what our read functions need of a handle. */
export type ReadOnlyHandle = ReadonlyKysely<Database> & Db

export interface QueryOptions {
  /** For `$1`, `$2`, …: strings, numbers, booleans, null, Dates, arrays of these, or objects, which are sent as JSON. */
  readonly params?: readonly unknown[] | undefined
  /** Tighter than those of the door; a looser one is the door's. */
  readonly limits?: Partial<QueryLimits> | undefined
  /** Aborting cancels the query on the server, ends its connection, and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** On a standby, wait until it has replayed the log up to here: see `currentLsn`. */
  readonly after?: string | undefined
}

export interface QueryAnswer {
  readonly columns: readonly ResultColumn[]
  /** By the names in `columns`. `numeric`, `date` and `interval` are strings, instants Dates, JSON parsed. */
  readonly rows: readonly ResultRow[]
  /** How many rows there are here; when `truncated`, the query has more. */
  readonly rowCount: number
  readonly truncated: boolean
  readonly truncatedBy: 'rows' | 'bytes' | undefined
}

/** The read-only door. */
export interface ReadOnlyDb extends AsyncDisposable {
  /**
   * Typed queries, and our read functions: `accounts.list(door.db, …)`. Answers that are larger than the limits are refused
   * and not cut. The parser guard does not look at them, for they are the host's own.
   */
  readonly db: ReadOnlyHandle
  /**
   * One statement of anyone, a language model's too.
   *
   * @throws {QueryRefusedError} It is not allowed. `hint` says what is.
   * @throws {QueryLimitError} It ran too long, or gives too much.
   * @throws {QueryFailedError} The server could not run it.
   * @throws {ScopeError} The role needs a user, or is not one that has one.
   * @throws {UnfitRoleError} The role of the door could do more than read.
   */
  query(sql: string, options?: QueryOptions): Promise<QueryAnswer>
  /** How the planner would run a statement. Nothing is run. Errors as {@link ReadOnlyDb.query}. */
  explain(sql: string, options?: QueryOptions): Promise<QueryPlan>
  /**
   * What can be asked here, for the prompt of whoever writes the SQL: tables, columns, units, signs, allowed values, joins,
   * rules and sample questions, at most `tokens` long. Of what the role may not read nothing is told. It is read from the
   * catalogue each time, so it knows the last migration and the last row.
   *
   * @throws {InvalidInputError} `tokens` is below 150.
   * @throws {UnfitRoleError} The role of the door could do more than read.
   */
  describeSchema(options?: DescribeOptions): Promise<SchemaCard>
  /** What the role of the door may do. @throws {UnfitRoleError} More than it should. */
  role(): Promise<RoleReport>
  /**
   * The same door for the rows of one user. Every statement carries a signed scope that ends soon after it.
   *
   * @throws {InvalidInputError} It is no user id.
   */
  asUser(userId: string): ReadOnlyDb
  /** Closes the connections. On a door of `asUser` it does nothing: they are those of the door it came from. */
  destroy(): Promise<void>
}

/**
 * A door for those who may read and nothing else: agents that write SQL, analysts, reports. Logs in as a role of its own,
 * looks at what that role may do, and refuses one that could do more. Connects when it is first used.
 *
 * Each statement runs alone in a read-only transaction with one snapshot, in one round trip, and is always rolled back; a
 * second round trip cleans the connection. What keeps data safe are the role, its policies and this transaction. The parser
 * guard on top explains what is not allowed.
 *
 * ```ts
 * const door = createReadOnlyDb({ connectionString: process.env.READONLY_DATABASE_URL, scopeKey })
 * const { rows } = await door.asUser(userId).query('select category, sum(amount) from transactions group by 1')
 * ```
 *
 * @throws {InvalidConfigError} Names each option that is wrong.
 */
export function createReadOnlyDb(
  options: ReadOnlyDbOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): ReadOnlyDb {
  const settings = readOptions(options, env)
  const executor = executorFor(settings)
  return new Door({ settings, executor, recorder: createRecorder(settings) }, undefined)
}

interface DoorParts {
  readonly settings: DoorSettings
  readonly executor: Executor
  readonly recorder: Recorder
}

/** Whom the catalogue is read for where there is no user: of the rows of a table nothing is asked then. */
const nobody = '00000000-0000-0000-0000-000000000000'
// The catalogue comes as one value. The limits of the door are for its callers.
const catalogueLimits: QueryLimits = { ...defaultLimits, maxCellBytes: defaultLimits.maxBytes }

class Door implements ReadOnlyDb {
  readonly db: ReadOnlyHandle
  readonly #parts: DoorParts
  readonly #userId: string | undefined
  #role: string | undefined

  constructor(parts: DoorParts, userId: string | undefined) {
    this.#parts = parts
    this.#userId = userId
    const { executor, settings } = parts
    const dialect = doorDialect({
      executor,
      conditions: () => ({
        limits: settings.limits,
        userId,
        freshness: this.#freshness(undefined),
        check: async ({ role }) => {
          this.#role = role
        },
      }),
      record: (sql, run) => this.#record(sql, run),
    })
    const plugins = settings.schema === defaultSchema ? [] : [schemaPlugin(settings.schema)]
    this.db = new Kysely<Database>({ dialect, plugins }) as unknown as ReadOnlyHandle
  }

  async query(sql: string, options: QueryOptions = {}): Promise<QueryAnswer> {
    const { result, cut } = await this.#run(sql, options, false)
    const columns = columnsOf(result.fields)
    const rows = lenientRows(
      result,
      columns.map(({ name }) => name),
    )
    return { columns, rows, rowCount: rows.length, truncated: cut !== undefined, truncatedBy: cut }
  }

  async explain(sql: string, options: QueryOptions = {}): Promise<QueryPlan> {
    return planOf(await this.#run(sql, options, true), this.#userId === undefined ? 'everybody' : 'one-user')
  }

  async describeSchema(options: DescribeOptions = {}): Promise<SchemaCard> {
    const { executor, settings } = this.#parts
    const { schema, limits, pglite } = settings
    const role = await executor.role(options.signal)
    const userId = role.sees === 'one-user' ? (this.#userId ?? nobody) : undefined
    const query = async <Row>(sql: string, values: readonly unknown[]) => {
      const job = { sql, values: wireValues(values), userId, signal: options.signal, excess: 'refuse' as const }
      const { result } = await executor.run({ ...job, limits: catalogueLimits })
      return strictRows(result) as Row[]
    }
    const hasUser = this.#userId !== undefined
    return describe({ schema, limits, role, hasUser, query, only: pglite && role.readable }, options)
  }

  async role(): Promise<RoleReport> {
    return this.#parts.executor.role()
  }

  asUser(userId: string): ReadOnlyDb {
    return new Door(this.#parts, parseInput(uuid, userId, 'The user id').toLowerCase())
  }

  async destroy(): Promise<void> {
    if (this.#userId === undefined) await this.#parts.executor.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy()
  }

  async #run(sql: string, options: QueryOptions, explain: boolean): Promise<Answer> {
    const { executor, settings } = this.#parts
    const { params, signal, after } = parseInput(queryOptions, options, 'The options')
    const limits = tighten(settings.limits, options.limits)
    return this.#record(sql, async () => {
      assertReader(sql, limits)
      const job: Job = {
        sql,
        values: wireValues(params ?? []),
        limits,
        userId: this.#userId,
        signal,
        excess: 'cut',
        explain,
        freshness: this.#freshness(after),
        check: (role) => this.#check(sql, role),
      }
      return executor.run(job)
    })
  }

  async #check(sql: string, role: RoleReport): Promise<void> {
    const { guard, schema } = this.#parts.settings
    this.#role = role.role
    if (guard === 'off') return
    await checkQuery(sql, { schema, readable: role.readable, partly: role.partly, hidden: role.hidden })
  }

  #freshness(after: string | undefined): Freshness | undefined {
    const { maxStalenessMs, freshnessWaitMs } = this.#parts.settings
    if (after === undefined && maxStalenessMs === undefined) return undefined
    return { after, maxStalenessMs, waitMs: freshnessWaitMs }
  }

  #record(sql: string, run: () => Promise<Answer>): Promise<Answer> {
    return this.#parts.recorder(sql, { userId: this.#userId, role: () => this.#role }, run)
  }
}

const queryOptions = z.strictObject({
  params: z.array(z.unknown()).max(1000).optional(),
  limits: z.unknown().optional(),
  signal: z.instanceof(AbortSignal).optional(),
  after: z
    .string()
    .regex(/^[0-9A-Fa-f]{1,8}\/[0-9A-Fa-f]{1,8}$/, { error: 'give a position such as 0/3000148' })
    .optional(),
})
