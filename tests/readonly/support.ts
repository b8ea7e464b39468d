import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import type { ReadOnlyDb, ReadOnlyDbOptions } from '../../src/readonly/index.js'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import type { ScopeKey } from '../../src/roles/scope-token.js'
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

/** Columns of users that an agent may read. */
const userColumns =
  'id, email, role, first_name, last_name, phone_number, financial_goals, is_active, created_at, updated_at'
const cardColumns = 'user_id, id, account_id, brand, last4, exp_month, exp_year, status, created_at, updated_at'
const openTables = [
  'accounts',
  'transactions',
  'transfers',
  'p2p_transfers',
  'investments',
  'computed_features',
  'persona_assignments',
  'insights',
  'recommendations',
  'chat_logs',
]

export async function doorDatabase(): Promise<DoorDatabase> {
  const database = await freshDatabase()
  const suffix = randomBytes(5).toString('hex')
  const [agentRole, analystRole] = [`agent_${suffix}`, `analyst_${suffix}`]
  const scopeKey: ScopeKey = { id: 'test', secret: randomBytes(32) }
  const name = new URL(database.url).pathname.slice(1)

  await execute(database.url, ...scopeSql(scopeKey))
  for (const role of [agentRole, analystRole]) {
    await execute(
      database.url,
      `create role ${role} login password '${password}' nosuperuser nocreatedb nocreaterole noinherit nobypassrls`,
      `grant connect on database ${name} to ${role}`,
      `grant usage on schema finance to ${role}`,
    )
  }
  await execute(
    database.url,
    `revoke temporary on database ${name} from public`,
    `revoke execute on all functions in schema finance from public`,
    `grant execute on function finance.scoped_user() to ${agentRole}`,
  )
  for (const table of [...openTables, 'users', 'cards']) {
    const columns = table === 'users' ? `(${userColumns})` : table === 'cards' ? `(${cardColumns})` : ''
    const owner = table === 'users' ? 'id = (select finance.scoped_user())' : 'user_id = (select finance.scoped_user())'
    await execute(
      database.url,
      `alter table finance.${table} enable row level security`,
      `create policy everybody on finance.${table} for all to public using (true) with check (true)`,
      `create policy one_user on finance.${table} as restrictive for all to ${agentRole} using (${owner})`,
      `grant select ${columns} on finance.${table} to ${agentRole}, ${analystRole}`,
    )
  }

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

/** What verifies a scope, until the migrations bring it. HMAC as two hashes, without an extension. */
function scopeSql({ id, secret }: ScopeKey): string[] {
  const padded = Buffer.concat([secret, Buffer.alloc(64 - secret.length)])
  const hex = (pad: number) => Buffer.from(padded.map((byte) => byte ^ pad)).toString('hex')
  return [
    'create table finance.scope_keys (id text primary key, inner_key bytea not null, outer_key bytea not null)',
    `insert into finance.scope_keys values ('${id}', '\\x${hex(0x36)}', '\\x${hex(0x5c)}')`,
    `create function finance.scoped_user() returns uuid language plpgsql stable security definer parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  token text := coalesce(current_setting('finance_db.scope', true), '');
  part text[] := string_to_array(token, '.');
  key record;
begin
  if token = '' then
    raise exception using errcode = '42501', constraint = 'scope_missing', message = 'no scope';
  end if;
  select k.* into key from finance.scope_keys k where k.id = part[2];
  if key is null or cardinality(part) <> 5 or part[1] <> 'v1' or part[5] is distinct from encode(sha256(key.outer_key || sha256(
      key.inner_key || convert_to(array_to_string(part[1:4], '.'), 'UTF8'))), 'hex') then
    raise exception using errcode = '42501', constraint = 'scope_invalid', message = 'bad scope';
  end if;
  if part[4]::bigint < extract(epoch from clock_timestamp()) then
    raise exception using errcode = '42501', constraint = 'scope_expired', message = 'old scope';
  end if;
  return part[3]::uuid;
end
$$`,
    'revoke all on function finance.scoped_user() from public',
  ]
}

/** A plain connection as the role, for what the door would not do. */
export async function connectAs(url: string): Promise<AsyncDisposable & { readonly client: pg.Client }> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.end() }
}
