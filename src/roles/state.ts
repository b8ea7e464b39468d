import { type Kysely, sql } from 'kysely'
import type { Wanted } from './options.js'

/** A role as the server has it. */
export interface FoundRole {
  readonly name: string
  /** Attributes that it has and should not, or the other way, as ALTER ROLE spells what is right. */
  readonly attributes: readonly string[]
  readonly connectionLimit: number
  readonly memberships: readonly { readonly role: string; readonly grantor: string }[]
  /** In this database, then in all. */
  readonly here: Readonly<Record<string, string>>
  readonly everywhere: Readonly<Record<string, string>>
  /** Only a superuser may see it. */
  readonly verifier: string | null
  readonly mayConnect: boolean
  readonly mayMakeTemporary: boolean
  /** Rights of its own, not of PUBLIC, on the database. */
  readonly databaseRights: readonly string[]
  readonly createsIn: readonly string[]
  /** Rights of its own on relations outside of our schema: all in the catalogue, and those to write elsewhere. */
  readonly strayRights: readonly { readonly relation: string; readonly privilege: string }[]
  readonly owns: boolean
  readonly keepsFunctionsPrivate: boolean
}

/** What the server, the database and the schema are like. */
export interface Found {
  readonly version: number
  readonly superuser: boolean
  /** Who asks. */
  readonly me: string
  readonly database: string
  /** The owner of our schema; null where there is none. */
  readonly owner: string | null
  readonly migrated: boolean
  readonly publicTemporary: boolean
  readonly publicCreate: boolean
  readonly publicSchemaCreate: boolean
  readonly roles: readonly FoundRole[]
  /** Objects of our schema that someone else owns than `migrator`. */
  readonly notMigrators: readonly string[]
  /** Functions that PUBLIC may call, of those to be revoked, and who may not although they should. */
  readonly builtins: readonly {
    readonly label: string
    readonly public: boolean
    readonly lacking: readonly string[]
  }[]
}

export async function readFound(db: Kysely<unknown>, schema: string, wanted: Wanted): Promise<Found> {
  const names = wanted.roles.map(({ name }) => name)
  const migrator = wanted.roles.find(({ kind }) => kind === 'migrator')?.name ?? null
  const keep = [
    ...wanted.roles.filter(({ kind }) => ['app', 'member', 'migrator'].includes(kind)).map(({ name }) => name),
    ...wanted.keepBuiltinsFor,
  ]
  const { rows } = await sql<{ found: string }>`
    with me as (select * from pg_roles where rolname = current_user),
    db as (select * from pg_database where datname = current_database()),
    ours as (select oid, nspowner, pg_get_userbyid(nspowner)::text as owner from pg_namespace where nspname = ${schema}),
    database_right as (
      select a.grantee, a.privilege_type::text as privilege
      from db cross join lateral aclexplode(coalesce(db.datacl, acldefault('d', db.datdba))) a
    ), found_role as (
      select r.rolname::text as name, r.* from pg_roles r
      where r.rolname = any (${names}::text[])
    ), settings as (
      select s.setrole, s.setdatabase <> 0 as here,
        json_object_agg(split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)) as settings
      from pg_db_role_setting s cross join lateral unnest(s.setconfig) c
      where s.setdatabase in (0, (select oid from db)) group by 1, 2
    ), builtin as (
      select p.oid, p.oid::regprocedure::text as label, coalesce(p.proacl, acldefault('f', p.proowner)) as acl
      from pg_proc p
      where p.pronamespace = 'pg_catalog'::regnamespace and p.proname = any (${wanted.builtins}::text[])
    )
    select json_build_object(
      'version', current_setting('server_version_num')::int,
      'superuser', (select rolsuper from me),
      'me', current_user,
      'database', current_database(),
      'owner', (select owner from ours),
      'migrated', to_regprocedure(format('%I.role_changes(jsonb)', ${schema}::text)) is not null,
      'publicTemporary', exists (select from database_right where grantee = 0 and privilege = 'TEMPORARY'),
      'publicCreate', exists (select from database_right where grantee = 0 and privilege = 'CREATE'),
      'publicSchemaCreate', exists (
        select from pg_namespace n cross join lateral aclexplode(n.nspacl) a
        where n.nspname = 'public' and a.grantee = 0 and a.privilege_type = 'CREATE'),
      'roles', (select coalesce(json_agg(json_build_object(
        'name', r.name,
        'attributes', array_remove(array[
          case when not r.rolcanlogin then 'login' end, case when r.rolsuper then 'nosuperuser' end,
          case when r.rolbypassrls then 'nobypassrls' end, case when r.rolcreaterole then 'nocreaterole' end,
          case when r.rolcreatedb then 'nocreatedb' end, case when r.rolreplication then 'noreplication' end
        ], null),
        'connectionLimit', r.rolconnlimit,
        'memberships', (select coalesce(json_agg(json_build_object(
            'role', pg_get_userbyid(m.roleid), 'grantor', pg_get_userbyid(m.grantor)) order by 1), '[]')
          from pg_auth_members m where m.member = r.oid),
        'here', coalesce((select s.settings from settings s where s.setrole = r.oid and s.here), '{}'),
        'everywhere', coalesce((select s.settings from settings s where s.setrole = r.oid and not s.here), '{}'),
        'verifier', null,
        'mayConnect', has_database_privilege(r.oid, current_database(), 'connect'),
        'mayMakeTemporary', exists (select from database_right where grantee = r.oid and privilege = 'TEMPORARY'),
        'databaseRights', (select coalesce(json_agg(privilege order by privilege), '[]') from database_right where grantee = r.oid),
        'createsIn', (select coalesce(json_agg(n.nspname order by n.nspname), '[]')
          from pg_namespace n cross join lateral aclexplode(n.nspacl) a
          where a.grantee = r.oid and a.privilege_type = 'CREATE' and n.nspname <> ${schema}),
        'strayRights', (select coalesce(json_agg(json_build_object(
            'relation', case c.relkind when 'S' then 'sequence ' else '' end || c.oid::regclass, 'privilege', a.privilege_type)
            order by c.oid, a.privilege_type), '[]')
          from pg_class c cross join lateral aclexplode(c.relacl) a
          where a.grantee = r.oid and c.relowner <> r.oid and c.relnamespace is distinct from (select oid from ours)
            and (a.privilege_type <> 'SELECT' or c.relnamespace = 'pg_catalog'::regnamespace)),
        'owns', exists (select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
          and d.deptype = 'o' and d.dbid in (0, (select oid from db))),
        'keepsFunctionsPrivate', exists (
          select from pg_default_acl d where d.defaclrole = r.oid and d.defaclnamespace = 0 and d.defaclobjtype = 'f'
            and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0))
      )), '[]') from found_role r),
      'notMigrators', (select coalesce(json_agg(o.label order by o.rank, o.label), '[]') from (
        select 0 as rank, 'schema ' || ours.oid::regnamespace as label, ours.nspowner as owner from ours
        union all
        select 1, case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end
          || c.oid::regclass, c.relowner
        from pg_class c join ours on ours.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
          and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i', 'e'))
        union all
        select 2, 'routine ' || p.oid::regprocedure, p.proowner
        from pg_proc p join ours on ours.oid = p.pronamespace
        where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
      ) o where ${migrator}::text is not null and pg_get_userbyid(o.owner) <> ${migrator}::text),
      'builtins', (select coalesce(json_agg(json_build_object(
        'label', b.label,
        'public', exists (select from aclexplode(b.acl) a where a.grantee = 0),
        'lacking', (select coalesce(json_agg(k.name order by k.name), '[]')
          from (select unnest(${keep}::text[]) as name union select owner from ours) k
          left join pg_roles r on r.rolname = k.name
          where r.oid is null
            or not r.rolsuper and not exists (select from aclexplode(b.acl) a where a.grantee = r.oid))
      ) order by b.label), '[]') from builtin b)
    )::text as found`.execute(db)
  const found = JSON.parse((rows[0] as { found: string }).found) as Found
  if (!found.superuser || !wanted.roles.some(({ password }) => password !== undefined)) return found

  const { rows: verifiers } = await sql<{ name: string; verifier: string | null }>`
    select rolname::text as name, rolpassword as verifier from pg_authid where rolname = any (${names}::text[])`.execute(
    db,
  )
  const verifierOf = new Map(verifiers.map(({ name, verifier }) => [name, verifier]))
  return { ...found, roles: found.roles.map((role) => ({ ...role, verifier: verifierOf.get(role.name) ?? null })) }
}
