/** `@org/finance-db/telemetry`: spans of statements and metrics of pools, by OpenTelemetry's API. */
export { meterPool, type PoolMeterOptions } from './pool.js'
export { type StatementTelemetryOptions, statementTelemetry } from './statements.js'
