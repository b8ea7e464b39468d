import { z } from 'zod'
import type { InputOf } from '../schema/input-of.js'
import { newUser } from '../schema/users.js'
import { name, text } from '../schema/values.js'
import { maxPasswordLength } from './password.js'

const password = z.string().max(maxPasswordLength)

/**
 * What a person says who registers. Unlike {@link newUser} it has no role, no id and no `external_auth_id`: those are not
 * for a stranger to choose, and a host that passes on what came from the network cannot grant them by mistake.
 */
export const registration = newUser
  .pick({
    email: true,
    username: true,
    first_name: true,
    last_name: true,
    phone_number: true,
    financial_goals: true,
  })
  .extend({ password })

/** By email or by username, and the password. */
export const credentials = z.union(
  [z.strictObject({ email: name(320), password }), z.strictObject({ username: name(320), password })],
  { error: 'give a password and either an email or a username' },
)

const originFields = {
  /** What is counted besides the name: an IP address (of IPv6, better the /64), a device. */
  clientKey: text(200).min(1).optional(),
  /** What the list of sessions shows, such as the user agent. */
  client: text(500).min(1).optional(),
}

/** Where a log-in came from. */
export const origin = z.strictObject(originFields)

/** The password that is, and the one that is to be. */
export const passwordChange = z.strictObject({ current: password, next: password })

export type Registration = z.infer<typeof registration>
export type Credentials = z.infer<typeof credentials>
export type Origin = InputOf<typeof originFields>
export type PasswordChange = z.infer<typeof passwordChange>
