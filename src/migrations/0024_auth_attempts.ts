import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const authAttempts: SqlMigration = {
  name: '0024_auth_attempts',
  up: ({ finance }) => [
    // Not a person's: names that nobody has are counted too, and nothing in a row tells which they are.
    `create table ${finance}.auth_attempts (
  key_hash text not null,
  failures double precision not null,
  blocked_until timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint auth_attempts_pkey primary key (key_hash),
  constraint auth_attempts_key_hash_check check (key_hash ~ '^[0-9a-f]{64}$'),
  constraint auth_attempts_failures_check check (failures >= 0 and failures < 'Infinity')
)`,
    // retention
    `create index auth_attempts_updated_at_idx on ${finance}.auth_attempts (updated_at)`,
    touchTrigger(finance, 'auth_attempts'),
    ...comments(
      `${finance}.auth_attempts`,
      'How often logging in failed of late, for each login name and each client, known or not.',
      {
        key_hash: 'SHA-256, in hex, of what is counted: a login name, a client or a user.',
        failures: 'As of updated_at; drains with time.',
        blocked_until: 'No attempt is looked at before. Null: the next one is.',
      },
    ),
  ],
  down: ({ finance }) => [`drop table ${finance}.auth_attempts`],
}
