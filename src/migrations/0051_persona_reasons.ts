import type { SqlMigration } from './shape.js'

export const personaReasons: SqlMigration = {
  name: '0051_persona_reasons',
  up: ({ finance }) => [
    `alter table ${finance}.persona_assignments
  add column reasons jsonb,
  add constraint persona_assignments_reasons_check check (jsonb_typeof(reasons) = 'object')`,
    `comment on column ${finance}.persona_assignments.reasons is
  'The rules that were tried, in order, with the numbers that decided. Null when someone assigned it by hand.'`,
  ],
  down: ({ finance }) => [`alter table ${finance}.persona_assignments drop column reasons`],
}
