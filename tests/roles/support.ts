import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import pg from 'pg'
import { inject } from 'vitest'
import { createFinanceDb } from '../../src/database.js'
import {
  type ProvisionOptions,
  type ProvisionResult,
  provisionRoles,
  type RoleKind,
  type ScopeKey,
} from '../../src/index.js'
import type { Database } from '../../src/schema/database.js'
import { execute } from '../server.js'
import { freshDatabase } from '../support.js'

const made = { count: 0 }
const kinds = ['app', 'member', 'agent', 'analyst'] as const

/** Roles belong to the server, so each test has names of its own. */
export function roleNames(): Record<RoleKind | 'migrator', string> {
  const suffix = `${process.pid}_${++made.count}`
  return Object.fromEntries(
    [...kinds, 'migrator' as const].map((kind) => [kind, `finance_${kind}_${suffix}`]),
  ) as Record<RoleKind | 'migrator', string>
}

export const password = 'a long password; for tests'

export const newKey = (id = 'k1'): ScopeKey => ({ id, secret: randomBytes(32) })

/** The same server and database, another user. */
export function urlAs(url: string, user: string): string {
  const changed = new URL(url)
  changed.username = user
  changed.password = encodeURIComponent(password)
  return changed.href
}

export interface ProvisionedDatabase extends AsyncDisposable {
  readonly url: string
  /** As the owner. */
  readonly owner: Kysely<Database>
  readonly names: Record<RoleKind | 'migrator', string>
  readonly key: ScopeKey
  readonly result: ProvisionResult
  urlOf(kind: RoleKind | 'migrator'): string
  /** A handle that logs in as a role. */
  as(kind: RoleKind | 'migrator'): Kysely<Database>
  /** One connection of a role. */
  client(kind: RoleKind | 'migrator'): Promise<pg.Client>
  options(more?: ProvisionOptions): ProvisionOptions
}

/** A migrated database of its own with all roles. Use with `await using`, which drops the roles too. */
export async function provisionedDatabase(more: ProvisionOptions = {}): Promise<ProvisionedDatabase> {
  const fresh = await freshDatabase()
  const names = roleNames()
  const key = newKey()
  const open: { destroy(): Promise<unknown> }[] = []
  const options = (other: ProvisionOptions = {}): ProvisionOptions => ({
    roles: Object.fromEntries(kinds.map((kind) => [kind, { name: names[kind], password }])),
    scopeKeys: [key],
    ...more,
    ...other,
  })
  const result = await provisionRoles(fresh.db, options())
  const urlOf = (kind: RoleKind | 'migrator') => urlAs(fresh.url, names[kind])
  return {
    url: fresh.url,
    owner: fresh.db,
    names,
    key,
    result,
    urlOf,
    options,
    as(kind) {
      const db = createFinanceDb({ connectionString: urlOf(kind), poolSize: 3 }, {})
      open.push(db)
      return db
    },
    async client(kind) {
      const client = new pg.Client({ connectionString: urlOf(kind) })
      await client.connect()
      open.push({ destroy: () => client.end() })
      return client
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(open.map((handle) => handle.destroy()))
      await fresh[Symbol.asyncDispose]()
      await dropRoles(Object.values(names))
    },
  }
}

export async function dropRoles(names: readonly string[]): Promise<void> {
  await execute(inject('databaseUrl'), ...names.map((name) => `drop role if exists "${name}"`))
}

/** The SQLSTATE that a statement fails with; `ok` when it does not. */
export async function outcome(client: pg.Client, text: string, values: unknown[] = []): Promise<string> {
  await client.query('begin')
  try {
    await client.query(text, values)
    return 'ok'
  } catch (error) {
    if (error instanceof pg.DatabaseError) return error.code ?? 'no code'
    throw error
  } finally {
    await client.query('rollback')
  }
}
