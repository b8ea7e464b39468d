import { z } from 'zod'
import { roles } from './enums.js'
import type { ChangesOf, InputOf } from './input-of.js'
import { identifier, name, phoneNumber, text, uuid } from './values.js'

const newUserFields = {
  /** Made by the database when left out. */
  id: uuid.optional(),
  /** What the email field of a browser takes, a domain in other letters as `xn--…`. Unique without regard to case. */
  email: z.email({ pattern: z.regexes.html5Email }).max(320),
  username: name(100).nullish(),
  role: z.enum(roles).optional(),
  first_name: text(200).nullish(),
  last_name: text(200).nullish(),
  phone_number: phoneNumber.nullish(),
  financial_goals: text(10_000).nullish(),
  /** An argon2id or bcrypt hash in the usual `$…$` form: never a password. */
  password_hash: z
    .string()
    .regex(/^\$(argon2id|2[aby])\$/, { error: 'give an argon2id or bcrypt hash, never a password' })
    .max(500)
    .nullish(),
  external_auth_id: identifier(200).nullish(),
  is_active: z.boolean().optional(),
}

/** A person. Only the email is needed. */
export const newUser = z.strictObject(newUserFields)

/** What may change about a person. Fields left out stay as they are. */
export const userChanges = newUser.omit({ id: true }).partial()

/** Which people to list. */
export const userFilter = z.strictObject({
  role: z.enum(roles).optional(),
  is_active: z.boolean().optional(),
})

export type NewUser = InputOf<typeof newUserFields>
export type UserChanges = ChangesOf<typeof newUserFields, 'id'>
export type UserFilter = z.infer<typeof userFilter>
