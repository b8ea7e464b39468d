import type { Answer } from './executor.js'

/** A step of a plan. */
export interface PlanStep {
  /** As Postgres calls it: `Seq Scan`, `Hash Join`. */
  readonly node: string
  readonly table?: string
  readonly index?: string
  readonly steps: readonly PlanStep[]
}

/** How the planner would run a query. Without its estimates, which tell about rows of others. */
export interface QueryPlan {
  /**
   * The planner's cost, rounded up to a power of ten; its unit is about the reading of a page. Left out for a role that sees one
   * user: it goes by the rows of everybody, and could be asked about theirs.
   */
  readonly costBelow?: number
  readonly plan: PlanStep
}

interface RawPlan {
  readonly 'Node Type'?: string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Total Cost'?: number
  readonly Plans?: readonly RawPlan[]
}

export function planOf({ result }: Answer, sees: 'one-user' | 'everybody'): QueryPlan {
  const text = result.rows.map(([line]) => line).join('\n')
  const [{ Plan: plan } = {}]: Array<{ Plan?: RawPlan }> = JSON.parse(text)
  const steps = stepOf(plan ?? {})
  if (sees === 'one-user') return { plan: steps }
  const cost = Math.max(1, plan?.['Total Cost'] ?? 1)
  return { costBelow: 10 ** Math.ceil(Math.log10(cost + 1)), plan: steps }
}

function stepOf(plan: RawPlan): PlanStep {
  const [table, index] = [plan['Relation Name'], plan['Index Name']]
  return {
    node: plan['Node Type'] ?? 'unknown',
    ...(table !== undefined && { table }),
    ...(index !== undefined && { index }),
    steps: (plan.Plans ?? []).map(stepOf),
  }
}
