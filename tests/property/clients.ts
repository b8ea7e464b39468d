import type { Kysely } from 'kysely'
import pg from 'pg'
import { ConnectionError, createFinanceDb, type Database } from '../../src/index.js'

/** A process as the database sees it: one connection, which can be killed on either side and comes back. */
export interface FragileClient extends AsyncDisposable {
  readonly db: Kysely<Database>
  /** As when the process or its network dies: the socket is gone, and the server does not know yet. */
  killClient(): void
  /** The process id of its backend, if it is connected. */
  backend(): number | undefined
}

export function fragileClient(connectionString: string): FragileClient {
  const pool = new pg.Pool({ connectionString, max: 1 })
  let current: Wire | undefined
  pool.on('error', () => {})
  pool.on('connect', (client) => {
    client.on('error', () => {})
    current = client as unknown as Wire
  })
  return {
    db: createFinanceDb({ pool }, {}),
    killClient: () => current?.connection.stream.destroy(),
    backend: () => current?.processID ?? undefined,
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

interface Wire {
  readonly processID: number | null
  readonly connection: { readonly stream: { destroy(): void } }
}

/** As a careful caller does: asks again, with the same key, until it knows what happened. */
export async function untilAnswered<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof ConnectionError) || attempt === 50) throw error
    }
  }
}
