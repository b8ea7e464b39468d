import { z } from 'zod'
import type { InputOf } from './input-of.js'
import { name, uuid } from './values.js'

/** The version of a text. Numbers with dots or dashes between them, `'1.10'` or `'2026-03-01'`, have an order; words have none. */
export const consentVersion = name(50)

/** An IPv4 or IPv6 address, without a port or a zone. */
export const ipAddress = z.union([z.ipv4(), z.ipv6()], { error: 'give an IPv4 or IPv6 address, without a port' })

const newConsentFields = {
  user_id: uuid,
  /** `'1.0'` when left out. */
  version: consentVersion.optional(),
  /** Where the answer came from. */
  ip_address: ipAddress.nullish(),
}

/** What a person agrees to. */
export const newConsent = z.strictObject(newConsentFields)

const consentRequirementFields = {
  /** To this version of the text, or a later one. To any when left out. */
  version: consentVersion.optional(),
}

/** Which consent must stand. */
export const consentRequirement = z.strictObject(consentRequirementFields)

const consentFilterFields = {
  version: consentVersion.optional(),
  /** True: the one that stands. False: those that ended or were never given. */
  standing: z.boolean().optional(),
}

/** Which consents of the past and present to list. */
export const consentFilter = z.strictObject(consentFilterFields)

export type NewConsent = InputOf<typeof newConsentFields>
export type ConsentRequirement = InputOf<typeof consentRequirementFields>
export type ConsentFilter = InputOf<typeof consentFilterFields>
