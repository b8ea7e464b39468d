import { z } from 'zod'
import { auditOperations } from './enums.js'
import type { InputOf } from './input-of.js'
import { endsAfterStart, span, spanRule } from './span.js'
import { identifier } from './values.js'

/**
 * Who does something, for the audit log: a user id, the name of a service or a job. It outlives an erasure, so no names or
 * addresses of people.
 */
export const auditActor = identifier(200)

/** Which entries of the audit log to list. `from` is inclusive, `to` is not. */
export const auditFilter = z
  .strictObject({
    actor: auditActor.optional(),
    table_name: z.string().optional(),
    operation: z.enum(auditOperations).optional(),
    ...span,
  })
  .refine(endsAfterStart, spanRule)

const auditAnchorFields = {
  seq: z.int().min(0),
  /** SHA-256 in hex; null for a chain that has not begun. */
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
}

/** A place in a person's chain that was noted down elsewhere, as `audit.head` gives it. */
export const auditAnchor = z.strictObject(auditAnchorFields)

export type AuditFilter = z.infer<typeof auditFilter>
export type AuditAnchor = InputOf<typeof auditAnchorFields>
