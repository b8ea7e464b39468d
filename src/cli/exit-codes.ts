/** What the exit code of the command says. 130 and 143 are of a signal. */
export const exit = {
  ok: 0,
  failed: 1,
  /** Wrong usage, input or configuration: nothing was done. */
  usage: 2,
  /** It ran, and what it looked at is not as it should be. */
  finding: 3,
} as const

export type ExitCode = (typeof exit)[keyof typeof exit]

/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
