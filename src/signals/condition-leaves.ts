import type { PersonaRuleCondition, SignalCondition } from '../schema/persona-rules.js'

/** The questions in a condition, in its order, without what joins them. */
export function leaves(condition: PersonaRuleCondition): SignalCondition[] {
  if ('all' in condition) return condition.all.flatMap(leaves)
  if ('any' in condition) return condition.any.flatMap(leaves)
  return 'not' in condition ? leaves(condition.not) : [condition]
}
