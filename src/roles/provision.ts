import { type Kysely, sql, type Transaction } from 'kysely'
import { InvalidConfigError } from '../errors.js'
import { isBlocked } from '../migrations/failures.js'
import { handleOf } from '../migrations/handle.js'
import { underLock } from '../migrations/session.js'
import { translateError } from '../postgres-errors.js'
import { psqlHead } from '../psql.js'
import { identifier, literal } from '../quoting.js'
import { sqlState } from '../sql-state.js'
import { type ProvisionOptions, readOptions, type Wanted } from './options.js'
import { type Point, plain, planOwner, planServer, type Statement } from './plan.js'
import { paddedKeys, type ScopeKey } from './scope-token.js'
import { type Found, readFound } from './state.js'

/** Something that was not so, with the statements that were to make it so. Secrets are left out of them. */
export interface ProvisionChange {
  readonly what: string
  readonly statements: readonly string[]
}

/** What the server did not do, and why, in its words or ours. Someone with more rights has to: see `provisionSql`. */
export interface RefusedChange extends ProvisionChange {
  readonly reason: string
}

export interface ProvisionResult {
  readonly done: readonly ProvisionChange[]
  /** What was so already, in words. */
  readonly already: readonly string[]
  readonly refused: readonly RefusedChange[]
  /** The schema has no tables yet, or those of an older release: migrate, and provision again for the rights in it. */
  readonly needsMigration: boolean
}

/**
 * Makes the roles of the database, or mends them, with the least rights that do: attributes, memberships, settings, passwords,
 * scope keys, row-level policies and grants. What is right already is left as it is, so run it as often as you like, and after
 * the host has changed something by hand. New tables and columns need no other run: `migrate` gives the registered roles
 * their rights.
 *
 * Connect as the owner of the schema (or as a superuser). To make roles it needs CREATEROLE; what a role may not do is told in
 * `refused` and the rest is done. One transaction, under the lock that migrations take. Where a policy or a setting of a column is
 * missing, its table is locked until the end: as `migrate` does, it waits 5 s for that, lets go of all, and tries again, five times.
 *
 * @throws {InvalidInputError} @throws {InvalidConfigError} An option is wrong, two roles have one name, or one is the role that
 *   is logged in, which would take its own rights.
 * @throws {UnsupportedError} `db` is a transaction, or not PostgreSQL.
 * @throws {TimeoutError} Other transactions hold tables too long, or another process migrates. Nothing was changed.
 */
export async function provisionRoles<DB>(
  db: Kysely<DB>,
  { schema: given, ...options }: ProvisionOptions = {},
): Promise<ProvisionResult> {
  const { raw, schema } = handleOf(db, given)
  const wanted = readOptions(options, schema)
  const limits = { lockTimeoutMs, waitMs: 60_000, onProgress: () => {} }
  return underLock(raw, schema, limits, (trx, progress) => {
    progress.doing = 'Provisioning'
    return provision(trx, schema, wanted)
  }).catch(translateError)
}

/**
 * What `provisionRoles` would run, as a script for psql, for an administrator who runs it.
 *
 * @param secrets Whether it has the verifiers of passwords and the scope keys in it. Default false: then a comment says what
 *   to do about them.
 */
export async function provisionSql<DB>(
  db: Kysely<DB>,
  { schema: given, ...options }: ProvisionOptions = {},
  { secrets = false }: { secrets?: boolean | undefined } = {},
): Promise<string> {
  const { raw, schema } = handleOf(db, given)
  const wanted = readOptions(options, schema)
  const found = await readFound(raw, schema, wanted).catch(translateError)
  const points = [
    ...planServer(wanted, found),
    ...(found.migrated ? [...(await planTables(raw, schema, wanted)), ...(await planRights(raw, schema, wanted))] : []),
    ...planOwner(wanted, found, schema),
  ].filter(({ statements }) => statements.length > 0)

  const lines = [...psqlHead, 'begin;', `set local lock_timeout = ${lockTimeoutMs};`, `${quietLog};`]
  for (const { what, statements } of points) {
    lines.push('', `-- ${what.replaceAll(/\s+/g, ' ')}`)
    for (const { text, shown } of statements) {
      if (text === shown || secrets) lines.push(`${text};`)
      else lines.push(`-- has a secret, and is left out: ${shown}`)
    }
  }
  if (!found.migrated)
    lines.push('', `-- Then migrate, and provision again, for the rights in schema ${identifier(schema)}.`)
  if (points.length === 0 && found.migrated) return '-- All is as it should be.\n'
  return [...lines, '', 'commit;', ''].join('\n')
}

/** Milliseconds. A policy is made under a lock that readers wait for too, and they queue up behind whoever waits for it. */
const lockTimeoutMs = 5_000

/** Keeps keys and verifiers out of the server's log until the transaction ends, where the role may: as a superuser, or granted. */
const quietLog = `do $$ begin
  perform set_config(q.name, q.value, true)
  from (values ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'),
    ('log_transaction_sample_rate', '0'), ('log_min_error_statement', 'panic'), ('auto_explain.log_min_duration', '-1'),
    ('pgaudit.log', 'none')) q (name, value)
  join pg_settings s on s.name = q.name and has_parameter_privilege(s.name, 'set');
end $$`

async function provision(trx: Transaction<unknown>, schema: string, wanted: Wanted): Promise<ProvisionResult> {
  await sql`select set_config('client_min_messages', 'error', true)`.execute(trx)
  await sql.raw(quietLog).execute(trx)
  const refused = new Map<string, RefusedChange>()
  const run = async (points: readonly Point[]) => {
    for (const point of points) await attempt(trx, point, refused)
    return points
  }

  const found = await readFound(trx, schema, wanted)
  refuseSelf(wanted, found)
  const points = [...(await run(planServer(wanted, found)))]
  if (found.migrated) {
    points.push(...(await run(await planTables(trx, schema, wanted))))
    points.push(...(await run(await planRights(trx, schema, wanted))))
  }

  // A revoke of what someone else granted is a warning and no error: what was done is seen by looking again. (Passwords aside,
  // which nobody but a superuser can look at.)
  const silent = { ...wanted, roles: wanted.roles.map((role) => ({ ...role, password: undefined })) }
  const rights = found.migrated ? await planRights(trx, schema, wanted) : []
  points.push(...(await run(planOwner(wanted, found, schema))))
  const now = await readFound(trx, schema, wanted)
  const left = [...planServer(silent, now), ...planOwner(silent, now, schema), ...rights]
  return report(points, refused, left, !found.migrated)
}

/** Whoever provisions must be able to do it again: a server whose only superuser took that from itself has none. */
function refuseSelf({ roles }: Wanted, { me, roles: found }: Found): void {
  const self = roles.find(({ name }) => name === me)
  if (self === undefined) return
  const powers = found.find(({ name }) => name === me)?.attributes ?? []
  if (self.kind === 'migrator' && powers.length === 0) return
  throw new InvalidConfigError([
    {
      path: self.kind === 'migrator' ? 'migrator.name' : `roles.${self.kind}.name`,
      message:
        'is the role that is logged in, which would take its own rights: log in as another, or give another name',
    },
  ])
}

function report(
  points: readonly Point[],
  refused: ReadonlyMap<string, RefusedChange>,
  left: readonly Point[],
  needsMigration: boolean,
): ProvisionResult {
  const leftOver = new Set(left.filter(({ statements }) => statements.length > 0).map(({ what }) => what))
  const result = {
    done: [] as ProvisionChange[],
    already: [] as string[],
    refused: [...refused.values()],
    needsMigration,
  }
  for (const { what, statements } of points) {
    const change = { what, statements: statements.map(({ shown }) => shown) }
    if (statements.length === 0) result.already.push(what)
    else if (refused.has(what)) continue
    else if (leftOver.has(what))
      result.refused.push({ ...change, reason: 'The server did not do it: this role may not.' })
    else result.done.push(change)
  }
  return result
}

async function attempt(
  trx: Transaction<unknown>,
  { what, statements }: Point,
  refused: Map<string, RefusedChange>,
): Promise<void> {
  if (statements.length === 0) return
  await sql`savepoint finance_db_provision`.execute(trx)
  try {
    for (const { text } of statements) await sql.raw(text).execute(trx)
    await sql`release savepoint finance_db_provision`.execute(trx)
  } catch (error) {
    // Whatever the server says of its own: 42501 no right, 42704 no such role, 22023 or 0A000 a setting it does not have …
    // But who waits for a table holds those before it, and lets all of them go.
    if (sqlState(error) === undefined || isBlocked(error)) throw error
    await sql`rollback to savepoint finance_db_provision`.execute(trx)
    const reason = error instanceof Error && !hasSecret(statements) ? error.message : `SQLSTATE ${sqlState(error)}`
    refused.set(what, { what, statements: statements.map(({ shown }) => shown), reason })
  }
}

function hasSecret(statements: readonly Statement[]): boolean {
  return statements.some(({ text, shown }) => text !== shown)
}

/** The rows of our own tables: which roles there are, and the keys of scopes. */
async function planTables(db: Kysely<unknown>, schema: string, { roles, scopeKeys }: Wanted): Promise<Point[]> {
  const [registry, keys] = ['database_roles', 'scope_keys'].map((name) => `${identifier(schema)}.${name}`) as [
    string,
    string,
  ]
  const { rows } = await sql<{ name: string; kind: string }>`select name, kind from ${sql.raw(registry)}`.execute(db)
  const kindOf = new Map(rows.map(({ name, kind }) => [name, kind]))
  const points = roles
    .filter(({ kind }) => kind !== 'migrator')
    .map(({ name, kind }): Point => {
      const text = `insert into ${registry} (name, kind) values (${literal(name)}, ${literal(kind)}) on conflict (name) do update set kind = excluded.kind`
      return {
        what: `${name} is registered as ${kind}`,
        statements: kindOf.get(name) === kind ? [] : plain(text),
      }
    })
  return scopeKeys === undefined ? points : [...points, ...(await planKeys(db, keys, scopeKeys))]
}

async function planKeys(db: Kysely<unknown>, table: string, keys: readonly ScopeKey[]): Promise<Point[]> {
  const { rows } = await sql<{ id: string; inner: string }>`
    select id, encode(inner_key, 'hex') as inner from ${sql.raw(table)}`.execute(db)
  const there = new Map(rows.map(({ id, inner }) => [id, inner]))
  const points = keys.map((key): Point => {
    const { inner, outer } = paddedKeys(key)
    const insert = (a: string, b: string) =>
      `insert into ${table} (id, inner_key, outer_key) values (${literal(key.id)}, ${a}, ${b}) on conflict (id) do update ` +
      'set inner_key = excluded.inner_key, outer_key = excluded.outer_key, created_at = now()'
    return {
      what: `scopes signed with the key ${key.id} hold`,
      statements:
        there.get(key.id) === inner
          ? []
          : [{ text: insert(`decode('${inner}', 'hex')`, `decode('${outer}', 'hex')`), shown: insert("'…'", "'…'") }],
    }
  })
  for (const id of there.keys()) {
    if (keys.some((key) => key.id === id)) continue
    const text = `delete from ${table} where id = ${literal(id)}`
    points.push({ what: `scopes signed with the key ${id} do not hold`, statements: plain(text) })
  }
  return points
}

/** Policies and grants in our schema, of these roles and of those that are registered already. */
async function planRights(db: Kysely<unknown>, schema: string, { roles }: Wanted): Promise<Point[]> {
  const wanted = JSON.stringify(
    roles.filter(({ kind }) => kind !== 'migrator').map(({ name, kind }) => ({ name, kind })),
  )
  const { rows } = await sql<{ role: string | null; object: string; statement: string }>`
    select c.role_name as role, c.object, c.statement
    from ${sql.raw(identifier(schema))}.role_changes((
      select jsonb_agg(w order by w ->> 'name') from (
        select w from jsonb_array_elements(${wanted}::text::jsonb) w
        union all
        select jsonb_build_object('name', d.name, 'kind', d.kind) from ${sql.raw(identifier(schema))}.database_roles d
        join pg_roles r on r.rolname = d.name
        where not ${wanted}::text::jsonb @> jsonb_build_array(jsonb_build_object('name', d.name))
      ) w
    )) c
    order by c.role_name nulls first, c.object, c.step, c.statement`.execute(db)
  const points = new Map<string, string[]>()
  for (const { role, object, statement } of rows) {
    const what = `${role ?? 'everybody'} has its rights on ${object}, and no others`
    points.set(what, [...(points.get(what) ?? []), statement])
  }
  return [...points].map(([what, texts]) => ({ what, statements: plain(...texts) }))
}
