import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import { provisionRoles, type ScopeKey } from '../../src/index.js'
import { createReadOnlyDb, type ReadOnlyDb, type ReadOnlyDbOptions } from '../../src/readonly/index.js'
import { execute } from '../server.js'
import { type FreshDatabase, freshDatabase } from '../support.js'

/** A migrated, empty database with provisioned roles for agents and analysts. Use with `await using`. */
export interface AgentDatabase extends AsyncDisposable, FreshDatabase {
  readonly scopeKey: ScopeKey
  readonly agent: string
  readonly analyst: string
  urlOf(role: string): string
  /** Closed with the database. */
  door(role: string, options?: ReadOnlyDbOptions): ReadOnlyDb
}

const password = 'only-for-these-tests'

export async function agentDatabase(): Promise<AgentDatabase> {
  const database = await freshDatabase()
  // Roles belong to the server, and other tests make some too.
  const suffix = randomBytes(4).toString('hex')
  const [agent, analyst] = [`agent_${suffix}`, `analyst_${suffix}`]
  const scopeKey: ScopeKey = { id: 'test', secret: randomBytes(32) }
  // Without that setting, tests can see what runs.
  const roles = {
    agent: { name: agent, password, settings: { track_activities: null } },
    analyst: { name: analyst, password },
  }
  await provisionRoles(database.db, { roles, scopeKeys: [scopeKey] })

  const doors: ReadOnlyDb[] = []
  const urlOf = (role: string) => Object.assign(new URL(database.url), { username: role, password }).href
  return {
    url: database.url,
    db: database.db,
    scopeKey,
    agent,
    analyst,
    urlOf,
    door(role, options = {}) {
      const door = createReadOnlyDb({ connectionString: urlOf(role), scopeKey, ...options }, {})
      doors.push(door)
      return door
    },
    async [Symbol.asyncDispose]() {
      for (const door of doors) await door.destroy()
      await database[Symbol.asyncDispose]()
      await execute(inject('databaseUrl'), `drop role ${agent}`, `drop role ${analyst}`)
    },
  }
}
