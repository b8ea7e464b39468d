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
export { type SandboxOfTest, type TestHooks, type UseSandboxOptions, useSandbox } from './hooks.js'
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
