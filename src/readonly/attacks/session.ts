import { type Attack, texts } from './shape.js'
import { callVariants } from './spellings.js'

const variants = (calls: ReadonlyArray<readonly [string, string]>, from = 0) =>
  texts(...calls.flatMap(([name, list], turn) => callVariants(name, list, from + turn)))

/** Functions that change the session, hold locks, or reach other sessions. */
export const sessionAttacks: readonly Attack[] = [
  {
    id: 'set-config',
    technique: 5,
    aim: 'session',
    gains: 'Settings that outlive the transaction: read-only off, limits off, another time zone for the next user.',
    breach: 'answer',
    withoutGuard: 'Settings may be changed, and are back when the transaction is rolled back.',
    attempts: ({ schema: s }) =>
      variants([
        ['set_config', `'transaction_read_only', 'off', true`],
        ['set_config', `'default_transaction_read_only', 'off', false`],
        ['set_config', `'statement_timeout', '0', true`],
        ['set_config', `'work_mem', '2GB', false`],
        ['set_config', `'search_path', 'pg_temp, ${s.replaceAll("'", "''")}', false`],
        ['set_config', `'TimeZone', 'Asia/Tokyo', false`],
        ['set_config', `'DateStyle', 'German', false`],
        ['set_config', `'bytea_output', 'escape', false`],
        ['set_config', `'extra_float_digits', '-15', false`],
        ['set_config', `'standard_conforming_strings', 'off', false`],
        ['set_config', `'max_parallel_workers_per_gather', '64', false`],
        ['set_config', `'row_security', 'off', false`],
        ['set_config', `'session_replication_role', 'replica', false`],
        ['set_config', `'client_min_messages', 'debug5', false`],
        ['set_config', `'client_encoding', 'SQL_ASCII', false`],
        ['set_config', `'application_name', 'finance-db', false`],
        ['set_config', `'lo_compat_privileges', 'on', false`],
        ['set_config', `'finance_db.actor', 'somebody', false`],
      ]),
  },
  {
    id: 'role-by-function',
    technique: 22,
    aim: 'rows of others',
    gains: 'Another role, set as a setting.',
    breach: 'row',
    withoutGuard: 'A role without memberships can only be set to itself.',
    attempts: () => [
      ...variants(
        [
          ['set_config', `'role', 'none', true`],
          ['set_config', `'role', 'postgres', false`],
          ['set_config', `'session_authorization', 'postgres', false`],
          ['set_config', `'session_authorization', 'default', false`],
        ],
        3,
      ),
      ...texts(
        `with s as materialized (select set_config('role', 'none', true)) select current_user <> session_user from s`,
        `update pg_settings set setting = 'off' where name = 'transaction_read_only'`,
      ),
    ],
  },
  {
    id: 'advisory-locks',
    technique: 14,
    aim: 'locks',
    gains: 'Locks that survive the rollback, such as that of our migrations, and fill the lock table.',
    breach: 'answer',
    withoutGuard: 'Any role may take them until a superuser revokes them; the door lets them go after the query.',
    attempts: () => [
      ...variants([
        ['pg_advisory_lock', '3853314791062309107'],
        ['pg_try_advisory_lock', '3853314791062309107'],
        ['pg_advisory_lock', '1, 2'],
        ['pg_advisory_lock_shared', '3853314791062309107'],
        ['pg_try_advisory_lock_shared', '1'],
        ['pg_advisory_xact_lock', '3853314791062309107'],
        ['pg_try_advisory_xact_lock', '1'],
        ['pg_advisory_unlock_all', ''],
        ['pg_advisory_unlock', '1'],
      ]),
      ...texts(
        `select count(pg_advisory_lock_shared(g)) from generate_series(1, 50) g`,
        `select pg_advisory_lock(g) / 0 from generate_series(1, 5) g`,
        `select pg_advisory_lock(7), 1 / 0`,
      ),
    ],
  },
  {
    id: 'notify',
    technique: 11,
    aim: 'server',
    gains: 'Notices to the application in the name of the database.',
    breach: 'answer',
    withoutGuard: 'Any role may call it until a superuser revokes it; the rollback drops what was queued.',
    attempts: () => [
      ...variants([['pg_notify', `'jobs', '{"job": "pay"}'`]], 4),
      ...texts(
        `select pg_notify('jobs', g::text) from generate_series(1, 3) g`,
        `select * from pg_listening_channels()`,
      ),
    ],
  },
  {
    id: 'other-sessions',
    technique: 31,
    aim: 'server',
    gains: 'Ends or cancels what other sessions of the role run.',
    breach: 'answer',
    withoutGuard: 'Sessions of the same role may end each other until a superuser revokes the functions.',
    attempts: () =>
      variants([
        ['pg_terminate_backend', '0'],
        ['pg_cancel_backend', '0'],
        ['pg_terminate_backend', '0, 0'],
      ]),
  },
  {
    id: 'server-control',
    technique: 33,
    aim: 'server',
    gains: 'The server itself: its files, its log, its configuration, its standby.',
    breach: 'answer',
    withoutGuard:
      'Those that PostgreSQL leaves to every role only tell what the server is, or touch this session alone.',
    attempts: () =>
      variants([
        ['pg_reload_conf', ''],
        ['pg_rotate_logfile', ''],
        ['pg_switch_wal', ''],
        ['pg_create_restore_point', `'x'`],
        ['pg_promote', 'false'],
        ['pg_wal_replay_pause', ''],
        ['pg_stat_reset', ''],
        ['pg_stat_reset_shared', `'bgwriter'`],
        ['pg_replication_origin_create', `'x'`],
        ['pg_create_logical_replication_slot', `'x', 'pgoutput'`],
        ['pg_create_physical_replication_slot', `'x'`],
        ['pg_drop_replication_slot', `'x'`],
        ['pg_log_backend_memory_contexts', '0'],
        ['pg_import_system_collations', `'pg_catalog'`],
        ['setseed', '0.5'],
        ['pg_stat_clear_snapshot', ''],
      ]),
  },
  {
    id: 'server-files',
    technique: 33,
    aim: 'disclosure',
    gains: 'Files of the server.',
    breach: 'answer',
    attempts: () =>
      variants(
        [
          ['pg_read_file', `'/etc/hostname'`],
          ['pg_read_file', `'postgresql.conf', 0, 10`],
          ['pg_read_binary_file', `'/etc/hostname'`],
          ['pg_ls_dir', `'.'`],
          ['pg_ls_logdir', ''],
          ['pg_ls_waldir', ''],
          ['pg_ls_tmpdir', ''],
          ['pg_stat_file', `'PG_VERSION'`],
          ['pg_hba_file_rules', ''],
          ['pg_show_all_file_settings', ''],
          ['pg_current_logfile', ''],
        ],
        7,
      ),
  },
  {
    id: 'outward',
    technique: 34,
    aim: 'server',
    gains: 'Connections to elsewhere, past every limit of this one.',
    breach: 'answer',
    attempts: () =>
      texts(
        `select * from dblink('dbname=postgres', 'select 1') as t(a int)`,
        `select dblink_connect('host=127.0.0.1 dbname=postgres')`,
        `select dblink_send_query('x', 'select 1')`,
        `select http_get('http://127.0.0.1/')`,
        `select net.http_get('http://127.0.0.1/')`,
        `select cron.schedule('* * * * *', 'select 1')`,
        `select * from postgres_fdw_get_connections()`,
        `select * from crosstab('select 1, 2, 3') as c(a int, b int, d int)`,
        `select * from connectby('pg_class', 'oid', 'relnamespace', '1', 0) as t(k text, p text, l int)`,
      ),
  },
]
