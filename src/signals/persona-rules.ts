import { type RawBuilder, sql } from 'kysely'
import type { PersonaRule, PersonaRuleCondition, SignalCondition } from '../schema/persona-rules.js'
import { leaves } from './condition-leaves.js'

const cards = (field: string, is: SignalCondition['is'], than: number | boolean, of: 'any' | 'every' = 'any') =>
  ({ signal: 'credit_utilization', field, is, than, of }) as const

/** The rules that hold unless a host brings its own. Amounts are in the main currency of the person. */
export const defaultRules: readonly PersonaRule[] = [
  {
    rule: 'a card at 50 % or more, interest, only the least paid, or overdue',
    persona: 'high_utilization',
    when: {
      any: [
        cards('utilization', '>=', 0.5),
        cards('interest_charged', '=', true),
        cards('minimum_payment_only', '=', true),
        cards('overdue', '=', true),
      ],
    },
  },
  {
    rule: 'more than 45 days between payments and less than a month of expenses at hand',
    persona: 'variable_income_budgeter',
    when: {
      all: [
        { signal: 'income_stability', field: 'median_gap_days', is: '>', than: 45 },
        { signal: 'income_stability', field: 'cash_flow_buffer_months', is: '<', than: 1 },
      ],
    },
  },
  {
    rule: '3 subscriptions or more that cost 50 a month or 10 % of spending',
    persona: 'subscription_heavy',
    when: {
      all: [
        { signal: 'subscription', field: 'subscriptions', is: '>=', than: 3 },
        {
          any: [
            { signal: 'subscription', field: 'monthly_spend', is: '>=', than: 50 },
            { signal: 'subscription', field: 'share_of_spending', is: '>=', than: 0.1 },
          ],
        },
      ],
    },
  },
  {
    rule: 'savings that grow by 2 % or 200 a month, and every card below 30 %',
    persona: 'savings_builder',
    when: {
      all: [
        {
          any: [
            { signal: 'savings_behavior', field: 'growth_rate', is: '>=', than: 0.02 },
            { signal: 'savings_behavior', field: 'monthly_net_inflow', is: '>=', than: 200 },
          ],
        },
        cards('utilization', '<', 0.3, 'every'),
      ],
    },
  },
]

const otherwise: PersonaRule = { rule: 'none of the others', persona: 'general_wellness', when: { all: [] } }

/**
 * The rules as SQL over `s`, which has `signals` (by type) and `cards` (an array): the place of the first that matches, from
 * 1, and all of them as JSON, in order.
 */
export function compileRules(rules: readonly PersonaRule[]) {
  const all = [...rules, otherwise].map(({ rule, persona, when }) => {
    const matched = holds(when)
    const conditions = leaves(when).map((leaf) => {
      const { signal, field, is, than } = leaf
      return sql`jsonb_build_object(
        'signal', ${signal}::text, 'field', ${field}::text, 'operator', ${is}::text,
        'value', ${JSON.stringify(than)}::text::jsonb, 'actual', coalesce(${actual(leaf)}, 'null'), 'matched', ${holds(leaf)})`
    })
    return { rule, persona, matched, conditions }
  })
  return {
    first: sql`case ${sql.join(
      all.map(({ matched }, i) => sql`when ${matched} then ${sql.lit(i + 1)}`),
      sql` `,
    )} end`,
    personas: sql`${all.map(({ persona }) => persona)}::text[]`,
    reasons: sql`jsonb_build_array(${sql.join(
      all.map(
        ({ rule, persona, matched, conditions }) => sql`jsonb_build_object(
          'rule', ${rule}::text, 'persona', ${persona}::text, 'matched', ${matched},
          'conditions', jsonb_build_array(${sql.join(conditions)}))`,
      ),
    )})`,
  }
}

function holds(condition: PersonaRuleCondition): RawBuilder<boolean> {
  if ('all' in condition) return joined(condition.all, sql` and `, sql`true`)
  if ('any' in condition) return joined(condition.any, sql` or `, sql`false`)
  if ('not' in condition) return sql`(not ${holds(condition.not)})`
  const { is, than, signal, of } = condition
  const known = sql.lit(signal === 'credit_utilization' && of === 'every')
  const value = sql`(${actual(condition)} #>> '{}')`
  if (typeof than !== 'number') return sql`coalesce(${value} = ${String(than)}::text, ${known})`
  // a host's own signal may hold anything there
  const number = sql`case when ${value} ~ '^-?[0-9]+([.][0-9]+)?$' then ${value}::numeric end`
  return sql`coalesce(${number} ${operators[is]} ${String(than)}::text::numeric, ${known})`
}

const operators = { '>=': sql`>=`, '>': sql`>`, '<=': sql`<=`, '<': sql`<`, '=': sql`=` } as const

function joined(parts: readonly PersonaRuleCondition[], by: RawBuilder<unknown>, none: RawBuilder<unknown>) {
  return parts.length === 0 ? sql<boolean>`${none}` : sql<boolean>`(${sql.join(parts.map(holds), by)})`
}

/** What the person has, as jsonb; of cards the one that decides: the greatest where any is to be above, and so on. */
function actual({ signal, field, is, than, of = 'any' }: SignalCondition): RawBuilder<unknown> {
  const path = field.split('.')
  if (signal !== 'credit_utilization') return sql`(s.signals #> ${[signal, ...path]}::text[])`
  const value = sql`c #>> ${path}::text[]`
  if (typeof than === 'number') {
    const greatest = is.startsWith('>') === (of === 'any')
    return sql`(select to_jsonb(${greatest ? sql`max` : sql`min`}((${value})::numeric)) from jsonb_array_elements(s.cards) c)`
  }
  const some = (than === true) === (of === 'any')
  return sql`(select to_jsonb(${some ? sql`bool_or` : sql`bool_and`}((${value})::boolean)) from jsonb_array_elements(s.cards) c)`
}
