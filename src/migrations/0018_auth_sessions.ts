import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const authSessions: SqlMigration = {
  name: '0018_auth_sessions',
  up: ({ finance }) => [
    `create table ${finance}.auth_sessions (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  refresh_token_hash text not null,
  expires_at timestamptz(3) not null,
  revoked_at timestamptz(3),
  replaced_by uuid,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint auth_sessions_pkey primary key (user_id, id),
  constraint auth_sessions_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  -- deferred, so that a rotation may name its successor before it is there
  constraint auth_sessions_replaced_by_fkey foreign key (user_id, replaced_by)
    references ${finance}.auth_sessions (user_id, id) deferrable initially deferred,
  constraint auth_sessions_refresh_token_hash_key unique (user_id, refresh_token_hash),
  constraint auth_sessions_refresh_token_hash_check check (refresh_token_hash <> '')
)`,
    `create index auth_sessions_replaced_by_idx on ${finance}.auth_sessions (user_id, replaced_by) where replaced_by is not null`,
    // retention
    `create index auth_sessions_expires_at_idx on ${finance}.auth_sessions (expires_at)`,
    touchTrigger(finance, 'auth_sessions'),
    ...comments(
      `${finance}.auth_sessions`,
      'Refresh tokens, as hashes: one row a token, chained as they are rotated.',
      {
        refresh_token_hash: 'Secret. Hash of the token; the token itself is nowhere.',
        revoked_at: 'Null: still good until expires_at.',
        replaced_by: 'The session that followed. Use of a replaced token means that it was stolen.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.auth_sessions`],
}
