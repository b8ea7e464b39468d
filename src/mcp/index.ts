/** `@org/finance-db/mcp`: the read-only door as a server of the Model Context Protocol. Needs `@modelcontextprotocol/sdk`. */
export type { McpAccess } from './access.js'
export {
  listenMcp,
  type McpHandler,
  type McpHttpOptions,
  type McpListener,
  type McpListenOptions,
  mcpHandler,
} from './http.js'
export type { McpOptions } from './options.js'
export { type McpStdioOptions, serveMcpStdio } from './stdio.js'
