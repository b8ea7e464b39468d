/** What the exit code of the command says. */
export const exit = {
  ok: 0,
  failed: 1,
  /** Wrong usage, input or configuration: nothing was done. */
  usage: 2,
  /** It ran, and what it looked at is not as it should be. */
  finding: 3,
  /** By Ctrl-C, as a shell has it: 128 and the number of the signal. */
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof exit)[keyof typeof exit]

/** The command line asks for something that cannot be. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Ctrl-C at a question. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
