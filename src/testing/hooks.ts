import { ambientHandle } from './databases/ambient.js'
import {
  copyDatabase,
  type DatabaseCopy,
  startTestDatabases,
  type TestDatabases,
  type TestDatabasesOptions,
  type WorkerSandboxes,
  workerSandboxes,
} from './databases/databases.js'
import type { Sandbox, SandboxOptions } from './sandbox/sandbox.js'

type Hook = (run: (context?: unknown) => Promise<void>) => unknown

/** What every test runner has, by either name: jest and vitest say `beforeAll`, node:test and mocha `before`. */
export type TestHooks = { readonly beforeEach: Hook; readonly afterEach: Hook } & (
  | { readonly beforeAll: Hook; readonly afterAll: Hook }
  | { readonly before: Hook; readonly after: Hook }
)

export interface UseSandboxOptions extends SandboxOptions {
  /** The name of the test that runs, where the runner does not give it to the hooks: `expect.getState().currentTestName`. */
  readonly currentTest?: (() => string | undefined) | undefined
  /** How to find databases when no global set-up has made any. Default: {@link startTestDatabases}'s. */
  readonly databases?: TestDatabasesOptions | undefined
}

/** What {@link useSandbox} gives: callable inside of tests. */
export interface SandboxOfTest {
  /** The sandbox of the test that runs. */
  (): Sandbox
  /** A database of its own for a test that must commit. Use with `await using`. */
  freshDatabase(): Promise<DatabaseCopy>
}

/**
 * A sandbox for each test of a file, in any runner with hooks: jest, node:test, mocha, bun.
 *
 * ```ts
 * import { after, afterEach, before, beforeEach, test } from 'node:test'
 * const sandbox = useSandbox({ before, after, beforeEach, afterEach })
 * test('adds a user', async () => { await users.create(sandbox().db, …) })
 * ```
 *
 * The databases are those of a global set-up of the run ({@link startTestDatabases}, its handle as JSON in
 * `FINANCE_DB_TEST_DATABASES`), or else are made for the file: give one where a server has to be started.
 */
export function useSandbox(hooks: TestHooks, options: UseSandboxOptions = {}): SandboxOfTest {
  const { currentTest, databases: databasesOptions, ...sandboxOptions } = options
  const beforeAll = 'beforeAll' in hooks ? hooks.beforeAll : hooks.before
  const afterAll = 'afterAll' in hooks ? hooks.afterAll : hooks.after
  let own: TestDatabases | undefined
  let sandboxes: WorkerSandboxes | undefined
  let sandbox: Sandbox | undefined

  const handle = () => {
    const found = ambientHandle() ?? own?.handle
    if (found === undefined) throw new Error('Databases are there from beforeAll on: ask for them inside of a test.')
    return found
  }

  beforeAll(async () => {
    if (ambientHandle() === undefined) own = await startTestDatabases(databasesOptions)
    // One database for each process: files that run in it take turns.
    sandboxes = await workerSandboxes(handle(), `p${process.pid}`)
  })
  beforeEach(hooks, async (context) => {
    sandbox = await sandboxes?.open({
      ...sandboxOptions,
      name: sandboxOptions.name ?? currentTest?.() ?? nameIn(context),
    })
  })
  hooks.afterEach(async () => {
    const ending = sandbox
    sandbox = undefined
    await ending?.close()
  })
  afterAll(async () => {
    try {
      await sandboxes?.close()
    } finally {
      await own?.stop()
    }
  })

  const ofTest = () => {
    if (sandbox === undefined) throw new Error('A sandbox is there inside of a test only.')
    return sandbox
  }
  return Object.assign(ofTest, { freshDatabase: () => copyDatabase(handle()) })
}

/** Runners look at a hook's number of parameters: jest and mocha would wait for a callback that one parameter announces. */
function beforeEach({ beforeEach: hook }: TestHooks, run: (context: unknown) => Promise<void>): void {
  hook(async (...context: unknown[]) => run(context[0]))
}

function nameIn(context: unknown): string | undefined {
  const name = typeof context === 'object' && context !== null ? Reflect.get(context, 'name') : undefined
  return typeof name === 'string' ? name : undefined
}
