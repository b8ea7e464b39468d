import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FindAccess, McpAccess } from './access.js'

export interface RequestRules {
  readonly path: string
  /** Names without a port. */
  readonly allowedHosts: readonly string[]
  readonly allowedOrigins: readonly string[]
  readonly findAccess: FindAccess
}

/**
 * Who asks, or undefined when the request was answered with a refusal. A page in a browser can reach a server on loopback by
 * a name of its own (DNS rebinding) and has an Origin: so both are looked at before the token is.
 */
export function admit(request: IncomingMessage, response: ServerResponse, rules: RequestRules): McpAccess | undefined {
  const { host, origin, authorization } = request.headers
  if (!rules.allowedHosts.includes(hostName(host))) return refuse(response, 403, 'This host name is not served.')
  if (origin !== undefined && !rules.allowedOrigins.includes(origin)) {
    return refuse(response, 403, 'Requests of web pages are not served.')
  }
  if (pathOf(request.url) !== rules.path) return refuse(response, 404, 'There is nothing here.')
  if (!['GET', 'POST', 'DELETE'].includes(request.method ?? '')) {
    return refuse(response, 405, 'This method is not served.', { allow: 'GET, POST, DELETE' })
  }
  const [, token = ''] = /^Bearer ([^\s]+)$/i.exec(authorization ?? '') ?? []
  const access = rules.findAccess(token)
  if (access !== undefined) return access
  return refuse(response, 401, 'A bearer token is needed.', { 'www-authenticate': 'Bearer realm="finance-db"' })
}

/** As JSON-RPC has errors, which clients read. */
export function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): undefined {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers })
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }))
}

/** `127.0.0.1` of `127.0.0.1:3939`, `[::1]` of `[::1]:3939`. */
function hostName(host: string | undefined): string {
  return (host ?? '').toLowerCase().replace(/:\d+$/, '')
}

function pathOf(url: string | undefined): string {
  return (url ?? '').replace(/[?#].*$/s, '')
}
