import { type Attack, texts } from './shape.js'
import { callVariants } from './spellings.js'

const tag = 'finance_attack'

/** Queries that write. */
export const writeAttacks: readonly Attack[] = [
  {
    id: 'writable-cte',
    technique: 7,
    aim: 'write',
    gains: 'A data-modifying statement inside a query.',
    breach: 'answer',
    attempts: ({ schema: s, victim }) => {
      const mine = `user_id = '${victim}'`
      return texts(
        `with x as (delete from ${s}.insights where ${mine} returning *) select * from x`,
        `WITH x AS (DELETE FROM "${s.replaceAll('"', '')}"."insights" WHERE ${mine}) SELECT 1`,
        `with x as (insert into ${s}.insights (user_id, title, message, type) values ('${victim}', 'x', 'x', 'x') returning id) select id from x`,
        `with x as (update ${s}.users set first_name = '${tag}' where id = '${victim}' returning id) select * from x`,
        `with x as (merge into ${s}.insights i using (select 1) u on ${mine} when matched then delete) select 1`,
        `with a as (select 1), b as materialized (delete from ${s}.insights where ${mine} returning 1) select * from a, b`,
        `with recursive x as (delete from ${s}.insights where ${mine} returning 1) select 1`,
        `select * from (with x as (delete from ${s}.insights where ${mine} returning 1) select * from x) y`,
        `select (with x as (delete from ${s}.insights where ${mine} returning 1) select 1 from x limit 1)`,
        `table (with x as (delete from ${s}.insights where ${mine} returning 1) select * from x)`,
        `values ((with x as (delete from ${s}.insights where ${mine} returning 1) select 1))`,
        `with x as (with y as (delete from ${s}.insights where ${mine} returning 1) select * from y) select * from x`,
        `with x(a) as (insert into ${s}.users (email) values ('${tag}@example.org') on conflict do nothing returning id) table x`,
      )
    },
  },
  {
    id: 'select-into',
    technique: 7,
    aim: 'write',
    gains: 'A table made by a query.',
    breach: 'answer',
    attempts: ({ schema: s }) =>
      texts(
        `select 1 as a into public.${tag}`,
        `select 1 as a into temp ${tag}`,
        `select 1 as a into unlogged ${s}.${tag}`,
        `select id into pg_temp.${tag} from ${s}.users`,
        `with x as (select 1 as a) select * into temp table ${tag} from x`,
        `(select 1 as a into temp ${tag})`,
        `select 1 as a into temp ${tag} union select 2`,
      ),
  },
  {
    id: 'row-locks',
    technique: 7,
    aim: 'locks',
    gains: 'Locks on rows that writers wait for.',
    breach: 'answer',
    attempts: ({ schema: s }) =>
      texts(
        `select id from ${s}.users for update`,
        `select id from ${s}.users for share`,
        `select id from ${s}.users for no key update skip locked`,
        `select id from ${s}.users for key share nowait`,
        `select * from (select id from ${s}.users for update) x`,
        `with x as (select id from ${s}.users for update) select * from x`,
        `select (select id from ${s}.users limit 1 for update)`,
        `select u.id from ${s}.users u, ${s}.accounts a for update of u`,
      ),
  },
  {
    id: 'sequences',
    technique: 7,
    aim: 'write',
    gains: 'Numbers of a sequence burnt or set back; its last value tells how much others write.',
    breach: 'row',
    attempts: ({ schema: s }) =>
      texts(
        `select nextval('${s}.audit_log_id_seq')`,
        `select setval('${s}.audit_log_id_seq', 1)`,
        `select currval('${s}.audit_log_id_seq')`,
        `select lastval()`,
        `select last_value from ${s}.audit_log_id_seq`,
        `select * from ${s}.audit_log_id_seq`,
        `select pg_sequence_last_value('${s}.audit_log_id_seq'::regclass)`,
        `select pg_catalog.nextval(pg_get_serial_sequence('${s}.audit_log', 'id'))`,
      ),
  },
  {
    id: 'definer-functions',
    technique: 8,
    aim: 'write',
    gains: 'Functions of ours that run with the rights of the owner, or that write.',
    breach: 'answer',
    attempts: ({ schema: s, victim, me }) => {
      const nil = '00000000-0000-0000-0000-000000000000'
      return texts(
        `select ${s}.apply_roles()`,
        `select * from ${s}.role_changes()`,
        `select * from ${s}.accept_p2p('${victim}', '${nil}', '${nil}', 1, 'x', current_date)`,
        `select * from ${s}.end_p2p(null, '${victim}', '${nil}', 'declined')`,
        `select * from ${s}.send_p2p('${victim}', null, '${nil}', '${me}', 1, 'EUR', current_date, 'x', 'x')`,
        `select ${s}.erase_audit('${victim}')`,
        `select ${s}.may_act_for('${victim}')`,
        `select ${s}.audit_table('users')`,
        `select ${s}.audit_snapshot('users')`,
        `select ${s}.seal_audit()`,
        `select ${s}.write_audit('users', 'insert', '${victim}', null, '{}')`,
        `select * from ${s}.audit_problems()`,
        `select ${s}.post_inserted()`,
        `select ${s}.uuid_v7(), ${s}."apply_roles"()`,
        `select U&"${s.replaceAll('"', '')}".U&"apply\\005froles"()`,
        `select (${s}.accept_p2p('${victim}', '${nil}', '${nil}', 1, 'x', current_date)).*`,
      )
    },
  },
  {
    id: 'large-objects',
    technique: 9,
    aim: 'write',
    gains: 'Large objects are written in a read-only transaction up to PostgreSQL 15, and fill the disk.',
    breach: 'answer',
    withoutGuard: 'Up to PostgreSQL 15 they can be made, and are rolled back with the transaction.',
    attempts: () =>
      texts(
        ...[
          ['lo_from_bytea', `0, '\\x00'`],
          ['lo_create', '0'],
          ['lo_creat', '-1'],
          ['lo_open', '1, 131072'],
          ['lo_put', `1, 0, '\\x00'`],
        ].flatMap(([name, list], turn) => callVariants(name as string, list as string, turn)),
        ...[
          ['lo_unlink', '1'],
          ['lo_import', `'/etc/hostname'`],
          ['lo_export', `1, '/tmp/x'`],
          ['lo_get', '1'],
          ['lowrite', `0, '\\x00'`],
        ].flatMap(([name, list], turn) => callVariants(name as string, list as string, turn + 5)),
      ),
  },
  {
    id: 'write-ahead-log',
    technique: 10,
    aim: 'server',
    gains: 'Fills the write-ahead log or uses up transaction ids, for which a rollback is no cure.',
    breach: 'answer',
    withoutGuard: 'Any role may call them until a superuser revokes them.',
    attempts: () =>
      texts(
        ...[
          ['pg_logical_emit_message', `false, '${tag}', 'x'`],
          ['pg_logical_emit_message', `true, '${tag}', '\\x00'::bytea`],
          ['pg_current_xact_id', ''],
          ['txid_current', ''],
          ['pg_export_snapshot', ''],
        ].flatMap(([name, list], turn) => callVariants(name as string, list as string, turn)),
      ),
  },
]
