import { connectFailure } from '../connection/connect-failure.js'
import type { ServerConfig } from '../connection/options.js'
import { createServer } from '../connection/server.js'
import { UnfitRoleError } from '../errors.js'
import { inspectRole, type RoleReport, unfit } from '../roles/inspect.js'
import { queryFailure } from './failures.js'
import { defaultLimits } from './limits.js'
import { begin, preamble } from './preamble.js'
import { strictRows } from './results.js'
import { clockGraceMs, Session } from './session.js'

const maxTries = 3
// What a role may do is asked again after this, and for each new connection.
const roleAgeMs = 60_000
// A role that was looked at so lately is not looked at again for a table that is not known.
const justNowMs = 1000
const inspectLimits = { timeoutMs: 15_000 }

/** Connections of the door's role, which are lent when it has been seen that the role can only read what it should. */
export interface FitSessions {
  /** @throws {UnfitRoleError} The role could do more than read. */
  lend(): Promise<{ readonly session: Session; readonly role: RoleReport }>
  /** What the role may do by now; undefined when that was asked just now. */
  lookAgain(session: Session): Promise<RoleReport | undefined>
  destroy(): Promise<void>
}

export function createFitSessions(config: ServerConfig, schema: string): FitSessions {
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

  async function lookAgain(session: Session): Promise<RoleReport | undefined> {
    const justNow = report === undefined || performance.now() - report.at < justNowMs
    return justNow ? undefined : inspectFit(session)
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

  return { lend, lookAgain, destroy: () => pool.end() }
}
