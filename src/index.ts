/**
 * `@org/finance-db`: a Postgres finance schema that any TypeScript service can embed. Connect with
 * {@link createFinanceDb}, call `migrate(db)`, and use the repositories: modules of plain functions that take the handle first.
 */
export { type Environment, lambdaPreset, loadConfig, type ServerConfig, type Supplier } from './config.js'
export { type PoolStats, poolStats } from './connection/postgres.js'
export { schemaOf, schemaPlugin } from './connection/schema-plugin.js'
export { constraintSentences } from './constraints.js'
export {
  createFinanceDb,
  type FinanceDbOptions,
  type KyselyOptions,
  type LoggedStatement,
  type PGliteOptions,
  type PoolOptions,
  type ServerOptions,
} from './database.js'
export { checkSchema, type ObjectKind, type SchemaDifference, type SchemaReport } from './doctor/check-schema.js'
export * from './errors.js'
export {
  type MigrateMode,
  type MigrateOnStartOptions,
  type MigrateOnStartResult,
  migrateOnStart,
} from './migrate-on-start.js'
export * as migrations from './migrations/index.js'
export { migrate, rollback } from './migrations/index.js'
export { translateError } from './postgres-errors.js'
export * as recommendations from './recommendations/index.js'
export { type ReadOptions, type Replicas, type ReplicasOptions, withReplicas } from './replicas/replicas.js'
export type { ReplicaHealth } from './replicas/state.js'
export * as accounts from './repositories/accounts.js'
export * as agentQueries from './repositories/agent-queries.js'
export * as audit from './repositories/audit.js'
export * as cards from './repositories/cards.js'
export * as chatLogs from './repositories/chat-logs.js'
export * as computedFeatures from './repositories/computed-features.js'
export * as consents from './repositories/consents.js'
export * as decisionTraces from './repositories/decision-traces.js'
export * as documents from './repositories/documents.js'
export * as insights from './repositories/insights.js'
export * as investments from './repositories/investments.js'
export * as operatorActions from './repositories/operator-actions.js'
export * as p2pTransfers from './repositories/p2p-transfers.js'
export type { Page, PageRequest } from './repositories/page.js'
export * as personaAssignments from './repositories/persona-assignments.js'
export * as reports from './repositories/reports.js'
export * as retention from './repositories/retention.js'
export * as transactions from './repositories/transactions.js'
export * as transfers from './repositories/transfers.js'
export * as users from './repositories/users.js'
export { type RetryOptions, retryIdempotent } from './retry.js'
export * from './roles/index.js'
export type * from './schema/index.js'
export type { SecretKeys } from './secrets/keys.js'
export { createSecrets, type FieldAddress, type Secrets } from './secrets/secrets.js'
export * as signals from './signals/compute.js'
export * as personas from './signals/personas.js'
export * as subscriptions from './signals/subscriptions.js'
export * as transferMatches from './signals/transfer-matches.js'
export { type TransactionOptions, transaction } from './transaction.js'
