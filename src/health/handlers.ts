import type { Kysely } from 'kysely'
import { checkHealth, type HealthOptions, liveness, readiness } from './check.js'
import type { HealthReport } from './report.js'

export interface HealthHandlerOptions extends HealthOptions {
  /** Where {@link HealthHandlers.handle} finds the endpoints. Default `/health`. */
  readonly basePath?: string | undefined
  /** Who may see `detailed` and `database`, which tell versions and load. Default: everybody. Others get 403. */
  readonly authorize?: ((request: Request) => boolean | Promise<boolean>) | undefined
}

type Handler = (request: Request) => Promise<Response>

export interface HealthHandlers {
  /** Any of them, by the path below `basePath`; 404 for other paths. */
  readonly handle: Handler
  /** `GET /health`: the status. 200 when `ok` or `degraded`, 503 when `unhealthy`. */
  readonly health: Handler
  /** `GET /health/detailed`: the whole {@link HealthReport}. 200 or 503. */
  readonly detailed: Handler
  /** `GET /health/database`: server, pool and migrations. 200 or 503. */
  readonly database: Handler
  /** `GET /health/readiness`: 200, or 503 with the reasons, as `readiness` tells. */
  readonly readiness: Handler
  /** `GET /health/liveness`: 200 as long as the process answers. Asks no database. */
  readonly liveness: Handler
}

/**
 * Health endpoints as functions from a Web `Request` to a `Response`: for Hono and Deno as they are, for Express and Fastify see
 * `examples/health.ts`, for Next `examples/next-service/route.ts`. Checks that come together share one, so that probes cost the
 * database one connection.
 */
export function healthHandlers<Tables>(db: Kysely<Tables>, options: HealthHandlerOptions = {}): HealthHandlers {
  const { basePath = '/health', authorize = () => true, ...checks } = options
  const { replicas: _, slowMs: __, ...plain } = checks
  const report = shared(() => checkHealth(db, checks))
  const ready = shared(() => readiness(db, plain))

  const restricted = (answer: Handler) => async (request: Request) =>
    (await authorize(request)) ? answer(request) : respond(request, 403, { status: 'forbidden' })
  const fromReport = (body: (report: HealthReport) => object) => async (request: Request) => {
    const seen = await report()
    return respond(request, seen.status === 'unhealthy' ? 503 : 200, body(seen))
  }

  const endpoints = {
    health: fromReport(({ status, timestamp, version }) => ({ status, timestamp, version })),
    detailed: restricted(fromReport((seen) => seen)),
    database: restricted(
      fromReport(({ status, reasons, timestamp, database, pool, migrations }) => ({
        status,
        reasons,
        timestamp,
        database,
        pool,
        migrations,
      })),
    ),
    async readiness(request: Request) {
      const { ready: is, reasons } = await ready()
      return respond(request, is ? 200 : 503, { status: is ? 'ready' : 'not-ready', reasons })
    },
    async liveness(request: Request) {
      return respond(request, 200, { status: 'alive', ...liveness() })
    },
  } satisfies Record<string, Handler>
  const { health, detailed, database, readiness: isReady, liveness: isAlive } = endpoints
  const paths = new Map<string, Handler>([
    ['', health],
    ['/detailed', detailed],
    ['/database', database],
    ['/readiness', isReady],
    ['/liveness', isAlive],
  ])
  const base = basePath.replace(/\/+$/, '')

  return {
    ...endpoints,
    async handle(request) {
      const path = new URL(request.url).pathname.replace(/\/+$/, '')
      const handler = path.startsWith(base) ? paths.get(path.slice(base.length)) : undefined
      if (handler === undefined) return respond(request, 404, { status: 'not-found' })
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return respond(request, 405, { status: 'method-not-allowed' }, { allow: 'GET, HEAD' })
      }
      return handler(request)
    },
  }
}

/** One at a time: who comes while it runs gets the same outcome. */
function shared<Result>(run: () => Promise<Result>): () => Promise<Result> {
  let running: Promise<Result> | undefined
  return () => {
    running ??= run().finally(() => {
      running = undefined
    })
    return running
  }
}

function respond(request: Request, status: number, body: object, headers: Record<string, string> = {}): Response {
  return new Response(request.method === 'HEAD' ? null : JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  })
}
