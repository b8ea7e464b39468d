import {
  type CatalogueItem,
  type ItemEligibility,
  placeholdersOf,
  type RecommendationTrace,
} from '../schema/catalogue.js'
import type { Persona } from '../schema/enums.js'
import { leaves } from '../signals/condition-leaves.js'
import { at, compareDecimals, decimalOf } from './compare.js'
import { answers, cardPrefix, cardsOf, holds, type Json, type Signals } from './conditions.js'
import { fillRationale } from './rationale.js'

/** All that a decision follows from. */
export type Facts = Pick<
  RecommendationTrace,
  'persona' | 'time_window' | 'signals' | 'accounts' | 'given' | 'limit_per_user'
>
export type Considered = RecommendationTrace['rules'][number]
/** An item, or what is kept of one that is for other personas. */
export type Candidate = CatalogueItem | { readonly key: string; readonly personas: Persona[] }
type Check = Extract<Considered, { item: unknown }>['eligibility'][number]

/** What is recommended and why, and why the rest is not. Follows from the arguments alone. */
export function decide(items: readonly Candidate[], facts: Facts, locale: string): Considered[] {
  const given = new Set(facts.given.map(({ catalogue_key }) => catalogue_key))
  let room = facts.limit_per_user - facts.given.length
  return items.map((item): Considered => {
    if (!('when' in item) || !item.personas.includes(facts.persona)) {
      return { rule: item.key, matched: false, outcome: 'not_for_persona', personas: item.personas }
    }
    const considered = consider(item, facts, locale)
    const outcome = outcomeOf(considered, given.has(item.key), room)
    if (outcome === 'recommended') room--
    return { rule: item.key, matched: outcome === 'recommended', outcome, item, ...considered }
  })
}

/** Those that items of the persona read: what a trace has to keep. */
export function signalsRead(items: readonly CatalogueItem[], persona: Persona, signals: Signals): Signals {
  const types = new Set(
    items
      .filter(({ personas }) => personas.includes(persona))
      .flatMap(({ when, rationale, eligibility }) => [
        ...leaves(when).map(({ signal }) => signal),
        ...placeholdersOf(rationale).map(({ field }) => field.split('.')[0] ?? ''),
        ...(eligibility?.no_overdue ? ['card'] : []),
      ]),
  )
  const cards = types.has('card') || types.has('credit_utilization')
  return Object.fromEntries(
    Object.entries(signals).filter(([type]) => types.has(type) || (cards && type.startsWith(cardPrefix))),
  )
}

type Findings = Pick<
  Extract<Considered, { item: unknown }>,
  'conditions_matched' | 'conditions' | 'eligibility' | 'rationale' | 'missing'
>

function consider(item: CatalogueItem, facts: Facts, locale: string): Findings {
  const { words, missing } = fillRationale(item.rationale, citable(item, facts), locale)
  return {
    conditions_matched: holds(item.when, facts.signals),
    conditions: answers(item.when, facts.signals),
    eligibility: [...currencyCheck(item, facts.signals), ...checks(item.eligibility ?? {}, facts)],
    rationale: words,
    missing,
  }
}

function outcomeOf(found: Findings, duplicate: boolean, room: number) {
  if (!found.conditions_matched) return 'conditions'
  if (!found.eligibility.every(({ matched }) => matched)) return 'eligibility'
  if (found.rationale === null) return 'missing_number'
  if (duplicate) return 'duplicate'
  return room > 0 ? 'recommended' : 'over_limit'
}

/** The signals by type, and what only rationales know. */
function citable(item: CatalogueItem, facts: Facts): Record<string, unknown> {
  const card = cardFor(item, facts.signals)
  const account = facts.accounts.find(({ id }) => id === card?.account_id)
  return {
    ...facts.signals,
    window: { days: Number.parseInt(facts.time_window, 10) },
    ...(card && { card: { ...card, ...(account && { name: account.name }) } }),
  }
}

/** The most used of the cards that the item's conditions hold for, each taken as if it were the only one. */
function cardFor({ when }: CatalogueItem, signals: Signals): Record<string, Json> | undefined {
  const others = Object.entries(signals).filter(([type]) => !type.startsWith(cardPrefix))
  const used = (card: Record<string, Json>) => decimalOf(card.utilization) ?? '-1'
  return cardsOf(signals)
    .filter((card) => holds(when, { ...Object.fromEntries(others), [`${cardPrefix}it`]: card }))
    .sort((a, b) => compareDecimals(used(b), used(a)))[0]
}

function currencyCheck({ currency, when }: CatalogueItem, signals: Signals): Check[] {
  if (currency === undefined) return []
  const asked = new Set(leaves(when).map(({ signal }) => signal))
  const actual = Object.entries(signals)
    .filter(([type]) => asked.has(type) || (asked.has('credit_utilization') && type.startsWith(cardPrefix)))
    .flatMap(([, signal]) => (typeof signal.currency === 'string' ? [signal.currency] : []))
  return [{ check: 'currency', value: currency, actual, matched: actual.every((other) => other === currency) }]
}

function checks(eligibility: ItemEligibility, { accounts, signals }: Facts): Check[] {
  const { has_account, has_no_account, min_balance, no_overdue } = eligibility
  const types = [...new Set(accounts.map(({ account_type }) => account_type))].sort()
  const all: Check[] = []
  if (has_account !== undefined) {
    const matched = has_account.some((type) => types.includes(type))
    all.push({ check: 'has_account', value: has_account, actual: types, matched })
  }
  if (has_no_account !== undefined) {
    const matched = !has_no_account.some((type) => types.includes(type))
    all.push({ check: 'has_no_account', value: has_no_account, actual: types, matched })
  }
  if (min_balance !== undefined) {
    const balances = accounts
      .filter((a) => min_balance.account_types.includes(a.account_type) && a.currency === min_balance.currency)
      .map(({ balance }) => balance)
    const matched = balances.some((balance) => compareDecimals(balance, min_balance.amount) >= 0)
    all.push({ check: 'min_balance', value: min_balance, actual: balances, matched })
  }
  if (no_overdue === true) {
    const overdue = cardsOf(signals).filter((card) => at(card, ['overdue']) === true).length
    all.push({ check: 'no_overdue', value: 0, actual: overdue, matched: overdue === 0 })
  }
  return all
}
