import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely'
import { PermissionDeniedError, UnsupportedError } from '../errors.js'
import type { Answer, Executor, Job, OpenTransaction } from './executor.js'
import { strictRows } from './results.js'
import { assertReader } from './statement-kind.js'
import { wireValues } from './wire-values.js'

export interface DoorDialectOptions {
  readonly executor: Executor
  /** What holds for every statement. */
  readonly conditions: () => Pick<Job, 'limits' | 'userId' | 'freshness' | 'check'>
  /** Runs one statement and records it. */
  readonly record: (sql: string, run: () => Promise<Answer>) => Promise<Answer>
}

/** Typed queries through the door: each a transaction of its own, or several in one that is always rolled back. */
export function doorDialect(options: DoorDialectOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DoorDriver(options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

class DoorDriver implements Driver {
  readonly #options: DoorDialectOptions

  constructor(options: DoorDialectOptions) {
    this.#options = options
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new DoorConnection(this.#options)
  }

  async beginTransaction(connection: DatabaseConnection, { accessMode }: { accessMode?: string }): Promise<void> {
    if (accessMode === 'read write')
      throw new PermissionDeniedError('The read-only door has no transactions that write.')
    await (connection as DoorConnection).begin()
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as DoorConnection).end()
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as DoorConnection).end()
  }

  async savepoint(): Promise<void> {
    throw new UnsupportedError('The read-only door has no savepoints: nothing is written that could be undone.')
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    await (connection as DoorConnection).end()
  }

  async destroy(): Promise<void> {}
}

class DoorConnection implements DatabaseConnection {
  readonly #options: DoorDialectOptions
  #open: OpenTransaction | undefined

  constructor(options: DoorDialectOptions) {
    this.#options = options
  }

  async executeQuery<Row>(
    { sql, parameters }: CompiledQuery,
    options?: { readonly signal?: AbortSignal },
  ): Promise<QueryResult<Row>> {
    const { executor, conditions, record } = this.#options
    const open = this.#open
    const { limits, userId, freshness, check } = conditions()
    const { result } = await record(sql, async () => {
      assertReader(sql, limits)
      const statement = { sql, values: wireValues(parameters), signal: options?.signal }
      return open === undefined
        ? executor.run({ ...statement, limits, userId, freshness, check, excess: 'refuse' })
        : open.run(statement)
    })
    return { rows: strictRows(result) as Row[] }
  }

  // biome-ignore lint/correctness/useYield: a generator that refuses.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new UnsupportedError('The read-only door does not stream: page through the rows.')
  }

  async begin(): Promise<void> {
    this.#open = await this.#options.executor.open({
      ...this.#options.conditions(),
      signal: undefined,
      excess: 'refuse',
    })
  }

  async end(): Promise<void> {
    const open = this.#open
    this.#open = undefined
    await open?.end()
  }
}
