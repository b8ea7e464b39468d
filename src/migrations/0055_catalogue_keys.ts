import type { SqlMigration } from './shape.js'

export const catalogueKeys: SqlMigration = {
  name: '0055_catalogue_keys',
  up: ({ finance }) => [
    `alter table ${finance}.recommendations
  add column catalogue_key text,
  add constraint recommendations_catalogue_key_check check (catalogue_key <> '')`,
    // what a person was given from a catalogue of late: recommendations.generate
    `create index recommendations_catalogue_key_idx on ${finance}.recommendations (user_id, catalogue_key, created_at)
  where catalogue_key is not null`,
    `comment on column ${finance}.recommendations.catalogue_key is
  'The item of a catalogue that it was made from. Null: not from a catalogue.'`,
  ],
  down: ({ finance }) => [`alter table ${finance}.recommendations drop column catalogue_key`],
}
