import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerConfig } from '../connection/options.js'
import { QueryRefusedError, ScopeError, StaleReadError } from '../errors.js'
import type { RoleReport } from '../roles/inspect.js'
import { type ScopeKey, signScope } from '../roles/scope-token.js'
import { sqlState } from '../sql-state.js'
import { answerOf, assertCost, assertOpened, explainPrefix } from './answer.js'
import type { BatchOutcome, Step } from './batch.js'
import type { Answer, Executor, Freshness, Job, OpenTransaction } from './executor.js'
import { queryFailure, timeFailure } from './failures.js'
import { createFitSessions } from './fit-sessions.js'
import type { Gate } from './gate.js'
import { begin, preamble } from './preamble.js'
import { clockGraceMs, type Session } from './session.js'
import { freshnessStep, isFresh } from './standby.js'

export interface ServerExecutorOptions {
  readonly config: ServerConfig
  readonly gate: Gate
  readonly scopeKey: ScopeKey | undefined
  readonly schema: string
}

// Clocks of hosts differ, and a scope is of no use without a login as the role.
const scopeGraceMs = 60_000

/** Runs statements on a server, one transaction each: see {@link Session} and `preamble`. */
export function serverExecutor(options: ServerExecutorOptions): Executor {
  const { config, gate, scopeKey, schema } = options
  const sessions = createFitSessions(config, schema)

  /** A table that is not known may have come, or been opened, since the role was looked at. */
  async function checked(job: Job, session: Session, role: RoleReport): Promise<RoleReport> {
    if (job.check === undefined) return role
    try {
      await job.check(role)
      return role
    } catch (error) {
      const mayBeNew = error instanceof QueryRefusedError && ['relation', 'column'].includes(error.reason)
      const now = mayBeNew ? await sessions.lookAgain(session) : undefined
      if (now === undefined) throw error
      await job.check(now)
      return now
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
    const leave = await gate.enter(job.signal, job.userId)
    try {
      for (let tries = 1; ; tries++) {
        const { session, role: known } = await sessions.lend()
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
      if (probe.length > 0) assertCost(outcome, first.length, job.limits.maxCost)
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

  async function open(job: Parameters<Executor['open']>[0]): Promise<OpenTransaction> {
    job.signal?.throwIfAborted()
    const leave = await gate.enter(job.signal, job.userId)
    const end = async (session: Session) => {
      await session.close()
      leave()
    }
    const { session, role } = await sessions.lend().catch((error: unknown) => {
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
        const { session, role } = await sessions.lend()
        await session.close()
        return role
      } finally {
        leave()
      }
    },
    run,
    open,
    destroy: sessions.destroy,
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
