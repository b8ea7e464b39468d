/** `@org/finance-db/health`: how the database behind a handle is, endpoints that tell it, and an orderly end. */
export { checkHealth, type HealthOptions, liveness, type Readiness, readiness } from './check.js'
export { type Drained, type DrainOptions, drain } from './drain.js'
export { type HealthHandlerOptions, type HealthHandlers, healthHandlers } from './handlers.js'
export type { DatabaseHealth, HealthReason, HealthReport, HealthStatus, MigrationHealth } from './report.js'
