import { UnsupportedError } from '../errors.js'

/** The optional package of the protocol, loaded when a server is made: the library runs without it. */

export function loadServer() {
  return import('@modelcontextprotocol/sdk/server/mcp.js').catch(missing)
}

export function loadStdio() {
  return import('@modelcontextprotocol/sdk/server/stdio.js').catch(missing)
}

export function loadStreamableHttp() {
  return import('@modelcontextprotocol/sdk/server/streamableHttp.js').catch(missing)
}

function missing(cause: unknown): never {
  throw new UnsupportedError(
    'The Model Context Protocol is spoken with @modelcontextprotocol/sdk: npm install @modelcontextprotocol/sdk',
    { cause },
  )
}
