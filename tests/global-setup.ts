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

/** What hosts have, on a server: much of what is tested here needs one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const databases = await startTestDatabases({ kind: process.env.TEST_DATABASE_URL ? 'url' : undefined })
  const { handle } = databases
  if (handle.kind !== 'server') throw new Error('The tests of this project need a server: unset TEST_DATABASE.')
  project.provide('databaseUrl', handle.url)
  project.provide('templateName', handle.run)
  return createGlobalSetup({ databases })(project)
}
