import { type RecommendationTrace, recommendationTrace } from '../schema/catalogue.js'
import { parseInput } from '../schema/input.js'
import { decide } from './decide.js'

/**
 * Makes the decision again from its trace, and nothing else: every item with what was found. It is what the trace has in
 * `rules`, unless this version of the package decides otherwise.
 *
 * @throws {InvalidInputError} It is not a trace of `recommendations.generate`.
 */
export function replay(traceData: unknown): RecommendationTrace['rules'] {
  const trace = parseInput(recommendationTrace, traceData, 'The trace')
  const items = trace.rules.map((rule) => ('item' in rule ? rule.item : { key: rule.rule, personas: rule.personas }))
  return decide(items, trace, trace.catalogue.locale)
}
