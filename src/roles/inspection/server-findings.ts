import { finding } from './finding.js'

const attributes = {
  rolsuper: ['superuser', 'It is a superuser: no right, policy or setting holds it.'],
  rolbypassrls: ['bypassrls', 'It bypasses row-level security: it sees the rows of everybody.'],
  rolcreaterole: ['createrole', 'It may make roles and change them.'],
  rolcreatedb: ['createdb', 'It may make databases.'],
  rolreplication: ['replication', 'It may replicate: that reads every row of every database.'],
} as const

/** Extensions whose functions reach out of the database, or run SQL that is hidden in a string. */
const outward = `'dblink', 'postgres_fdw', 'file_fdw', 'mysql_fdw', 'http', 'pg_net', 'pg_cron', 'plpython3u', 'plperlu', 'pltclu', 'plsh', 'adminpack', 'tablefunc', 'xml2', 'aws_s3', 'aws_lambda', 'pg_background', 'pageinspect', 'pg_surgery', 'lo'`

export const serverFindings: readonly string[] = [
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
    'large-object',
    'unfit',
    'l.oid',
    `format('It may write the large object %s.', l.oid)`,
    `from me, pg_largeobject_metadata l cross join lateral aclexplode(l.lomacl) a
      where a.grantee in (0, me.oid) and a.privilege_type = 'UPDATE'`,
  ),
  finding(
    'definer',
    'unfit',
    'p.oid::regprocedure',
    `format('It may call %s, which runs as its owner.', p.oid::regprocedure)`,
    `from me, pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where p.prosecdef and p.prorettype <> 'trigger'::regtype and p.prorettype <> 'event_trigger'::regtype
        and p.oid is distinct from (select oid from scope)
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
  finding(
    'activity',
    'weak',
    `'track_activities'`,
    `'Its sessions see the text of the statements of each other, whomever they are for.'`,
    `from limited where so and current_setting('track_activities') = 'on'`,
  ),
]
