import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Database } from '../../schema/database.js'

/** Looks on from outside, as someone who may see everything. */
export interface Watch {
  /** Another text when something was written. */
  state(): Promise<string>
  /** In sentences: locks, open transactions and running statements of the role that stay. Waits a little for them to go. */
  leftovers(patienceMs: number): Promise<string[]>
}

export interface WatchOptions {
  readonly schema: string
  /** The role of the door. */
  readonly role: string
  /** Whose rows are looked at. Left out: all rows of all tables, which is for small databases. */
  readonly users?: readonly string[] | undefined
}

/** @param owner Reads all tables, and sees the sessions of the role: the owner of both, or a superuser. */
export function createWatch(owner: Kysely<Database>, { schema, role, users }: WatchOptions): Watch {
  return {
    async state() {
      const { rows } = await (users === undefined ? everything() : rowsOf(schema, users)).execute(owner)
      const objects = await objectsOf(role).execute(owner)
      return JSON.stringify([rows, objects.rows])
    },
    async leftovers(patienceMs) {
      for (const deadline = Date.now() + patienceMs; ; await sleep(20)) {
        const { rows } = await leftoversOf(role).execute(owner)
        if (rows.length === 0 || Date.now() > deadline) return rows.map(({ what }) => what)
      }
    },
  }
}

interface Checksum {
  readonly table: string
  readonly rows: string
}

/** A count and a hash of every table. The text is a query for `query_to_xml`, which takes it to each table in one round trip. */
const checksums = (condition: string) => sql<Checksum>`
  select c.oid::regclass::text as table, pg_catalog.query_to_xml(pg_catalog.format(
    ${`select count(*) as n, md5(string_agg(t::text, ',' order by t::text)) as h from only %s t ${condition}`}, c.oid::regclass
  ), true, true, '')::text as rows
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace`

const everything = () => sql<Checksum>`${checksums('')}
  where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1`

function rowsOf(schema: string, users: readonly string[]) {
  const ids = users.map((id) => `'${id.replaceAll("'", "''")}'`).join(', ')
  return sql<Checksum>`${checksums(`where user_id in (${ids})`)}
    where c.relkind in ('r', 'p') and n.nspname = ${schema} and exists (select from pg_catalog.pg_attribute a
      where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped)
    union all ${checksums(`where id in (${ids})`)} where n.nspname = ${schema} and c.relname = 'users' order by 1`
}

/** What a role could leave outside of tables. */
const objectsOf = (role: string) => sql`select
  (select count(*) from pg_catalog.pg_shdepend d join pg_catalog.pg_roles r on r.oid = d.refobjid
    where r.rolname = ${role} and d.deptype = 'o')::text as owned,
  (select count(*) from pg_catalog.pg_largeobject_metadata)::text as large_objects,
  (select count(*) from pg_catalog.pg_prepared_xacts)::text as prepared,
  (select count(*) from pg_catalog.pg_class where relname like 'finance_attack%')::text as relations,
  (select count(*) from pg_catalog.pg_roles where rolname like 'finance_attack%')::text as roles,
  (select pg_catalog.string_agg(s.setconfig::text, ',' order by s.setdatabase) from pg_catalog.pg_db_role_setting s
    join pg_catalog.pg_roles r on r.oid = s.setrole where r.rolname = ${role}) as settings`

const leftoversOf = (role: string) => sql<{ what: string }>`
  select 'a lock stays: ' || l.locktype || ', ' || l.mode as what
  from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
  where a.usename = ${role} and a.state like 'idle%' and l.granted
    and (l.locktype in ('advisory', 'relation', 'object', 'transactionid') or a.state <> 'idle')
  union all
  select 'a session stays ' || a.state from pg_catalog.pg_stat_activity a
  where a.usename = ${role} and (a.state like 'idle in%' or a.state = 'active')`
