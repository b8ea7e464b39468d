import type { Attributes } from '@opentelemetry/api'
import type { LoggedStatement } from '../database.js'
import { version } from '../version.js'
import { loadApi, scope } from './peer.js'
import { summarize } from './summary.js'

export interface StatementTelemetryOptions {
  /** Put the text of statements on spans, with `$1` where values go. False where your own SQL has values in its text. Default true. */
  readonly queryText?: boolean | undefined
  /** `db.namespace`: the name of the database, say. Default: none. */
  readonly namespace?: string | undefined
}

/**
 * A `log` for `createFinanceDb` that makes a span of each statement, below the span that is active, and measures
 * `db.client.operation.duration` in seconds. Names follow OpenTelemetry's conventions for database clients; values of
 * parameters and messages of errors are never told.
 *
 * ```ts
 * const db = createFinanceDb({ log: await statementTelemetry() })
 * ```
 *
 * @throws {UnsupportedError} `@opentelemetry/api` is not installed.
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 */
export async function statementTelemetry({
  queryText = true,
  namespace,
}: StatementTelemetryOptions = {}): Promise<(statement: LoggedStatement) => void> {
  const { metrics, SpanKind, SpanStatusCode, trace } = await loadApi()
  const tracer = trace.getTracer(scope, version)
  const duration = metrics.getMeter(scope, version).createHistogram('db.client.operation.duration', {
    unit: 's',
    description: 'Duration of database client operations.',
    advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
  })

  return ({ sql, durationMs, failed, sqlState }) => {
    const { operation, target } = summarize(sql)
    const summary = target === undefined ? operation : `${operation} ${target}`
    const attributes: Attributes = {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      ...(target !== undefined && { 'db.collection.name': target }),
      ...(namespace !== undefined && { 'db.namespace': namespace }),
      ...(failed && { 'error.type': sqlState ?? '_OTHER' }),
      ...(sqlState !== undefined && { 'db.response.status_code': sqlState }),
    }
    duration.record(durationMs / 1000, attributes)

    const end = Date.now()
    const span = tracer.startSpan(summary, {
      kind: SpanKind.CLIENT,
      startTime: end - durationMs,
      attributes: { ...attributes, 'db.query.summary': summary, ...(queryText && { 'db.query.text': sql }) },
    })
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(end)
  }
}
