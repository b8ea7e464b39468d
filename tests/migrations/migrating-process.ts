import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { migrate } from '../../src/migrations/index.js'

/** What `concurrency.test.ts` sends: start migrating now. */
export interface Start {
  readonly url: string
}

/** What comes back. */
export type Outcome = { readonly applied: readonly string[]; readonly waited: number } | { readonly error: string }

process.on('message', async ({ url }: Start) => {
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 1 }) }),
  })
  let waited = 0
  try {
    const { applied } = await migrate(db, { onProgress: ({ type }) => void (type === 'waiting' && waited++) })
    process.send?.({ applied, waited } satisfies Outcome)
  } catch (error) {
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) } satisfies Outcome)
  } finally {
    await db.destroy()
  }
})

process.send?.('ready')
