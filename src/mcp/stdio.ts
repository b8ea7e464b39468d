import type { Readable, Writable } from 'node:stream'
import type { ToolDoor } from '../readonly/tools/tools.js'
import type { McpOptions } from './options.js'
import { loadStdio } from './peer.js'
import { createMcpServer } from './server.js'

export interface McpStdioOptions extends McpOptions {
  /** Default: stdin. */
  readonly input?: Readable | undefined
  /** Default: stdout. Only messages of the protocol are written to it: let nothing else of the process write there. */
  readonly output?: Writable | undefined
  /** Aborting it ends the server. */
  readonly signal?: AbortSignal | undefined
}

// A query with its parameters has room in it many times.
const maxMessageBytes = 4 * 1024 * 1024

/**
 * Serves the door to the program that started this process, over stdin and stdout. Whose rows it sees is the door's:
 * `door.asUser(userId)`. Resolves when the client has gone or `signal` is aborted; queries that still run are cancelled.
 *
 * @throws {UnsupportedError} The package `@modelcontextprotocol/sdk` is missing.
 */
export async function serveMcpStdio(door: ToolDoor, options: McpStdioOptions = {}): Promise<void> {
  const { input = process.stdin, output = process.stdout, signal, ...rest } = options
  const { StdioServerTransport } = await loadStdio()
  const server = await createMcpServer(door, rest)
  const transport = new StdioServerTransport(input, output, { maxBufferSize: maxMessageBytes })
  let end = () => {}
  const over = new Promise<void>((resolve) => {
    end = resolve
  })

  server.server.onclose = end
  // The transport does not look at the end of its input, nor at a client that no longer reads.
  for (const event of ['end', 'close', 'error']) input.once(event, end)
  output.once('error', end)
  signal?.addEventListener('abort', end)
  if (signal?.aborted) end()
  try {
    await server.connect(transport)
    await over
  } finally {
    for (const event of ['end', 'close', 'error']) input.off(event, end)
    signal?.removeEventListener('abort', end)
    await server.close()
  }
}
