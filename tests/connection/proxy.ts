import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** A TCP proxy in front of a server, which can stop passing anything on, as a firewall that forgot a connection does. */
export interface Proxy {
  readonly port: number
  /** How many connections were opened so far. */
  readonly opened: () => number
  /** From now on nothing is passed on over the connections that are open; new ones work. */
  swallow(): void
  close(): Promise<void>
}

export async function startProxy(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url)
  const pairs = new Set<readonly [Socket, Socket]>()
  let opened = 0

  const server = createServer((client) => {
    const upstream = dial(Number(port), hostname)
    const pair = [client, upstream] as const
    pairs.add(pair)
    opened++
    client.pipe(upstream)
    upstream.pipe(client)
    for (const socket of pair) socket.on('error', () => pair.map((s) => s.destroy()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    opened: () => opened,
    swallow() {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream)
        upstream.unpipe(client)
        client.resume()
      }
    },
    async close() {
      server.close()
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
  }
}
