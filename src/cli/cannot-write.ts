import { resolve } from 'node:path'
import { UsageError } from './exit-codes.js'

/** For `.catch` where a file is written: what the file system says is told of the file that was asked for. */
export function cannotWrite(file: string): (error: unknown) => never {
  return (error) => {
    // It may be written under another name first, such as `${file}.partial`. Errors of other files are not of this.
    if (error instanceof Error && 'path' in error && resolve(String(error.path)).startsWith(resolve(file))) {
      const code = 'code' in error ? String(error.code) : 'unknown'
      throw new UsageError(`${file} cannot be written (${code}).`, { cause: error })
    }
    throw error
  }
}
