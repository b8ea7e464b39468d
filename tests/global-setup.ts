import type { TestProject } from 'vitest/node'
import { startTestDatabases } from '../src/testing/index.js'
import { createGlobalSetup } from '../src/testing/vitest-setup/index.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Connects to the server's maintenance database as a user who may create databases. */
    databaseUrl: string
    /** Databases whose names begin with it are dropped at the end of the run. */
    templateName: string
  }
}

/** What hosts have. Much of what is tested here needs a server. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const databases = await startTestDatabases()
  const { handle } = databases
  // With TEST_DATABASE=pglite only the examples and the tests that use nothing but `db` run.
  project.provide('databaseUrl', handle.kind === 'server' ? handle.url : '')
  project.provide('templateName', handle.kind === 'server' ? handle.run : '')
  return createGlobalSetup({ databases })(project)
}
