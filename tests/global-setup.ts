import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { migrate } from '../src/migrations/migrate.js'
import { startTestServer } from '../src/testing/server.js'
import { dropRun, execute, ownershipComment, staleRuns, withDatabase } from './server.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects to the server's maintenance database as a user who may create databases. */
    databaseUrl: string
    /** The migrated, empty database that `freshDatabase` clones. It accepts no connections itself. */
    templateName: string
  }
}

/** One server and one migrated template database for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer()
  console.log(`Tests run on ${server.describe}.`)

  const templateName = `finance_db_test_${randomBytes(4).toString('hex')}`
  const tearDown = async () => {
    if (server.kind === 'url') await dropRun(server.url, templateName)
    await server.stop()
  }

  try {
    for (const stale of await staleRuns(server.url)) await dropRun(server.url, stale)
    await execute(server.url, `create database ${templateName} template template0`, ownershipComment(templateName))
    await migrateDatabase(withDatabase(server.url, templateName))
    await execute(server.url, `alter database ${templateName} with is_template true allow_connections false`)
  } catch (error) {
    await tearDown()
    throw error
  }

  project.provide('databaseUrl', server.url)
  project.provide('templateName', templateName)
  return tearDown
}

async function migrateDatabase(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  await migrate(db).finally(() => db.destroy())
}
