export {
  copyDatabase,
  type DatabaseCopy,
  handleVariable,
  startTestDatabases,
  type TestDatabases,
  type TestDatabasesHandle,
  type TestDatabasesOptions,
  type WorkerSandboxes,
  workerSandboxes,
} from './databases/databases.js'
export {
  aCard,
  aConsent,
  anAccount,
  anInsight,
  anInvestment,
  aTransaction,
  aUser,
  type Factory,
} from './factories/factories.js'
export { aMonthOfAHousehold, aPersona, type Household } from './factories/scenarios.js'
export { type SandboxOfTest, type TestHooks, type UseSandboxOptions, useSandbox } from './hooks.js'
export { type AccountKey, type MatcherResult, matchers, toBeDecimal, toHaveBalance } from './matchers.js'
export { expectQueries, recordQueries, UnexpectedQueriesError } from './queries.js'
export type { SandboxClock, TimeSpan } from './sandbox/clock.js'
export { SandboxError, type SandboxProblem, type SandboxProblemKind } from './sandbox/problems.js'
export {
  createSandboxes,
  openSandbox,
  type Sandbox,
  type Sandboxes,
  type SandboxHandles,
  type SandboxOptions,
  type SandboxSource,
} from './sandbox/sandbox.js'
export type { SandboxQuery } from './sandbox/session.js'
export { startTestServer, type TestServer, type TestServerKind, type TestServerOptions } from './server.js'
