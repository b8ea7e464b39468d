import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { ToolDoor } from '../readonly/tools/tools.js'
import type { McpAccess } from './access.js'
import type { McpOptions } from './options.js'
import { loadStreamableHttp } from './peer.js'
import { refuse } from './request-guard.js'
import { createMcpServer } from './server.js'

export interface SessionLimits {
  readonly maxSessions: number
  readonly sessionIdleMs: number
  readonly maxBodyBytes: number
}

export interface Sessions {
  /** Answers a request of someone who was admitted. */
  handle(request: IncomingMessage, response: ServerResponse, access: McpAccess): Promise<void>
  /** Ends them all, and cancels what they run. */
  close(): Promise<void>
}

interface Session {
  readonly access: McpAccess
  readonly server: McpServer
  readonly transport: StreamableHTTPServerTransport
  /** Requests that are being answered, open streams among them. */
  open: number
  lastUsed: number
}

/** A session that begins. */
interface Place {
  readonly access: McpAccess
  session?: Session
}

/** A server for each client that has introduced itself. A session belongs to the token that began it. */
export function createSessions(
  doorOf: (access: McpAccess) => ToolDoor,
  options: McpOptions,
  { maxSessions, sessionIdleMs, maxBodyBytes }: SessionLimits,
): Sessions {
  const sessions = new Map<string, Session>()
  // Counted before anything is awaited; each with its session as soon as there is one.
  const beginning = new Set<Place>()
  let closed = false

  const sweep = setInterval(() => void endIdle(), Math.max(1000, Math.min(60_000, sessionIdleMs / 2)))
  sweep.unref()

  async function endIdle(): Promise<void> {
    const now = Date.now()
    const idle = [...sessions.values()].filter(({ open, lastUsed }) => open === 0 && now - lastUsed > sessionIdleMs)
    await Promise.allSettled(idle.map(({ server }) => server.close()))
  }

  const heldBy = (access: McpAccess) =>
    [...sessions.values(), ...beginning].filter((one) => one.access === access).length

  /** Whether there is room for one more of a token. When all is taken, who has the most gives way to who has fewer. */
  function makeRoom(access: McpAccess): boolean {
    if (sessions.size + beginning.size < maxSessions) return true
    const tokens = [...new Set([...sessions.values()].map((session) => session.access))]
    const [most] = tokens.sort((a, b) => heldBy(b) - heldBy(a))
    if (most === undefined || heldBy(most) <= heldBy(access) + 1) return false
    const theirs = [...sessions].filter(([, session]) => session.access === most)
    const [oldest] = theirs.sort(([, a], [, b]) => Math.min(a.open, 1) - Math.min(b.open, 1) || a.lastUsed - b.lastUsed)
    if (oldest === undefined) return false
    const [id, { server }] = oldest
    sessions.delete(id)
    void server.close().catch(() => {})
    return true
  }

  async function begin(access: McpAccess, place: Place): Promise<Session> {
    const { StreamableHTTPServerTransport } = await loadStreamableHttp()
    const server = await createMcpServer(doorOf(access), options)
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: maxBodyBytes,
      onsessioninitialized: (id) => {
        sessions.set(id, session)
      },
    })
    const session: Session = { access, server, transport, open: 0, lastUsed: Date.now() }
    server.server.onclose = () => {
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId)
    }
    place.session = session
    // Its callbacks are typed as `| undefined`, which exactOptionalPropertyTypes tells from optional.
    await server.connect(transport as Parameters<McpServer['connect']>[0])
    return session
  }

  async function answer(session: Session, request: IncomingMessage, response: ServerResponse): Promise<void> {
    session.open++
    session.lastUsed = Date.now()
    response.once('close', () => {
      session.open--
      session.lastUsed = Date.now()
    })
    await session.transport.handleRequest(request, response)
  }

  return {
    async handle(request, response, access) {
      if (closed) return refuse(response, 503, 'The server is shutting down.')
      const id = request.headers['mcp-session-id']
      if (id !== undefined) {
        const session = typeof id === 'string' ? sessions.get(id) : undefined
        // One of another token is not told from one that there is not.
        if (session?.access !== access) return refuse(response, 404, 'There is no such session: begin a new one.')
        return answer(session, request, response)
      }
      if (request.method !== 'POST') return refuse(response, 400, 'A session is needed: begin with initialize.')
      if (!makeRoom(access)) {
        return refuse(response, 503, 'There are too many sessions.', { 'retry-after': '60' })
      }
      const place: Place = { access }
      beginning.add(place)
      try {
        const session = await begin(access, place)
        if (closed) return refuse(response, 503, 'The server is shutting down.')
        await answer(session, request, response)
      } finally {
        beginning.delete(place)
        // It was no introduction, and the transport has said so.
        if (place.session?.transport.sessionId === undefined) await place.session?.server.close()
      }
    },
    async close() {
      closed = true
      clearInterval(sweep)
      await Promise.allSettled(
        [...sessions.values(), ...[...beginning].flatMap(({ session }) => session ?? [])].map(({ server }) =>
          server.close(),
        ),
      )
    },
  }
}
