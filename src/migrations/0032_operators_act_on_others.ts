import type { SqlMigration } from './shape.js'

export const operatorsActOnOthers: SqlMigration = {
  name: '0032_operators_act_on_others',
  up: ({ finance }) => [
    `alter table ${finance}.operator_actions
  add constraint operator_actions_operator_id_check check (operator_id <> user_id)`,
  ],
  down: ({ finance }) => [`alter table ${finance}.operator_actions drop constraint operator_actions_operator_id_check`],
}
