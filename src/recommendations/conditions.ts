import type { PersonaCondition } from '../schema/json.js'
import type { PersonaRuleCondition, SignalCondition } from '../schema/persona-rules.js'
import { leaves } from '../signals/condition-leaves.js'
import { at, compareDecimals, decimalOf } from './compare.js'

/** A JSON object, as a signal is. */
export type Json = PersonaCondition['actual']
export type Signals = Readonly<Record<string, Record<string, Json>>>

export const cardPrefix = 'credit_utilization_'

/** The signals of the cards, in the order of their types. */
export function cardsOf(signals: Signals): Record<string, Json>[] {
  return Object.keys(signals)
    .filter((type) => type.startsWith(cardPrefix))
    .sort()
    .map((type) => signals[type] ?? {})
}

/** What `personas.assign` finds in SQL, of one person in memory. A test holds the two against each other. */
export function holds(condition: PersonaRuleCondition, signals: Signals): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, signals))
  if ('any' in condition) return condition.any.some((part) => holds(part, signals))
  if ('not' in condition) return !holds(condition.not, signals)
  const actual = actualOf(condition, signals)
  const { is, than } = condition
  const known = condition.signal === 'credit_utilization' && condition.of === 'every'
  if (typeof than !== 'number') {
    return actual === null
      ? known
      : (typeof actual === 'object' ? JSON.stringify(actual) : String(actual)) === String(than)
  }
  const number = decimalOf(actual)
  return number === undefined ? known : accepts(is, compareDecimals(number, String(than)))
}

/** Every question in the condition, and what it said. */
export function answers(condition: PersonaRuleCondition, signals: Signals): PersonaCondition[] {
  return leaves(condition).map((leaf) => ({
    signal: leaf.signal,
    field: leaf.field,
    operator: leaf.is,
    value: leaf.than,
    actual: actualOf(leaf, signals),
    matched: holds(leaf, signals),
  }))
}

function accepts(is: SignalCondition['is'], order: number): boolean {
  if (is === '=') return order === 0
  if (is.endsWith('=') && order === 0) return true
  return is.startsWith('>') ? order > 0 : order < 0
}

/** What the person has; of cards the one that decides: the greatest where any is to be above, and so on. */
function actualOf({ signal, field, is, than, of = 'any' }: SignalCondition, signals: Signals): Json {
  const path = field.split('.')
  if (signal !== 'credit_utilization') return (at(signals[signal], path) ?? null) as Json
  const values = cardsOf(signals).flatMap((card) => {
    const value = at(card, path) as Json | undefined
    return value === undefined || value === null ? [] : [value]
  })
  if (typeof than !== 'number') {
    const flags = values.filter((value) => typeof value === 'boolean')
    if (flags.length === 0) return null
    return (than === true) === (of === 'any') ? flags.includes(true) : !flags.includes(false)
  }
  const greatest = is.startsWith('>') === (of === 'any')
  const numbers = values.filter((value) => decimalOf(value) !== undefined)
  return numbers.reduce<Json>((best, value) => {
    if (best === null) return value
    const order = compareDecimals(decimalOf(value) as string, decimalOf(best) as string)
    return (greatest ? order > 0 : order < 0) ? value : best
  }, null)
}
