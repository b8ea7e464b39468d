import { comments, touchTrigger } from './comments.js'
import type { SqlMigration } from './shape.js'

export const consentRecords: SqlMigration = {
  name: '0003_consent_records',
  up: ({ finance }) => [
    `create table ${finance}.consent_records (
  user_id uuid not null,
  id uuid not null default ${finance}.uuid_v7(),
  granted_at timestamptz(3),
  revoked_at timestamptz(3),
  version text not null default '1.0',
  ip_address text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint consent_records_pkey primary key (user_id, id),
  constraint consent_records_user_id_fkey foreign key (user_id) references ${finance}.users (id) on delete cascade,
  constraint consent_records_revoked_at_check check (revoked_at >= granted_at)
)`,
    touchTrigger(finance, 'consent_records'),
    ...comments(`${finance}.consent_records`, 'What a person agreed to, and when that ended. The newest row counts.', {
      granted_at: 'Null: asked, and not granted.',
      revoked_at: 'Null: still stands.',
      version: 'Version of the text that was shown.',
      ip_address: 'Where the answer came from, IPv4 or IPv6.',
    }),
  ],
  down: ({ finance }) => [`drop table ${finance}.consent_records`],
}
