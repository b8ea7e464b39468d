#!/usr/bin/env node
import { CommanderError } from 'commander'
import { exit } from './exit-codes.js'
import { createProgram } from './program.js'

// What a command had begun is a transaction, which the server rolls back when we are gone.
for (const [signal, code] of [
  ['SIGINT', exit.interrupted],
  ['SIGTERM', exit.terminated],
] as const) {
  process.once(signal, () => {
    process.stderr.write('\nStopped. Nothing is left half done; run it again to go on.\n')
    process.exit(code)
  })
}

// The reader of a pipe may have seen enough, such as `head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(exit.ok)
})

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    // Commander has said already what is wrong, or shown the help that was asked for.
    if (!(error instanceof CommanderError)) throw error
    process.exitCode = error.exitCode === 0 ? exit.ok : exit.usage
  })
