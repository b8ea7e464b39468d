/** `@org/finance-db/readonly`: a door for those who may read and nothing else. */

export type { Finding, RoleReport } from '../roles/inspect.js'
export type { Audit, AuditEntry } from './audit.js'
export type { TableCard } from './describe/card.js'
export type { ColumnInfo, JoinInfo, TableInfo } from './describe/catalogue.js'
export type { RowCount } from './describe/counts.js'
export type { DescribeOptions, SchemaCard } from './describe/describe.js'
export { estimateTokens } from './describe/tokens.js'
export { createReadOnlyDb, type QueryAnswer, type QueryOptions, type ReadOnlyDb, type ReadOnlyHandle } from './door.js'
export type { PlanStep, QueryPlan } from './explain.js'
export { checkQuery } from './guard/check.js'
export type { GuardSchema } from './guard/schema.js'
export { defaultLimits, type QueryLimits, queryLimits } from './limits.js'
export type { ReadOnlyDbOptions } from './options.js'
export { type RenderOptions, renderForModel } from './render.js'
export type { ResultColumn, ResultRow } from './results.js'
export { currentLsn } from './standby.js'
export {
  type AgentTool,
  type AgentToolName,
  type AgentToolOptions,
  type AgentTools,
  agentTools,
  type ToolAnswer,
  type ToolDoor,
} from './tools/tools.js'
