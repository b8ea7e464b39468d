import { setTimeout as sleep } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { withDeadline } from '../connection/deadline.js'
import { isTransient } from '../connection/transient.js'
import { sqlStateOf } from '../postgres-errors.js'
import { parseInput } from '../schema/input.js'
import {
  askPrimary,
  askReplica,
  createTimeline,
  healthOf,
  parsePosition,
  type ReplicaHealth,
  type ReplicaState,
} from './state.js'

export interface ReplicasOptions {
  /** A replica that may be further behind is not read, in milliseconds. Default 5000. */
  readonly maxLagMs?: number | undefined
  /** How often primary and replicas are asked where they are, in milliseconds; only while there are reads. Default 1000. */
  readonly checkEveryMs?: number | undefined
  /** How long a read waits for a replica to reach `after` before it goes to the primary, in milliseconds. Default 100. */
  readonly waitMs?: number | undefined
  /** A replica that does not answer for so long is `down` until the next check, in milliseconds. Default 1000. */
  readonly timeoutMs?: number | undefined
}

export interface ReadOptions {
  /** What `position()` gave after a write: the read sees that write. */
  readonly after?: string | undefined
  /** For this read instead of the one of all. 0 reads from the primary. */
  readonly maxLagMs?: number | undefined
}

/** A primary and its replicas. Writes and transactions go to `primary`, as always; only what is given to `read` may go elsewhere. */
export interface Replicas<Tables = unknown> {
  readonly primary: Kysely<Tables>
  /**
   * Runs `fn` with a replica that is fresh enough, each in turn, and else with the primary. `fn` only reads and may be run twice:
   * when its replica dies or cancels it (a conflict with recovery), it is run again with the primary.
   *
   * @throws {InvalidInputError} `after` is no position.
   */
  read<Result>(fn: (db: Kysely<Tables>) => Promise<Result>, options?: ReadOptions): Promise<Result>
  /** Where the primary is now: ask after a commit, keep it for the person (a cookie, a session), give it as `after`. */
  position(): Promise<string>
  /** Asks primary and replicas now, and takes no longer than `timeoutMs`. In the order of the replicas. */
  health(options?: { readonly timeoutMs?: number | undefined }): Promise<ReplicaHealth[]>
  /** Closes the handles of the replicas, not that of the primary. */
  destroy(): Promise<void>
}

const positionText = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/, 'must be what position() gave')

/**
 * Reads from replicas, by choice:
 *
 * ```ts
 * const reads = withReplicas(db, { eu: createFinanceDb({ connectionString: replicaUrl }) }, { maxLagMs: 2000 })
 * await reads.read((db) => reports.spendingByCategory(db, userId, year))
 * await transactions.post(db, payment)
 * await reads.read((db) => transactions.list(db, userId), { after: await reads.position() })
 * ```
 *
 * @param replicas - Handles by the names that health shows.
 */
export function withReplicas<Tables>(
  primary: Kysely<Tables>,
  replicas: Readonly<Record<string, Kysely<Tables>>>,
  { maxLagMs = 5000, checkEveryMs = 1000, waitMs = 100, timeoutMs = 1000 }: ReplicasOptions = {},
): Replicas<Tables> {
  const handle = primary as unknown as Kysely<unknown>
  const handles = new Map(Object.entries(replicas))
  const states = [...handles].map(
    ([name, db]): ReplicaState => ({
      name,
      db: db as unknown as Kysely<unknown>,
      answer: 'down',
      replayed: 0n,
      latencyMs: null,
    }),
  )
  const timeline = createTimeline()
  let refreshing: Promise<void> | undefined
  let refreshedAt = -Infinity
  let turn = 0

  /** Asks the primary and then the replicas, each within the limit. */
  async function ask(limitMs: number): Promise<void> {
    const at = performance.now()
    // The primary first: a replica that answers after it may have replayed more than that, never less than it says.
    await withDeadline(limitMs, () => askPrimary(handle)).then(
      (lsn) => timeline.add(at, parsePosition(lsn)),
      () => {},
    )
    await Promise.all(states.map((state) => askReplica(state, limitMs)))
    refreshedAt = performance.now()
  }

  function refresh(): Promise<void> {
    refreshing ??= ask(timeoutMs).finally(() => {
      refreshing = undefined
    })
    return refreshing
  }

  /** Those that may be read, beginning with the one whose turn it is. */
  function readable(limitMs: number, after: bigint | undefined): ReplicaState[] {
    const now = performance.now()
    const order = states.map((_, i) => states[(turn + i) % states.length] as ReplicaState)
    return order.filter(({ answer, replayed }) => {
      if (answer !== 'standby' || (after !== undefined && replayed < after)) return false
      const age = timeline.ageOf(replayed, now)
      return age !== undefined && age <= limitMs
    })
  }

  async function choose(limitMs: number, after: bigint | undefined): Promise<ReplicaState | undefined> {
    if (limitMs <= 0) return undefined
    if (performance.now() - refreshedAt > checkEveryMs) {
      const fresh = refresh()
      // What was seen last is good enough meanwhile, if it is fresh enough.
      if (readable(limitMs, after).length === 0) await fresh
    }
    const giveUpAt = performance.now() + waitMs
    for (let pauseMs = 5; ; pauseMs = Math.min(50, pauseMs * 2)) {
      const [chosen] = readable(limitMs, after)
      if (chosen !== undefined) {
        turn++
        return chosen
      }
      if (after === undefined || !states.some(({ answer }) => answer === 'standby')) return undefined
      if (performance.now() + pauseMs > giveUpAt) return undefined
      await sleep(pauseMs)
      await refresh()
    }
  }

  return {
    primary,
    async read(fn, { after, maxLagMs: limitMs = maxLagMs } = {}) {
      const position = after === undefined ? undefined : parsePosition(parseInput(positionText, after, 'The position'))
      const chosen = await choose(limitMs, position)
      const db = chosen === undefined ? undefined : handles.get(chosen.name)
      if (chosen === undefined || db === undefined) return fn(primary)
      try {
        return await fn(db)
      } catch (error) {
        const state = sqlStateOf(error)
        // 40001 is a conflict with recovery here; 25006 is a write, which is a mistake and not to be done elsewhere.
        if (state === '25006' || (state !== '40001' && state !== '40P01' && !isTransient(error))) throw error
        if (state !== '40001' && state !== '40P01') chosen.answer = 'down'
        return fn(primary)
      }
    },
    position: () => askPrimary(handle),
    async health({ timeoutMs: limitMs = timeoutMs } = {}) {
      // Not together with a read: what that waits for may take longer.
      await ask(limitMs / 2)
      const now = performance.now()
      return states.map((state) =>
        healthOf(state, timeline.ageOf(state.replayed, now), timeline.latest()?.position, maxLagMs),
      )
    },
    async destroy() {
      await Promise.all([...handles.values()].map((db) => db.destroy()))
    },
  }
}
