// app/health/[[...path]]/route.ts
import { createFinanceDb } from '@org/finance-db'
import { type HealthHandlers, healthHandlers } from '@org/finance-db/health'

// With the first request: `next build` loads this file where there is no database, and `next dev` again after each edit.
const kept = globalThis as { health?: HealthHandlers }

const handle = (request: Request): Promise<Response> => {
  kept.health ??= healthHandlers(createFinanceDb())
  return kept.health.handle(request)
}

export const dynamic = 'force-dynamic'
export { handle as GET, handle as HEAD }
