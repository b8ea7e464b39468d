import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { InvalidConfigError } from '../errors.js'
import type { ReadOnlyDb } from '../readonly/door.js'
import { parseInput } from '../schema/input.js'
import { accessFinder, type McpAccess } from './access.js'
import type { McpOptions } from './options.js'
import { loadServer, loadStreamableHttp } from './peer.js'
import { admit, refuse } from './request-guard.js'
import { createSessions } from './sessions.js'

export interface McpHttpOptions extends McpOptions {
  /** Who may use it, and whose rows each sees. The model never chooses. */
  readonly access: readonly McpAccess[]
  /** Default `/mcp`. */
  readonly path?: string | undefined
  /** Names by which the server is called, without port, beside `localhost`, `127.0.0.1` and `[::1]`. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined
  /** Origins of web pages that may ask, such as `https://chat.example.org`. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /** Sessions at a time. Default 100. When they are taken, a token that has more of them gives way to one that has fewer. */
  readonly maxSessions?: number | undefined
  /** A session that nobody has used for so long ends. Default half an hour. */
  readonly sessionIdleMs?: number | undefined
  /** Of one request. Default 1 MiB. */
  readonly maxBodyBytes?: number | undefined
}

/** The streamable HTTP transport as a listener for `node:http`, or for a framework that hands on its request and response. */
export interface McpHandler {
  (request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Ends every session and cancels what runs. The door stays open. */
  close(): Promise<void>
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

const limits = z.object({
  path: z.string().startsWith('/').default('/mcp'),
  maxSessions: z.int().min(1).max(100_000).default(100),
  sessionIdleMs: z.int().min(1000).max(86_400_000).default(1_800_000),
  maxBodyBytes: z.int().min(1024).max(67_108_864).default(1_048_576),
})

/**
 * Each request needs a bearer token of `access`, a host name that is served, and no Origin but those that are allowed; the
 * body is read only after that. Let nobody parse the body before.
 *
 * @throws {InvalidConfigError} A token is missing or too short.
 * @throws {InvalidInputError} A limit makes no sense.
 */
export function mcpHandler(door: ReadOnlyDb, options: McpHttpOptions): McpHandler {
  const {
    access,
    path,
    allowedHosts = [],
    allowedOrigins = [],
    maxSessions,
    sessionIdleMs,
    maxBodyBytes,
    ...rest
  } = options
  const given = parseInput(limits, { path, maxSessions, sessionIdleMs, maxBodyBytes }, 'The options')
  const rules = {
    path: given.path,
    allowedHosts: [...loopbackNames, ...allowedHosts.map((name) => name.toLowerCase())],
    allowedOrigins,
    findAccess: accessFinder(access),
  }
  const doorOf = ({ userId }: McpAccess) => (userId === undefined ? door : door.asUser(userId))
  const sessions = createSessions(doorOf, rest, given)

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      const who = admit(request, response, rules)
      if (who !== undefined) await sessions.handle(request, response, who)
    } catch (error) {
      options.onError?.(error, 'query')
      if (response.headersSent) response.destroy()
      else refuse(response, 500, 'Something went wrong here.')
    }
  }
  return Object.assign(handle, { close: sessions.close })
}

export interface McpListenOptions extends McpHttpOptions {
  /** Default 3939; 0 takes a free one. */
  readonly port?: number | undefined
  /** A loopback address: `127.0.0.1`, the default, or `::1`. For others put a proxy with TLS before it. */
  readonly host?: '127.0.0.1' | '::1' | undefined
}

export interface McpListener extends AsyncDisposable {
  /** Such as `http://127.0.0.1:3939/mcp`. */
  readonly url: string
  readonly port: number
  /** Takes no more requests, ends the sessions and closes the port. The door stays open. */
  close(): Promise<void>
}

// What is being sent may still arrive.
const graceMs = 2000

/**
 * Serves the door over streamable HTTP on this machine.
 *
 * @throws {InvalidConfigError} `host` is not loopback, or `access` is not good.
 * @throws {UnsupportedError} The package `@modelcontextprotocol/sdk` is missing.
 */
export async function listenMcp(door: ReadOnlyDb, options: McpListenOptions): Promise<McpListener> {
  const { port = 3939, host = '127.0.0.1', ...rest } = options
  if (host !== '127.0.0.1' && host !== '::1') {
    throw new InvalidConfigError([{ path: 'host', message: 'must be 127.0.0.1 or ::1: only loopback is served' }])
  }
  await Promise.all([loadServer(), loadStreamableHttp()])
  const handler = mcpHandler(door, rest)
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    void handler(request, response)
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    await handler.close()
    throw error
  }
  const address = server.address() as AddressInfo
  const close = async () => {
    const gone = new Promise<void>((resolve) => server.close(() => resolve()))
    await handler.close()
    server.closeIdleConnections()
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    await gone
    clearTimeout(timer)
  }
  return {
    url: `http://${host === '::1' ? '[::1]' : host}:${address.port}${rest.path ?? '/mcp'}`,
    port: address.port,
    close,
    [Symbol.asyncDispose]: close,
  }
}
