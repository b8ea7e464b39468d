import { dangerousBuiltins } from './builtins.js'

/** Runs one statement and gives its rows, however the caller connects. */
export type RoleQuery = (text: string, values: unknown[]) => Promise<{ rows: readonly unknown[] }>

/** Something about a role that it should not be or be able to do. */
export interface Finding {
  /** `superuser`, `writes`, `secret`, … for programs. */
  readonly code: string
  /** `unfit`: do not let an agent log in as it. `weak`: what is left open then has to be held by other layers, or by limits. */
  readonly severity: 'unfit' | 'weak'
  /** What it concerns: a table, a function, a role. Empty for the role itself. */
  readonly object: string
  /** A sentence for people. */
  readonly sentence: string
}

export interface RoleReport {
  readonly role: string
  readonly database: string
  readonly schema: string
  /** Nothing found that is `unfit`. */
  readonly fit: boolean
  readonly findings: readonly Finding[]
}

export interface InspectOptions {
  /** What the role is to be. An `analyst` reads the rows of everybody, so that no policy has to limit it. Default `agent`. */
  readonly kind?: 'agent' | 'analyst' | undefined
}

/**
 * Looks at the role that `query` is connected as for everything that makes it unfit for SQL that nobody has checked: power over
 * the server, memberships, ownership, any right to write anything in the database, secrets it can read, tables whose rows are
 * not limited to one person, functions that run as someone else or reach out of the database. One round trip; it reads the
 * catalogue alone, and needs no right of its own.
 *
 * @param schema Where our tables are.
 */
export async function inspectRole(
  query: RoleQuery,
  schema: string,
  { kind = 'agent' }: InspectOptions = {},
): Promise<RoleReport> {
  const { rows } = await query(inspection, [schema, kind, dangerousBuiltins])
  const { role, database, findings } = JSON.parse((rows[0] as { report: string }).report) as Omit<
    RoleReport,
    'schema' | 'fit'
  >
  return { role, database, schema, fit: findings.every(({ severity }) => severity !== 'unfit'), findings }
}

const finding = (code: string, severity: Finding['severity'], object: string, sentence: string, from: string) =>
  `select '${code}' as code, '${severity}' as severity, (${object})::text as object, (${sentence})::text as sentence ${from}`

const attributes = {
  rolsuper: ['superuser', 'It is a superuser: no right, policy or setting holds it.'],
  rolbypassrls: ['bypassrls', 'It bypasses row-level security: it sees the rows of everybody.'],
  rolcreaterole: ['createrole', 'It may make roles and change them.'],
  rolcreatedb: ['createdb', 'It may make databases.'],
  rolreplication: ['replication', 'It may replicate: that reads every row of every database.'],
} as const

/** Extensions whose functions reach out of the database, or run SQL that is hidden in a string. */
const outward = `'dblink', 'postgres_fdw', 'file_fdw', 'mysql_fdw', 'http', 'pg_net', 'pg_cron', 'plpython3u', 'plperlu', 'pltclu', 'plsh', 'adminpack', 'tablefunc', 'xml2', 'aws_s3', 'aws_lambda', 'pg_background', 'pageinspect', 'pg_surgery', 'lo'`

const parts = [
  ...Object.entries(attributes).map(([column, [code, sentence]]) =>
    finding(code, 'unfit', `''`, `'${sentence}'`, `from me where ${column}`),
  ),
  finding(
    'switched',
    'unfit',
    'session_user',
    `format('The session logged in as %s: RESET ROLE goes back to it. Log in as the role itself.', session_user)`,
    'where session_user <> current_user',
  ),
  finding(
    'member',
    'unfit',
    'g.rolname',
    `format('It is a member of %s: it has, or can take, the rights of that role.', g.rolname)`,
    'from me join pg_auth_members m on m.member = me.oid join pg_roles g on g.oid = m.roleid',
  ),
  finding(
    'owner',
    'unfit',
    `case when d.classid = 'pg_class'::regclass then (select c.oid::regclass::text from pg_class c where c.oid = d.objid) else d.classid::regclass || ' ' || d.objid end`,
    `'It owns something: an owner can change it, give it away, and is not held by its policies.'`,
    `from me join pg_shdepend d on d.refclassid = 'pg_authid'::regclass and d.refobjid = me.oid and d.deptype = 'o'
      and d.dbid in (0, (select oid from pg_database where datname = current_database()))`,
  ),
  finding(
    'writes',
    'unfit',
    'r.label',
    `format('It may %s %s.', lower(array_to_string(r.privileges, ', ')), r.label)`,
    'from rel r where cardinality(r.privileges) > 0',
  ),
  finding(
    'large-object',
    'unfit',
    'l.oid',
    `format('It may write the large object %s.', l.oid)`,
    `from me, pg_largeobject_metadata l cross join lateral aclexplode(l.lomacl) a
      where a.grantee in (0, me.oid) and a.privilege_type = 'UPDATE'`,
  ),
  finding(
    'secret',
    'unfit',
    `r.label || '.' || a.attname`,
    `format('It may read %s.%s, which is not for agents.', r.label, a.attname)`,
    `from me, rel r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      where r.ours and r.is_table and has_column_privilege(me.oid, r.oid, a.attnum, 'select') and (r.name, a.attname) in (select s.t, s.c from secret s)
        or r.ours and r.is_table and r.name in (select s.t from secret s where s.c = '*') and has_column_privilege(me.oid, r.oid, a.attnum, 'select')`,
  ),
  finding(
    'secret',
    'unfit',
    'c.oid::regclass',
    `format('It may read %s, which has secrets of the server.', c.oid::regclass)`,
    `from me, pg_class c where c.oid in ('pg_authid'::regclass, 'pg_shadow'::regclass, 'pg_user_mapping'::regclass,
      'pg_statistic'::regclass, 'pg_largeobject'::regclass, 'pg_subscription'::regclass, 'pg_hba_file_rules'::regclass,
      'pg_file_settings'::regclass) and has_any_column_privilege(me.oid, c.oid, 'select')
      and (c.oid <> 'pg_subscription'::regclass or has_column_privilege(me.oid, c.oid, 'subconninfo', 'select'))`,
  ),
  finding(
    'unlimited',
    'unfit',
    'r.label',
    `format('It reads every row of %s: no restrictive policy limits it to one person.', r.label)`,
    `from me, rel r where $2 = 'agent' and r.readable and not (r.secured and r.restricted)`,
  ),
  finding(
    'other-tables',
    'weak',
    'r.label',
    `format('It may read %s, which is not of the finance schema.', r.label)`,
    `from rel r where $2 = 'analyst' and r.readable and not r.ours`,
  ),
  finding(
    'definer',
    'unfit',
    'p.oid::regprocedure',
    `format('It may call %s, which runs as its owner.', p.oid::regprocedure)`,
    `from me, pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and p.prorettype <> 'trigger'::regtype and p.prorettype <> 'event_trigger'::regtype
        and not (n.nspname = $1 and p.proname in ('scoped_user', 'set_scope'))
        and has_function_privilege(me.oid, p.oid, 'execute') and has_schema_privilege(me.oid, n.oid, 'usage')`,
  ),
  finding(
    'outward',
    'unfit',
    'p.oid::regprocedure',
    `format('It may call %s of the extension %s, which reaches beyond what the role may do.', p.oid::regprocedure, e.extname)`,
    `from me, pg_extension e join pg_depend d on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
        and d.classid = 'pg_proc'::regclass and d.deptype = 'e'
      join pg_proc p on p.oid = d.objid
      where e.extname in (${outward}) and has_function_privilege(me.oid, p.oid, 'execute')
        and has_schema_privilege(me.oid, p.pronamespace, 'usage')`,
  ),
  finding(
    'server-file',
    'unfit',
    'p.oid::regprocedure',
    `format('It may call %s, which is for administrators.', p.oid::regprocedure)`,
    `from me, pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace
      and p.proname in ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'lo_import', 'lo_export', 'pg_reload_conf',
        'pg_rotate_logfile', 'pg_promote', 'pg_switch_wal', 'pg_create_restore_point', 'pg_ls_logdir', 'pg_ls_waldir', 'pg_current_logfile')
      and has_function_privilege(me.oid, p.oid, 'execute')`,
  ),
  finding(
    'foreign-server',
    'unfit',
    's.srvname',
    `format('It may use the foreign server %s.', s.srvname)`,
    `from me, pg_foreign_server s where has_server_privilege(me.oid, s.oid, 'usage')`,
  ),
  finding(
    'language',
    'unfit',
    'l.lanname',
    `format('It may write functions in %s, which is not held by rights.', l.lanname)`,
    `from me, pg_language l where not l.lanpltrusted and l.lanname not in ('internal', 'c') and has_language_privilege(me.oid, l.oid, 'usage')`,
  ),
  finding(
    'parameter',
    'unfit',
    'p.parname',
    `format('It may set %s, which is for administrators.', p.parname)`,
    `from me, pg_parameter_acl p cross join lateral aclexplode(p.paracl) a where a.grantee in (0, me.oid)`,
  ),
  finding(
    'creates',
    'unfit',
    'n.oid::regnamespace',
    `format('It may create objects in schema %s.', n.nspname)`,
    `from me, pg_namespace n where has_schema_privilege(me.oid, n.oid, 'create') and n.nspname !~ '^pg_(temp|toast)_'`,
  ),
  finding(
    'creates',
    'unfit',
    'current_database()',
    `'It may create schemas in the database.'`,
    `from me where has_database_privilege(me.oid, current_database(), 'create')`,
  ),
  finding(
    'temporary',
    'unfit',
    'current_database()',
    `'It may make temporary tables, which stand in for real ones: revoke temporary on the database from PUBLIC.'`,
    `from me where has_database_privilege(me.oid, current_database(), 'temporary')`,
  ),
  finding(
    'builtin',
    'weak',
    `string_agg(distinct p.proname, ', ' order by p.proname)`,
    `format('It may call %s functions of PostgreSQL that wait, lock, signal or write: provisionRoles with revokeBuiltins takes them.', count(*))`,
    `from me, pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any ($3::text[])
      and has_function_privilege(me.oid, p.oid, 'execute') having count(*) > 0`,
  ),
  ...['statement_timeout', 'idle_in_transaction_session_timeout', 'lock_timeout'].map((setting) =>
    finding(
      'no-limit',
      'weak',
      `'${setting}'`,
      `'Nothing limits ${setting} of its sessions.'`,
      `where current_setting('${setting}') = '0'`,
    ),
  ),
  finding(
    'read-write',
    'weak',
    `'default_transaction_read_only'`,
    `'Its transactions are not read-only unless they say so.'`,
    `where (select reset_val from pg_settings where name = 'default_transaction_read_only') = 'off'`,
  ),
  finding(
    'connections',
    'weak',
    `''`,
    `'Nothing limits how many connections it opens.'`,
    'from me where rolconnlimit < 0',
  ),
]

/** Columns; `*` for all of a table. */
const secrets = [
  'users.password_hash',
  'cards.token',
  'cards.token_fingerprint',
  ...['auth_sessions', 'auth_attempts', 'audit_log', 'audit_seals', 'scope_keys', 'database_roles'].map(
    (t) => `${t}.*`,
  ),
]

const inspection = `with me as (select * from pg_roles where rolname = current_user),
secret as (select split_part(s, '.', 1) as t, split_part(s, '.', 2) as c from unnest('{${secrets.join(',')}}'::text[]) s),
rel as (
  select c.oid, c.relname::text as name, c.oid::regclass::text as label, n.nspname = $1 as ours, c.relkind in ('r', 'p') as is_table,
    c.relkind <> 'S' and has_any_column_privilege(me.oid, c.oid, 'select') and has_schema_privilege(me.oid, n.oid, 'usage') as readable,
    c.relrowsecurity as secured,
    exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('*', 'r') and me.oid = any (p.polroles)
      and pg_get_expr(p.polqual, p.polrelid) like '%scoped_user()%') as restricted,
    case when c.relkind = 'S' then array(
        select v from unnest('{USAGE,UPDATE}'::text[]) v where has_sequence_privilege(me.oid, c.oid, v))
      else array(
        select v from unnest(case when current_setting('server_version_num')::int >= 170000
          then '{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,MAINTAIN}' else '{INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}' end::text[]) v
        where has_table_privilege(me.oid, c.oid, v)
          or case when v in ('INSERT', 'UPDATE', 'REFERENCES') then has_any_column_privilege(me.oid, c.oid, v) end)
    end as privileges
  from me, pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.oid <> 'pg_catalog.pg_settings'::regclass
    and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(temp|toast)'
), catalogue as (
  select c.oid::regclass::text as label, a.privilege_type
  from me, pg_class c cross join lateral aclexplode(c.relacl) a
  where c.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    and a.grantee in (0, me.oid) and a.privilege_type <> 'SELECT' and c.oid <> 'pg_catalog.pg_settings'::regclass
), finding as (
${[
  ...parts,
  finding(
    'writes',
    'unfit',
    'c.label',
    `format('It may %s %s.', lower(c.privilege_type), c.label)`,
    'from catalogue c',
  ),
].join('\nunion all\n')}
)
select json_build_object(
  'role', current_user, 'database', current_database(),
  'findings', coalesce((select json_agg(json_build_object(
    'code', code, 'severity', severity, 'object', object, 'sentence', sentence) order by severity, code, object) from finding), '[]')
)::text as report`
