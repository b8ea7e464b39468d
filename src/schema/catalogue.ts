import { z } from 'zod'
import { accountTypes, personas, recommendationTypes } from './enums.js'
import type { InputOf } from './input-of.js'
import { decisionTraceData, personaCondition, personaReasons } from './json.js'
import { personaRuleCondition } from './persona-rules.js'
import { currency, day, money, name } from './values.js'

/** How a number of a rationale is written, in the locale of the catalogue. */
export const rationaleFormats = ['money', 'percent', 'count', 'number', 'date', 'text'] as const

const placeholder = /\{(\w+(?:\.\w+)+)\|(money|percent|count|number|date|text)\}/g

export type RationaleFormat = (typeof rationaleFormats)[number]

/** What a rationale cites: `{subscription.monthly_spend|money}` has the field `subscription.monthly_spend`. */
export function placeholdersOf(template: string): { field: string; format: RationaleFormat }[] {
  return [...template.matchAll(placeholder)].map(([, field = '', format]) => ({
    field,
    format: format as RationaleFormat,
  }))
}

/** The template with what `fill` gives for each placeholder, in order. */
export function fillPlaceholders(template: string, fill: (field: string, format: RationaleFormat) => string): string {
  return template.replace(placeholder, (_, field: string, format: RationaleFormat) => fill(field, format))
}

/** What is sold to people in need at a price that keeps them there. No catalogue may offer it. */
export const predatoryProducts = [
  'payday_loan',
  'title_loan',
  'pawn_loan',
  'rent_to_own',
  'refund_anticipation_loan',
  'high_cost_installment_loan',
] as const

const itemEligibilityFields = {
  /** Has an account of one of these types. */
  has_account: z.array(z.enum(accountTypes)).min(1).optional(),
  /** Has no account of any of these types. */
  has_no_account: z.array(z.enum(accountTypes)).min(1).optional(),
  /** Has an account of one of these types with at least so much on it, as it is when the decision is made. */
  min_balance: z
    .strictObject({ account_types: z.array(z.enum(accountTypes)).min(1), amount: money, currency })
    .optional(),
  /** No card of the person is overdue. */
  no_overdue: z.boolean().optional(),
}

/** Who may have an item at all, whatever the signals say. Only active accounts count. All that is given must hold. */
export const itemEligibility = z.strictObject(itemEligibilityFields)

const catalogueItemFields = {
  /** Names it for ever: a person gets the same key once in a period. */
  key: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$/),
  type: z.enum(recommendationTypes),
  /** What is offered, in a word such as `high_yield_savings_account`; offers only. {@link predatoryProducts} are refused. */
  product: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,99}$/)
    .refine((product) => !(predatoryProducts as readonly string[]).includes(product), {
      error: 'is a predatory product, which is never offered',
    })
    .optional(),
  title: name(500),
  /** Who has another persona does not get it. */
  personas: z.array(z.enum(personas)).min(1),
  /** Questions about signals, as personas have them. Compared exactly. */
  when: personaRuleCondition,
  /** Only for who has the signals that `when` asks about in this currency. Give it where `when` compares money. */
  currency: currency.optional(),
  eligibility: itemEligibility.optional(),
  /**
   * Why this person gets it. Cites numbers as `{signal.field|format}`; `card` is the card that `when` holds for, the most
   * used one first, and has a `name`; `window.days` is the length of the window. A number that is not there makes the
   * person not eligible.
   */
  rationale: name(2000).refine((template) => !/[{}]/.test(template.replace(placeholder, '')), {
    error: `cite numbers as {signal.field|format}, where format is one of ${rationaleFormats.join(', ')}`,
  }),
}

/** One thing to recommend, and to whom. */
export const catalogueItem = z
  .strictObject(catalogueItemFields)
  .refine(({ type, product }) => (type === 'offer') === (product !== undefined), {
    error: 'an offer names its product, and education has none',
    path: ['product'],
  })

const recommendationCatalogueFields = {
  /** Kept in every trace: change it with the items. */
  version: name(100),
  /** Of the numbers in the rationales, a BCP 47 tag. `en-US` when left out. */
  locale: z.string().refine(isLocale, { error: 'give a BCP 47 language tag such as "en-US"' }).optional(),
  items: z.array(catalogueItem).max(500),
}

/** What to recommend, the most important first. */
export const recommendationCatalogue = z
  .strictObject(recommendationCatalogueFields)
  .refine(({ items }) => new Set(items.map(({ key }) => key)).size === items.length, {
    error: 'two items have the same key',
    path: ['items'],
  })

/** How an item fared, in the order of the questions. */
export const itemOutcomes = [
  'not_for_persona',
  'conditions',
  'eligibility',
  'missing_number',
  'duplicate',
  'over_limit',
  'recommended',
] as const

const eligibilityCheck = z.object({
  check: z.string(),
  matched: z.boolean(),
  /** What the check asks for, and what the person has. */
  value: z.json(),
  actual: z.json(),
})

const otherPersonas = z.object({
  rule: z.string(),
  matched: z.literal(false),
  outcome: z.literal('not_for_persona'),
  personas: z.array(z.enum(personas)),
})

const consideredItem = z.object({
  /** The key of the item. */
  rule: z.string(),
  /** Whether it was recommended. */
  matched: z.boolean(),
  /** The first question that it did not pass, or `recommended`. */
  outcome: z.enum(itemOutcomes).exclude(['not_for_persona']),
  /** The item itself. */
  item: catalogueItem,
  conditions_matched: z.boolean(),
  conditions: z.array(personaCondition),
  eligibility: z.array(eligibilityCheck),
  /** The words, filled in. Null where a number is missing. */
  rationale: z.string().nullable(),
  /** The fields that could not be cited. */
  missing: z.array(z.string()),
})

/** The trace of `recommendations.generate`: all that the decision followed from, enough to make it again. */
export const recommendationTrace = z.object({
  ...decisionTraceData.shape,
  as_of: day,
  time_window: z.string(),
  persona: z.enum(personas),
  persona_assignment: z.object({ id: z.string(), assigned_at: z.string(), reasons: personaReasons.nullable() }),
  /** Those that items of the persona read, by signal type. */
  signals: z.record(z.string(), z.record(z.string(), z.json())),
  /** The active accounts, with balances as they were at `decided_at`. */
  accounts: z.array(
    z.object({ id: z.string(), account_type: z.enum(accountTypes), name: z.string(), currency, balance: money }),
  ),
  consent: z.object({
    required: z.boolean(),
    /** The version that was asked for at least; null for any. */
    at_least: z.string().nullable(),
    /** The one that stood; null when none was asked for. */
    standing: z.object({ id: z.string(), version: z.string(), granted_at: z.string() }).nullable(),
  }),
  period_days: z.number().int(),
  limit_per_user: z.number().int(),
  /** What was given from a catalogue in the period before. */
  given: z.array(z.object({ catalogue_key: z.string(), recommendation_id: z.string(), created_at: z.string() })),
  catalogue: z.object({ version: z.string(), locale: z.string() }),
  decided_at: z.string(),
  /** Every item of the catalogue, in order. */
  rules: z.array(z.union([consideredItem, otherPersonas])),
  /** The key of the item that the recommendation is. */
  recommended: z.string(),
})

export type ItemEligibility = InputOf<typeof itemEligibilityFields>
export type CatalogueItem = InputOf<typeof catalogueItemFields>
export type RecommendationCatalogue = InputOf<typeof recommendationCatalogueFields>
export type ItemOutcome = (typeof itemOutcomes)[number]
export type RecommendationTrace = z.infer<typeof recommendationTrace>

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
