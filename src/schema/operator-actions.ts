import { z } from 'zod'
import { operatorActionTypes } from './enums.js'
import type { InputOf } from './input-of.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { name, uuid } from './values.js'

const newOperatorActionFields = {
  /** Who did it. */
  operator_id: uuid,
  /** Whom it is about. */
  user_id: uuid,
  action_type: z.enum(operatorActionTypes),
  reason: name(10_000),
}

/** What an operator did for or about another person. */
export const newOperatorAction = z
  .strictObject(newOperatorActionFields)
  .refine(({ operator_id, user_id }) => operator_id.toLowerCase() !== user_id.toLowerCase(), {
    error: 'operators do not act on themselves: let another operator do it',
    path: ['operator_id'],
  })

/** Which actions to list. `from` is inclusive, `to` is not. */
export const operatorActionFilter = z
  .strictObject({ action_type: z.enum(operatorActionTypes).optional(), ...span })
  .refine(endsAfterStart, spanRule)

export type NewOperatorAction = InputOf<typeof newOperatorActionFields>
export type OperatorActionFilter = z.infer<typeof operatorActionFilter>
