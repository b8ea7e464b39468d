import { setTimeout as sleep } from 'node:timers/promises'
import { connectFailure } from '../connection/connect-failure.js'
import type { ServerConfig } from '../connection/options.js'
import { createServer } from '../connection/server.js'
import { QueryLimitError, QueryRefusedError, ScopeError, StaleReadError, UnfitRoleError } from '../errors.js'
import { inspectRole, type RoleReport, unfit } from '../roles/inspect.js'
import { type ScopeKey, signScope } from '../roles/scope-token.js'
import { sqlState } from '../sql-state.js'
import type { BatchOutcome, Step, StepResult } from './batch.js'
import { type Answer, type Executor, type Freshness, type Job, noFields, type OpenTransaction } from './executor.js'
import { queryFailure, timeFailure } from './failures.js'
import type { Gate } from './gate.js'
import { defaultLimits, type QueryLimits } from './limits.js'
import { begin, preamble } from './preamble.js'
import { assertCells, strictRows } from './results.js'
import { Session } from './session.js'
import { freshnessStep, isFresh } from './standby.js'
import { statementHint } from './statement-kind.js'

export interface ServerExecutorOptions {
  readonly config: ServerConfig
  readonly gate: Gate
  readonly scopeKey: ScopeKey | undefined
  readonly schema: string
}

// Our own clock comes after the server's, which knows better when the statement began.
const clockGraceMs = 250
// Clocks of hosts differ, and a scope is of no use without a login as the role.
const scopeGraceMs = 60_000
const maxTries = 3
// What a role may do is asked again after this, and for each new connection.
const roleAgeMs = 60_000
const inspectLimits: QueryLimits = { ...defaultLimits, timeoutMs: 15_000 }
const explainPrefix = 'explain (format json) '

/** Runs statements on a server, one transaction each: see {@link Session} and `preamble`. */
export function serverExecutor(options: ServerExecutorOptions): Executor {
  const { config, gate, scopeKey, schema } = options
  const { pool, where, adapt } = createServer(config)
  pool.on('error', () => {})
  let report: { readonly role: RoleReport; readonly at: number } | undefined

  async function acquire(): Promise<Session> {
    for (let tries = 1; ; tries++) {
      try {
        return new Session(await pool.connect())
      } catch (error) {
        if (tries < maxTries && adapt(error)) continue
        throw connectFailure(error, {
          where: where(),
          poolFull: `No connection of the read-only door was free for ${config.acquireTimeoutMs} ms.`,
          tooSlow: `${where()} did not complete a connection within ${config.connectTimeoutMs} ms (connectTimeoutMs).`,
        })
      }
    }
  }

  /** A session whose role has been looked at, on its connection. */
  async function lend(): Promise<{ session: Session; role: RoleReport }> {
    const session = await acquire()
    try {
      const known = report !== undefined && performance.now() - report.at < roleAgeMs ? report.role : undefined
      if (known !== undefined && !session.isNew) return { session, role: known }
      return { session, role: await inspectFit(session) }
    } catch (error) {
      session.spoil()
      await session.close()
      throw error
    }
  }

  async function inspectFit(session: Session): Promise<RoleReport> {
    const role = await inspect(session)
    if (!role.fit) throw new UnfitRoleError(role.role, unfit(role))
    session.markUsed()
    report = { role, at: performance.now() }
    return role
  }

  /** A table that is not known may have come, or been opened, since the role was looked at. */
  async function checked(job: Job, session: Session, role: RoleReport): Promise<RoleReport> {
    if (job.check === undefined) return role
    try {
      await job.check(role)
      return role
    } catch (error) {
      const mayBeNew = error instanceof QueryRefusedError && ['relation', 'column'].includes(error.reason)
      if (!mayBeNew || report === undefined || performance.now() - report.at < 1000) throw error
      const now = await inspectFit(session)
      await job.check(now)
      return now
    }
  }

  /** Leaves the connection as it was. The limits of the door are for its callers. */
  async function inspect(session: Session): Promise<RoleReport> {
    session.allow(defaultLimits.maxBytes)
    const timer = setTimeout(() => session.stop('time'), inspectLimits.timeoutMs + clockGraceMs)
    try {
      const opened = await session.send([
        begin,
        preamble({ schema, limits: inspectLimits, scope: undefined, serverVersion: 0 }),
      ])
      if (opened.error !== undefined) throw queryFailure(opened.error)
      const role = await inspectRole(
        async (text, values) => {
          const { results, error } = await session.send([{ text, values, rows: 0 }])
          if (error !== undefined) throw queryFailure(error)
          return { rows: results[0] === undefined ? [] : strictRows(results[0]) }
        },
        schema,
        { kind: 'either' },
      )
      const { error } = await session.send([{ text: 'rollback', values: [], rows: 0 }])
      if (error !== undefined) throw queryFailure(error)
      return role
    } finally {
      clearTimeout(timer)
    }
  }

  function scopeFor(job: Pick<Job, 'userId' | 'limits'>, role: RoleReport): string | undefined {
    if (job.userId === undefined) {
      if (role.sees === 'everybody') return undefined
      throw new ScopeError('missing', 'This role sees the rows of one user only: query through asUser(userId).')
    }
    if (role.sees === 'everybody') {
      throw new ScopeError(
        'pretence',
        `The database does not limit the role ${role.role} to one user, so asUser would only pretend to: log in as an agent role.`,
      )
    }
    if (scopeKey === undefined)
      throw new ScopeError('missing', 'asUser needs the option scopeKey, to sign for the user.')
    return signScope(scopeKey, 'agent', job.userId, new Date(Date.now() + job.limits.timeoutMs + scopeGraceMs))
  }

  /** Runs `use` on a session under the clock and the signal, and says what it died of. */
  async function guarded<Result>(
    job: Pick<Job, 'limits' | 'signal'>,
    session: Session,
    use: () => Promise<Result>,
  ): Promise<Result> {
    const onAbort = () => session.stop('abort')
    const timer = setTimeout(() => session.stop('time'), job.limits.timeoutMs + clockGraceMs)
    job.signal?.addEventListener('abort', onAbort)
    try {
      job.signal?.throwIfAborted()
      return await use()
    } catch (error) {
      if (session.stopped === 'abort') throw job.signal?.reason
      if (session.stopped === 'time') throw timeFailure(job.limits.timeoutMs)
      throw error
    } finally {
      clearTimeout(timer)
      job.signal?.removeEventListener('abort', onAbort)
    }
  }

  async function run(job: Job): Promise<Answer> {
    job.signal?.throwIfAborted()
    const leave = await gate.enter(job.signal)
    try {
      for (let tries = 1; ; tries++) {
        const { session, role: known } = await lend()
        const state: RunState = { broken: false }
        const started = performance.now()
        try {
          const role = await checked(job, session, known)
          const scope = scopeFor(job, role)
          session.allow(job.limits.maxBytes)
          return await guarded(job, session, () => inOneGo(session, job, opening(job, role, scope), state))
        } catch (error) {
          // It died while it was idle, which only shows when it is used. Reading twice does no harm, once.
          const died = state.broken && performance.now() - started < 1000
          if (!died || session.stopped !== undefined || session.guard.tripped !== undefined || tries > 1) throw error
          session.spoil()
        } finally {
          await session.close()
        }
      }
    } finally {
      leave()
    }
  }

  function opening({ limits }: Pick<Job, 'limits'>, { serverVersion }: RoleReport, scope: string | undefined): Step[] {
    return [begin, preamble({ schema, limits, scope, serverVersion })]
  }

  async function inOneGo(session: Session, job: Job, first: readonly Step[], state: RunState) {
    const statement: Step = job.explain
      ? { text: explainPrefix + job.sql, values: job.values, rows: 0 }
      : { text: job.sql, values: job.values, rows: job.limits.maxRows + 1 }
    const gated = job.freshness !== undefined || (job.limits.maxCost !== undefined && !job.explain)
    if (!gated) {
      const outcome = await session.send([...first, statement])
      state.broken = isBroken(outcome)
      return answerOf(session, job, outcome, first.length)
    }

    const probe: Step[] =
      job.limits.maxCost === undefined ? [] : [{ ...statement, text: explainPrefix + job.sql, rows: 0 }]
    await openFresh(session, job.freshness, first, probe, (outcome) => {
      if (probe.length > 0) assertCost(costOf(outcome, first.length), job.limits.maxCost)
    })
    return answerOf(session, job, await session.send([statement]), 0)
  }

  async function openFresh(
    session: Session,
    freshness: Freshness | undefined,
    first: readonly Step[],
    probe: readonly Step[],
    look: (outcome: BatchOutcome) => void,
  ): Promise<void> {
    if (freshness !== undefined) await catchUp(session, freshness)
    const outcome = await session.send([...first, ...probe])
    assertOpened(session, outcome, first.length)
    if (outcome.error !== undefined) throw queryFailure(outcome.error, explainPrefix.length)
    look(outcome)
  }

  /** Asked before the transaction begins: its snapshot then has all that was replayed by the time of the answer. */
  async function catchUp(session: Session, freshness: Freshness): Promise<void> {
    const giveUpAt = performance.now() + freshness.waitMs
    for (;;) {
      const { results, error } = await session.send([freshnessStep(freshness)])
      if (error !== undefined) throw queryFailure(error)
      if (isFresh(freshness, results[0])) return
      if (performance.now() >= giveUpAt) {
        throw new StaleReadError('The standby has not caught up as far as this read asks for.')
      }
      await sleep(20)
    }
  }

  function assertOpened(session: Session, { results, error }: BatchOutcome, count: number): void {
    if (error === undefined || results.length >= count) return
    session.spoil()
    throw queryFailure(error)
  }

  /** The answer of the statement at `index`, if it is one that may be given. */
  function answerOf(
    session: Session,
    job: Pick<Job, 'limits' | 'excess' | 'explain'>,
    { results, error }: BatchOutcome,
    index: number,
  ): Answer {
    const { limits, excess } = job
    const { bytes, tripped } = session.guard
    if (tripped !== undefined) {
      const partial = results[index]
      const cut = tripped === 'bytes' && excess === 'cut' && partial !== undefined && partial.rows.length > 0
      if (!cut) throw tripFailure(tripped, limits)
      const rows = partial.rows.slice(0, limits.maxRows)
      assertCells(partial, limits.maxCellBytes)
      return { result: { ...partial, rows }, bytes, cut: 'bytes' }
    }
    if (error !== undefined) throw queryFailure(error, job.explain ? explainPrefix.length : 0)
    const result = results[index]
    if (result === undefined || !session.inTransaction || !/^$|^(SELECT|EXPLAIN)\b/.test(result.tag)) {
      session.spoil()
      throw new QueryRefusedError('statement', 'The statement did something else than read.', { hint: statementHint })
    }
    assertCells(result, limits.maxCellBytes)
    if (result.rows.length <= limits.maxRows) return { result, bytes, cut: undefined }
    if (excess === 'refuse') {
      throw new QueryLimitError(
        'rows',
        `The query gives more than ${limits.maxRows} rows, which is all that is allowed.`,
        {
          hint: 'Add a limit, or page through the rows.',
        },
      )
    }
    return { result: { ...result, rows: result.rows.slice(0, limits.maxRows) }, bytes, cut: 'rows' }
  }

  async function open(job: Parameters<Executor['open']>[0]): Promise<OpenTransaction> {
    job.signal?.throwIfAborted()
    const leave = await gate.enter(job.signal)
    const end = async (session: Session) => {
      await session.close()
      leave()
    }
    const { session, role } = await lend().catch((error: unknown) => {
      leave()
      throw error
    })
    try {
      const first = opening(job, role, scopeFor(job, role))
      session.allow(job.limits.maxBytes)
      await guarded(job, session, () => openFresh(session, job.freshness, first, [], () => {}))
    } catch (error) {
      await end(session)
      throw error
    }
    return {
      run: ({ sql, values, signal }) =>
        guarded({ limits: job.limits, signal }, session, async () => {
          session.allow(job.limits.maxBytes)
          const step = { text: sql, values, rows: job.limits.maxRows + 1 }
          return answerOf(session, job, await session.send([step]), 0)
        }),
      end: () => end(session),
    }
  }

  return {
    async role(signal) {
      const leave = await gate.enter(signal)
      try {
        const { session, role } = await lend()
        await session.close()
        return role
      } finally {
        leave()
      }
    },
    run,
    open,
    destroy: () => pool.end(),
  }
}

// Without a word of the server, or with its last: 57P01 that the connection ends, 57P02 that the server does.
function isBroken({ error, results }: BatchOutcome): boolean {
  if (error === undefined) return false
  const state = sqlState(error)
  return state === undefined || (results.length === 0 && ['57P01', '57P02'].includes(state))
}

interface RunState {
  /** The connection ended before there was an answer. */
  broken: boolean
}

function tripFailure(trip: string, limits: QueryLimits): Error {
  if (trip === 'notices') return new QueryLimitError('notices', 'The query made the server send too many notices.')
  if (trip === 'copy') return new QueryRefusedError('statement', 'COPY is not allowed.', { hint: statementHint })
  return new QueryLimitError(
    trip === 'message' ? 'cell' : 'bytes',
    trip === 'message'
      ? `One row is larger than the ${limits.maxBytes} bytes that an answer may have.`
      : `The answer is larger than the ${limits.maxBytes} bytes that are allowed.`,
    { hint: 'Select fewer columns or rows, aggregate, or take a part of long texts with left(column, 1000).' },
  )
}

function costOf({ results }: BatchOutcome, index: number): number {
  const [row] = (results[index] ?? ({ fields: noFields, rows: [] } as Pick<StepResult, 'rows' | 'fields'>)).rows
  const plans: Array<{ Plan?: { 'Total Cost'?: number } }> = JSON.parse(row?.[0] ?? '[]')
  return plans[0]?.Plan?.['Total Cost'] ?? Infinity
}

function assertCost(cost: number, maxCost = Infinity): void {
  if (cost <= maxCost) return
  throw new QueryLimitError(
    'cost',
    `The planner puts the cost of the query at more than ${maxCost}, so it was not run.`,
    {
      hint: 'Filter by date or id, join on keys, and aggregate before joining.',
    },
  )
}
