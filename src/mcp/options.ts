import type { AgentToolOptions } from '../readonly/tools/tools.js'

/** What both transports take. */
export interface McpOptions extends AgentToolOptions {
  /** The name that the server gives itself. Default `finance-db`. */
  readonly name?: string | undefined
}
