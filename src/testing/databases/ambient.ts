import { UnsupportedError } from '../../errors.js'
import { handleVariable, type TestDatabasesHandle } from './databases.js'

/** The databases that a global set-up of this run has made, by the environment. Undefined without one. */
export function ambientHandle(
  env: Readonly<Record<string, string | undefined>> = process.env,
): TestDatabasesHandle | undefined {
  const text = env[handleVariable]
  if (text === undefined || text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UnsupportedError(`${handleVariable} does not hold what a global set-up puts there.`, { cause })
  }
}
