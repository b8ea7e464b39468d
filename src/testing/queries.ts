import type { Kysely } from 'kysely'
import { type LoggedHandle, logOf } from './sandbox/logs.js'
import type { Sandbox, SandboxHandles } from './sandbox/sandbox.js'
import type { SandboxQuery } from './sandbox/session.js'

/** The code under test sent more or fewer statements than it should. `queries` are those that it sent, in order. */
export class UnexpectedQueriesError extends Error {
  override readonly name = 'UnexpectedQueriesError'
  readonly queries: readonly SandboxQuery[]

  constructor(expected: string, queries: readonly SandboxQuery[]) {
    const counts = new Map<string, number>()
    for (const { sql } of queries) counts.set(sql, (counts.get(sql) ?? 0) + 1)
    const list = [...counts].map(([sql, n]) => `  ${n} × ${sql.replace(/\s+/g, ' ').trim()}`)
    const repeated = [...counts.values()].some((n) => n > 2)
      ? ' One that comes often may be one for each row (N + 1).'
      : ''
    super(`Expected ${expected} statements, and there were ${queries.length}.${repeated}\n${list.join('\n')}`)
    this.queries = queries
  }
}

/**
 * Runs `work` and fails unless it sends exactly `expected` statements, or `{ atMost }` so many: so that a query for each
 * row is noticed. Transaction control does not count.
 *
 * ```ts
 * await expectQueries(db, 2, () => app.inject('/accounts'))
 * ```
 *
 * @param handle The sandbox, or its `db` or `pool`, or a Kysely made by its `kysely`: all statements of the test count.
 * @returns What `work` returns.
 * @throws {UnexpectedQueriesError} With the statements, those of one text counted together.
 */
export async function expectQueries<Result>(
  handle: LoggedHandle | Sandbox | SandboxHandles | Kysely<never>,
  expected: number | { readonly atMost: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const { queries, result } = await recordQueries(handle, work)
  const limit = typeof expected === 'number' ? expected : expected.atMost
  const good = typeof expected === 'number' ? queries.length === limit : queries.length <= limit
  if (!good) throw new UnexpectedQueriesError(typeof expected === 'number' ? `${limit}` : `at most ${limit}`, queries)
  return result
}

/** Runs `work` and gives the statements that were sent meanwhile, with what it returns. */
export async function recordQueries<Result>(
  handle: LoggedHandle | Sandbox | SandboxHandles | Kysely<never>,
  work: () => Promise<Result>,
): Promise<{ readonly queries: readonly SandboxQuery[]; readonly result: Result }> {
  const log = logOf(handle)
  const before = log.length
  const result = await work()
  return { queries: log.slice(before), result }
}
