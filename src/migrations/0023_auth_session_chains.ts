import { comments } from './comments.js'
import type { SqlMigration } from './shape.js'

export const authSessionChains: SqlMigration = {
  name: '0023_auth_session_chains',
  up: ({ finance }) => [
    `alter table ${finance}.auth_sessions
  add column family_id uuid,
  add column started_at timestamptz(3),
  add column ends_at timestamptz(3),
  add column client text`,
    `with recursive chain as (
  select s.user_id, s.id, s.replaced_by, s.id as family_id, s.created_at as started_at
  from ${finance}.auth_sessions s
  where not exists (
    select from ${finance}.auth_sessions p where p.user_id = s.user_id and p.replaced_by = s.id
  )
  union all
  select s.user_id, s.id, s.replaced_by, c.family_id, c.started_at
  from chain c
  join ${finance}.auth_sessions s on s.user_id = c.user_id and s.id = c.replaced_by
)
update ${finance}.auth_sessions s
set family_id = c.family_id, started_at = c.started_at, ends_at = s.expires_at
from chain c
where s.user_id = c.user_id and s.id = c.id`,
    `alter table ${finance}.auth_sessions
  alter column family_id set not null,
  alter column started_at set not null,
  alter column ends_at set not null,
  add constraint auth_sessions_ends_at_check check (expires_at <= ends_at),
  add constraint auth_sessions_client_check check (client <> '' and char_length(client) <= 500)`,
    // One live token a chain, whoever rotates it. Serves the list of a person's sessions, and ending one.
    `create unique index auth_sessions_live_key on ${finance}.auth_sessions (user_id, family_id) where revoked_at is null`,
    ...comments(
      `${finance}.auth_sessions`,
      'Refresh tokens, as hashes: one row a token, chained as they are rotated. A chain is what a person calls a session.',
      {
        family_id: 'The chain: the id of its first row. Claim sid of access tokens.',
        started_at: 'When the person logged in.',
        expires_at: 'Good until then unless it is rotated, which gives the next one a new date.',
        ends_at: 'The whole chain ends then, however often it is rotated.',
        client: 'What the host calls the device, such as its user agent.',
      },
    ),
  ],
  down: ({ finance }) => [
    `alter table ${finance}.auth_sessions
  drop column family_id,
  drop column started_at,
  drop column ends_at,
  drop column client`,
    ...comments(
      `${finance}.auth_sessions`,
      'Refresh tokens, as hashes: one row a token, chained as they are rotated.',
      {},
    ),
    `comment on column ${finance}.auth_sessions.expires_at is null`,
  ],
}
