import type { TestDatabasesHandle } from '../databases/databases.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the migrated databases of this run are. */
    financeDb: TestDatabasesHandle
  }
}
