import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { ReadOnlyDb, ReadOnlyDbOptions } from '../../src/readonly/index.js'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import { provisionRoles, type ScopeKey } from '../../src/roles/index.js'
import { execute } from '../server.js'
import { type FreshDatabase, freshDatabase } from '../support.js'

/** A migrated database with an agent and an analyst who may log in, and nothing in it. */
export interface DoorDatabase extends AsyncDisposable {
  readonly database: FreshDatabase
  readonly scopeKey: ScopeKey
  readonly agentUrl: string
  readonly analystUrl: string
  readonly agentRole: string
  readonly analystRole: string
  agent(options?: ReadOnlyDbOptions): ReadOnlyDb
  analyst(options?: ReadOnlyDbOptions): ReadOnlyDb
  /** As the owner, on a connection of its own. */
  asOwner(...statements: string[]): Promise<void>
}

const password = 'only-for-tests'

export async function doorDatabase(): Promise<DoorDatabase> {
  const database = await freshDatabase()
  const suffix = randomBytes(5).toString('hex')
  const [agentRole, analystRole] = [`agent_${suffix}`, `analyst_${suffix}`]
  const scopeKey: ScopeKey = { id: 'test', secret: randomBytes(32) }
  await provisionRoles(database.db, {
    // Without that setting, tests can see what runs.
    roles: {
      agent: { name: agentRole, password, settings: { track_activities: null } },
      analyst: { name: analystRole, password },
    },
    scopeKeys: [scopeKey],
  })

  const urlOf = (role: string) => {
    const url = new URL(database.url)
    url.username = role
    url.password = password
    return url.href
  }
  const doors: ReadOnlyDb[] = []
  const open = (role: string, options: ReadOnlyDbOptions = {}) => {
    const door = createReadOnlyDb({ connectionString: urlOf(role), scopeKey, ...options }, {})
    doors.push(door)
    return door
  }
  return {
    database,
    scopeKey,
    agentRole,
    analystRole,
    agentUrl: urlOf(agentRole),
    analystUrl: urlOf(analystRole),
    agent: (options) => open(agentRole, options),
    analyst: (options) => open(analystRole, options),
    asOwner: (...statements) => execute(database.url, ...statements),
    async [Symbol.asyncDispose]() {
      for (const door of doors) await door.destroy()
      await database[Symbol.asyncDispose]()
      await execute(inject('databaseUrl'), `drop role ${agentRole}`, `drop role ${analystRole}`)
    },
  }
}

/** A plain connection as the role, for what the door would not do. */
export async function connectAs(url: string): Promise<AsyncDisposable & { readonly client: pg.Client }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
