import { TransactionConflictError } from '../errors.js'

/**
 * Runs a statement that writes nothing when another session changed the row after the statement began, and runs it again
 * as long as a new look at the rows says that it could work.
 *
 * @throws {TransactionConflictError} The rows changed each of ten times.
 */
export async function onFreshSnapshot<Result>(
  write: () => Promise<Result | undefined>,
  couldWork: () => Promise<boolean>,
): Promise<Result | undefined> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const result = await write()
    if (result !== undefined || !(await couldWork())) return result
  }
  throw new TransactionConflictError('Other sessions kept changing the same rows. Nothing was written; run this again.')
}
