import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import type { Environment } from '../config.js'
import { type Connection, type ConnectionFlags, type ConnectOptions, connect } from './connection.js'
import { type ExitCode, exit } from './exit-codes.js'
import { createOutput, type Output, type OutputOptions } from './output.js'
import { reportError } from './report-error.js'

/** What a command is given besides its own options. */
export interface Cli {
  readonly env: Environment
  readonly flags: ConnectionFlags
  readonly out: Output
  /** Opens the database that the flags and the environment name; it is closed when the command ends. */
  connect(options?: ConnectOptions): Connection
  /** Closes it when the command ends, however it ends. */
  use(connection: Connection): Connection
}

interface GlobalFlags extends ConnectionFlags, OutputOptions {
  readonly verbose?: boolean
}

type Handler<Options> = (cli: Cli, options: Options, args: readonly string[]) => Promise<ExitCode> | Promise<void>

/** Makes a handler the action of a command: sets up, runs, closes, and turns the outcome into the exit code. */
export function run<Options = Record<never, never>>(handler: Handler<Options>) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    const flags = command.optsWithGlobals<GlobalFlags>()
    // Does not override what is set already.
    if (existsSync('.env')) process.loadEnvFile('.env')
    const env = process.env
    const out = createOutput(flags, env)
    const open: Connection[] = []
    const use = (connection: Connection) => {
      open.push(connection)
      return connection
    }
    const cli: Cli = { env, flags, out, use, connect: (options) => use(connect(flags, env, options)) }
    try {
      const outcome = await handler(cli, command.opts<Options & object>(), command.args)
      process.exitCode = typeof outcome === 'number' ? outcome : exit.ok
    } catch (error) {
      process.exitCode = reportError(error, flags)
    } finally {
      await Promise.all(open.map(({ db }) => db.destroy()))
    }
  }
}
