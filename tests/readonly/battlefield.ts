import { randomBytes } from 'node:crypto'
import { type Canaries, plantCanaries } from '../../src/readonly/attacks/canaries.js'
import { forgedScopes } from '../../src/readonly/attacks/forged-scopes.js'
import { type AttackedDoor, runAttacks, type Verdict } from '../../src/readonly/attacks/run.js'
import type { Attack, Ground } from '../../src/readonly/attacks/shape.js'
import { createWatch, type Watch } from '../../src/readonly/attacks/watch.js'
import { createReadOnlyDb, type ReadOnlyDb, type ReadOnlyDbOptions } from '../../src/readonly/index.js'
import { provisionRoles } from '../../src/roles/index.js'
import type { ScopeKey } from '../../src/roles/scope-token.js'
import { execute, withDatabase } from '../server.js'
import { type FreshDatabase, freshDatabase } from '../support.js'

/** A provisioned database with two people in it, and doors for one of them. */
export interface Battlefield extends AsyncDisposable {
  readonly ground: Ground
  readonly canaries: Canaries
  readonly watch: Watch
  readonly key: ScopeKey
  readonly agentUrl: string
  readonly ownerUrl: string
  readonly role: string
  door(options?: ReadOnlyDbOptions): ReadOnlyDb
  /** Ends every connection of its own that it has to the database: some things want to be alone with one. */
  release(): Promise<void>
  attack(
    guard: 'on' | 'off',
    attacks: readonly Attack[],
    options?: { heavy?: boolean; door?: AttackedDoor },
  ): Promise<Verdict[]>
}

export interface BattlefieldOptions {
  /** Another way to the database, such as a pooler. */
  readonly through?: ((url: string) => string) | undefined
  /** Where it is to be, which stays the caller's to end; a fresh one on this run's server when left out. */
  readonly database?: FreshDatabase | undefined
}

export const limits = { timeoutMs: 1500 }
/** What is stopped by its time is stopped the same way sooner. */
const shortLimits = { timeoutMs: 400 }

export async function battlefield({ through = (url) => url, database }: BattlefieldOptions = {}): Promise<Battlefield> {
  const fresh = database ?? (await freshDatabase())
  const role = `attacked_${randomBytes(4).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  const key: ScopeKey = { id: 'k1', secret: randomBytes(32) }
  await provisionRoles(fresh.db, { roles: { agent: { name: role, password } }, scopeKeys: [key] })
  const canaries = await plantCanaries(fresh.db)
  await execute(fresh.url, 'analyze')
  const agentUrl = new URL(fresh.url)
  agentUrl.username = role
  agentUrl.password = password

  const { me, victim, canary } = canaries
  const ground: Ground = { schema: 'finance', me, victim, canary, forgedScopes: forgedScopes(victim, me, key) }
  const watch = createWatch(fresh.db, { schema: 'finance', role })
  const open: ReadOnlyDb[] = []
  const door = (options: ReadOnlyDbOptions = {}) => {
    const made = createReadOnlyDb(
      { connectionString: through(agentUrl.href), scopeKey: key, concurrency: 1, limits, ...options },
      {},
    )
    open.push(made)
    return made
  }
  const doors = { on: door({ guard: 'on' }), off: door({ guard: 'off' }) }
  const hasty = { on: door({ guard: 'on', limits: shortLimits }), off: door({ guard: 'off', limits: shortLimits }) }
  return {
    ground,
    canaries,
    watch,
    key,
    role,
    door,
    agentUrl: agentUrl.href,
    ownerUrl: fresh.url,
    async attack(guard, attacks, { heavy = false, door: other } = {}) {
      const attacked = other ?? (heavy ? hasty : doors)[guard].asUser(me)
      const verdicts: Verdict[] = []
      const run = { door: attacked, guard, ground, watch, attacks, heavy, timeoutMs: limits.timeoutMs + 4000 }
      for await (const verdict of runAttacks(run)) verdicts.push(verdict)
      return verdicts
    },
    async release() {
      for (const one of open.splice(0)) await one.destroy()
      await execute(withDatabase(fresh.url, 'postgres'), endSessions(fresh.url))
    },
    async [Symbol.asyncDispose]() {
      for (const one of open) await one.destroy()
      if (database !== undefined) return
      await fresh[Symbol.asyncDispose]()
      await execute(withDatabase(fresh.url, 'postgres'), `drop role ${role}`)
    },
  }
}

const endSessions = (url: string) =>
  `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${new URL(url).pathname.slice(1)}'`

/** Each breach in a line, so that a failing test says what it was. */
export function reportOf(verdicts: readonly Verdict[]): string[] {
  return verdicts.flatMap(({ attack, breaches }) =>
    breaches.map(({ why, sql }) => `${attack.id}: ${why}: ${sql.slice(0, 200)}`),
  )
}
