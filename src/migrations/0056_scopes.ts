import { literal } from '../quoting.js'
import { acceptP2p, endP2p } from './0036_p2p.js'
import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

/** Refuses as `scope_…`, which TypeScript turns into a ScopeError. */
const refuse = (finance: string, rule: string, message: string) =>
  `raise exception using errcode = 'insufficient_privilege', schema = ${literal(finance.replaceAll('"', ''))}, constraint = '${rule}', message = '${message}';`

/**
 * The role that the statements of the session run as, also inside of a function that runs as its owner, where current_user
 * is that owner.
 */
const outerRole = `case when current_setting('role') = 'none' then session_user::text else current_setting('role') end`

/** Whose rows a statement may touch: told by a signed text in a setting, which SQL can set but not make. */
export const scopes: SqlMigration = {
  name: '0056_scopes',
  up: ({ finance }) => [
    `create table ${finance}.scope_keys (
  id text not null,
  inner_key bytea not null,
  outer_key bytea not null,
  created_at timestamptz(3) not null default now(),
  constraint scope_keys_pkey primary key (id),
  constraint scope_keys_id_check check (id ~ '^[A-Za-z0-9_-]{1,64}$'),
  constraint scope_keys_inner_key_check check (octet_length(inner_key) = 64),
  constraint scope_keys_outer_key_check check (octet_length(outer_key) = 64)
)`,
    ...comments(
      `${finance}.scope_keys`,
      'Secret. Keys that scopes are signed with. Only the owner reads them, through scoped_user.',
      {
        id: 'The key id, as scopes name it.',
        inner_key: 'Secret. The key, filled up with zeros to 64 bytes, each xor 0x36 (RFC 2104).',
        outer_key: 'Secret. The same, each xor 0x5c.',
      },
    ),
    `create table ${finance}.database_roles (
  name text not null,
  kind text not null,
  created_at timestamptz(3) not null default now(),
  constraint database_roles_pkey primary key (name),
  constraint database_roles_name_check check (name <> '' and octet_length(name) <= 63),
  constraint database_roles_kind_check check (kind in ('app', 'member', 'agent', 'analyst'))
)`,
    ...comments(
      `${finance}.database_roles`,
      'Roles of the server that apply_roles gives their rights to. Written by provisionRoles.',
      {
        kind: 'app (rows of everybody), member (as app, rows of one person), agent (reads rows of one person) or analyst (reads rows of everybody).',
      },
    ),
    // Both sides are hashed once more before they are compared, so that the time it takes says nothing about the signature.
    `create function ${finance}.scoped_user() returns uuid
language plpgsql stable security definer parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  scope constant text := current_setting('finance_db.scope', true);
  part text[];
  key record;
begin
  if scope is null or scope = '' then
    ${refuse(finance, 'scope_missing', 'No scope is set: this role sees the rows of one person, and nobody said whose.')}
  end if;
  if scope !~ '^v1[.][A-Za-z0-9_-]{1,64}[.](agent|member)[.][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.][0-9]{1,12}[.][0-9a-f]{64}$' then
    ${refuse(finance, 'scope_invalid', 'The scope is not a scope of this database.')}
  end if;
  part := string_to_array(scope, '.');
  select k.inner_key, k.outer_key into key from ${finance}.scope_keys k where k.id = part[2];
  if not found or sha256(decode(part[6], 'hex')) <> sha256(sha256(
    key.outer_key || sha256(key.inner_key || convert_to(left(scope, -65), 'UTF8')))) then
    ${refuse(finance, 'scope_invalid', 'The scope is not a scope of this database.')}
  end if;
  if not exists (select from ${finance}.database_roles d where d.name = ${outerRole} and d.kind = part[3]) then
    ${refuse(finance, 'scope_invalid', 'The scope is for another kind of role.')}
  end if;
  -- Not when the statement began: a DO block is one statement for as long as it likes.
  if part[5]::bigint <= extract(epoch from clock_timestamp()) then
    ${refuse(finance, 'scope_expired', 'The scope has expired.')}
  end if;
  return part[4]::uuid;
end
$$`,
    `revoke all on function ${finance}.scoped_user() from public`,
    `comment on function ${finance}.scoped_user() is
  'Whose rows this statement may touch, as the signed scope in finance_db.scope says. Fails where there is none, or none that is good.'`,
    `create function ${finance}.set_scope(scope text) returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  me constant text := ${outerRole};
begin
  if not exists (
    select from ${finance}.database_roles d join pg_roles r on r.rolname = d.name
    where d.name = me and d.kind = 'member' and not r.rolbypassrls
      -- nor a superuser, who may read tables that no policy limits
      and not exists (
        select from pg_class c
        where c.relnamespace = '${finance}'::regnamespace and c.relkind in ('r', 'p') and has_any_column_privilege(r.oid, c.oid, 'select')
          and not (c.relrowsecurity and exists (
            select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and r.oid = any (p.polroles)))
      )
  ) then
    ${refuse(finance, 'scope_role', 'The rows of this role are not limited to those of one person: no scope can hold.')}
  end if;
  perform set_config('finance_db.scope', scope, true);
  return ${finance}.scoped_user();
end
$$`,
    `revoke all on function ${finance}.set_scope(text) from public`,
    `comment on function ${finance}.set_scope(text) is
  'Sets the scope until the transaction ends, and gives whose rows those are. Refuses for a role that no policy limits.'`,
    `create function ${finance}.may_act_for(person uuid) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  me constant name := ${outerRole};
  kind text;
begin
  select d.kind into kind from ${finance}.database_roles d where d.name = me;
  -- A login that has the rights of a member by inheritance is limited as one: the policies hold for it too.
  if kind is null and not pg_has_role(me, current_user, 'usage') and exists (
    select from ${finance}.database_roles d join pg_roles r on r.rolname = d.name
    where d.kind = 'member' and pg_has_role(me, r.oid, 'usage')
  ) then
    kind := 'member';
  end if;
  return case kind when 'member' then ${finance}.scoped_user() is not distinct from person else coalesce(kind, 'app') = 'app' end;
end
$$`,
    `revoke all on function ${finance}.may_act_for(uuid) from public`,
    `comment on function ${finance}.may_act_for(uuid) is
  'For functions that run as their owner: whether the role of the session may decide for this person.'`,
    acceptP2p(finance, guard(finance, 'p_recipient_id')),
    endP2p(finance, guard(finance, 'coalesce(p_user_id, p_recipient_id)')),
  ],
  down: ({ finance }) => [
    endP2p(finance),
    acceptP2p(finance),
    `drop function ${finance}.may_act_for(uuid)`,
    `drop function ${finance}.set_scope(text)`,
    `drop function ${finance}.scoped_user()`,
    `drop table ${finance}.database_roles`,
    `drop table ${finance}.scope_keys`,
  ],
}

const guard = (finance: string, person: string) => `  if not ${finance}.may_act_for(${person}) then
    return;
  end if;
`
