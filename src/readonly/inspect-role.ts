/** Runs a statement with parameters; values come as the driver gives them, so the statements cast to text, int or boolean. */
export type InspectQuery = <Row>(text: string, values: readonly unknown[]) => Promise<Row[]>

/** What a role may do, as the read-only door needs to know it. */
export interface RoleReport {
  readonly role: string
  readonly serverVersion: number
  /**
   * `one-user`: every table with rows of users is limited by policies to the user of the signed scope. `everybody`: none is.
   */
  readonly sees: 'one-user' | 'everybody'
  /** Why the role is not fit. Empty: it is. */
  readonly problems: readonly string[]
  /** The columns that may be read, by table of the schema. */
  readonly readable: ReadonlyMap<string, readonly string[]>
  /** The tables of the schema of which some columns are withheld. */
  readonly partly: ReadonlySet<string>
  /** Names of columns that are closed in all tables, where the database itself does not close them (PGlite). */
  readonly hidden?: ReadonlySet<string>
}

interface Attributes {
  role: string
  version: number
  powers: string[]
  memberships: string[]
  owns: boolean
  can_create: boolean
}

/** Columns that no agent may read, whatever it was granted. */
const secrets: Readonly<Record<string, readonly string[]>> = {
  users: ['password_hash'],
  cards: ['token', 'token_fingerprint'],
  auth_sessions: ['refresh_token_hash'],
  auth_attempts: ['key_hash'],
  audit_log: ['salt', 'digest'],
  scope_keys: ['*'],
}

/** Looks at the role that is logged in, with privileges as the server itself works them out. */
export async function inspectRole(query: InspectQuery, schema: string): Promise<RoleReport> {
  const [attributes] = await query<Attributes>(attributesSql, [])
  if (attributes === undefined) throw new Error('a session always has a role')
  const writable = await query<{ relation: string; what: string }>(writableSql, [])
  const foreign = await query<{ relation: string }>(foreignSql, [schema])
  const definers = await query<{ fn: string }>(definersSql, [schema])
  const columns = await query<{ table: string; columns: string[]; total: number }>(readableSql, [schema])
  const owned = await query<{ table: string; scoped: boolean }>(scopedSql, [schema])

  const problems: string[] = []
  const { role, powers, memberships } = attributes
  if (powers.length > 0) problems.push(`it has ${powers.join(', ')}`)
  if (memberships.length > 0) problems.push(`it is a member of ${memberships.join(', ')}`)
  if (attributes.owns) problems.push('it owns objects')
  if (attributes.can_create) problems.push('it may create objects in a schema or the database')
  for (const { relation, what } of writable) problems.push(`it may ${what} ${relation}`)
  if (foreign.length > 0)
    problems.push(`it may read ${foreign.map((f) => f.relation).join(', ')}, outside of the schema`)
  for (const { fn } of definers) problems.push(`it may run ${fn}, which has the rights of its owner`)

  const readable = new Map(columns.map((row) => [row.table, row.columns]))
  for (const [table, names] of Object.entries(secrets)) {
    const open = (readable.get(table) ?? []).filter((column) => names.includes(column) || names.includes('*'))
    if (open.length > 0) problems.push(`it may read ${open.join(', ')} of ${table}`)
  }
  const scoped = owned.filter((row) => row.scoped)
  if (scoped.length > 0 && scoped.length < owned.length) {
    const open = owned.filter((row) => !row.scoped).map((row) => row.table)
    problems.push(`it is limited to one user, but not in ${open.join(', ')}`)
  }
  return {
    role,
    serverVersion: attributes.version,
    sees: scoped.length > 0 ? 'one-user' : 'everybody',
    problems,
    readable,
    partly: new Set(columns.filter((row) => row.columns.length < row.total).map((row) => row.table)),
  }
}

const attributesSql = `
  select r.rolname::text as role,
    pg_catalog.current_setting('server_version_num')::int as version,
    array_remove(array[
      case when r.rolsuper then 'SUPERUSER' end, case when r.rolbypassrls then 'BYPASSRLS' end,
      case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end,
      case when r.rolreplication then 'REPLICATION' end,
      case when session_user <> current_user then 'another session user' end], null)::text[] as powers,
    array(select g.rolname::text from pg_catalog.pg_auth_members m join pg_catalog.pg_roles g on g.oid = m.roleid
      where m.member = r.oid) as memberships,
    exists (select from pg_catalog.pg_shdepend d where d.refclassid = 'pg_catalog.pg_authid'::regclass
      and d.refobjid = r.oid and d.deptype = 'o') as owns,
    pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') or exists (
      select from pg_catalog.pg_namespace n
      where n.nspname !~ '^pg_' and pg_catalog.has_schema_privilege(n.oid, 'CREATE')) as can_create
  from pg_catalog.pg_roles r where r.rolname = current_user`

const elsewhere = `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^pg_(toast_)?temp'`

const writableSql = `
  select pg_catalog.format('%I.%I', n.nspname, c.relname) as relation, p.what::text as what
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  cross join (values ('insert into', 'INSERT'), ('update', 'UPDATE'), ('delete from', 'DELETE'),
    ('truncate', 'TRUNCATE'), ('refer to', 'REFERENCES'), ('put triggers on', 'TRIGGER')) p (what, privilege)
  where ${elsewhere} and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and case when p.privilege in ('INSERT', 'UPDATE', 'REFERENCES')
      then pg_catalog.has_any_column_privilege(c.oid, p.privilege) else pg_catalog.has_table_privilege(c.oid, p.privilege) end
  union all
  select pg_catalog.format('%I.%I', n.nspname, c.relname), 'use'
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where ${elsewhere}
    and case when c.relkind = 'S' then pg_catalog.has_sequence_privilege(c.oid, 'USAGE,UPDATE') else false end`

const foreignSql = `
  select pg_catalog.format('%I.%I', n.nspname, c.relname) as relation
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where ${elsewhere} and n.nspname <> $1 and c.relkind in ('r', 'p', 'v', 'm', 'f')
    and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    and not exists (select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')`

const definersSql = `
  select pg_catalog.format('%I.%I', n.nspname, p.proname) as fn
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = $1 and p.prosecdef and p.proname not in ('scoped_user', 'set_scope') and p.prorettype <> 'trigger'::regtype
    and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_function_privilege(p.oid, 'EXECUTE')`

const readableSql = `
  select c.relname::text as table, array_agg(a.attname::text order by a.attnum)
      filter (where pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) as columns, count(*)::int as total
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    and pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
  group by c.relname`

/** Tables with rows of users that may be read, and whether a restrictive policy for this role holds there. */
const scopedSql = `
  select c.relname::text as table,
    pg_catalog.row_security_active(c.oid) and exists (
      select from pg_catalog.pg_policy p
      where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('r', '*')
        and (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) = any (p.polroles)
        and pg_catalog.pg_get_expr(p.polqual, p.polrelid) like '%scoped_user()%') as scoped
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = $1 and c.relkind in ('r', 'p') and pg_catalog.has_schema_privilege(n.oid, 'USAGE')
    and pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
    and (c.relname = 'users' or exists (select from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped))`
