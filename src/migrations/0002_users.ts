import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const users: SqlMigration = {
  name: '0002_users',
  up: ({ finance }) => [
    `create table ${finance}.users (
  id uuid not null default ${finance}.uuid_v7(),
  email text not null,
  username text,
  role text not null default 'consumer',
  first_name text,
  last_name text,
  phone_number text,
  financial_goals text,
  password_hash text,
  external_auth_id text,
  is_active boolean not null default true,
  erased_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint users_pkey primary key (id),
  constraint users_email_check check (email ~ '^[^@[:space:]]+@[^@[:space:]]+$' and char_length(email) <= 320),
  constraint users_username_check check (username <> '' and char_length(username) <= 100),
  constraint users_role_check check (role in ('consumer', 'operator', 'admin'))
)`,
    // users.findByEmail: one person, however the address is spelled
    // Where the locale is Turkish, lower('I') is another letter than i.
    `create unique index users_email_key on ${finance}.users (lower(replace(email, 'I', 'i')))`,
    `create unique index users_username_key on ${finance}.users (lower(replace(username, 'I', 'i')))`,
    `create unique index users_external_auth_id_key on ${finance}.users (external_auth_id)`,
    touchTrigger(finance, 'users'),
    ...comments(`${finance}.users`, 'People who own money here, and the operators and admins who look after them.', {
      id: 'UUID version 7. Every table of a person carries it as user_id, first in the primary key.',
      email: 'Unique without regard to case.',
      username: 'Optional login name, unique without regard to case.',
      role: 'consumer (owns accounts), operator (may act on others, recorded in operator_actions) or admin.',
      financial_goals: 'In the words of the person.',
      password_hash: 'Secret. argon2id or bcrypt hash; null when another system signs the person in.',
      external_auth_id: 'Subject of an outside identity provider (Amazon Cognito and the like).',
      is_active: 'False: may not sign in. The money stays.',
      erased_at: 'When the personal data of this person was erased. Null: it is there.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.users`],
}
