import type { SqlMigration } from './shape.js'

export const oneStandingConsent: SqlMigration = {
  name: '0030_one_standing_consent',
  up: ({ finance }) => [
    // Two grants at once leave one, and taking consent back leaves none.
    `create unique index consent_records_user_id_key on ${finance}.consent_records (user_id)
  where granted_at is not null and revoked_at is null`,
    `comment on table ${finance}.consent_records is
  'What a person agreed to, and when that ended. At most one row of a person stands: granted_at set, revoked_at null.'`,
    `comment on column ${finance}.consent_records.revoked_at is
  'Null: still stands. Also set when consent to another version of the text took its place.'`,
  ],
  down: ({ finance }) => [
    `comment on column ${finance}.consent_records.revoked_at is 'Null: still stands.'`,
    `comment on table ${finance}.consent_records is
  'What a person agreed to, and when that ended. The newest row counts.'`,
    `drop index ${finance}.consent_records_user_id_key`,
  ],
}
