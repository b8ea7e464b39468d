import { z } from 'zod'
import { operatorActionTypes } from './enums.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { name, uuid } from './values.js'

/** What an operator did for or about another person. */
export const newOperatorAction = z
  .strictObject({
    /** Who did it. */
    operator_id: uuid,
    /** Whom it is about. */
    user_id: uuid,
    action_type: z.enum(operatorActionTypes),
    reason: name(10_000),
  })
  .refine(({ operator_id, user_id }) => operator_id.toLowerCase() !== user_id.toLowerCase(), {
    error: 'operators do not act on themselves: let another operator do it',
    path: ['operator_id'],
  })

/** Which actions to list. `from` is inclusive, `to` is not. */
export const operatorActionFilter = z
  .strictObject({ action_type: z.enum(operatorActionTypes).optional(), ...span })
  .refine(endsAfterStart, spanRule)

export type NewOperatorAction = z.infer<typeof newOperatorAction>
export type OperatorActionFilter = z.infer<typeof operatorActionFilter>
