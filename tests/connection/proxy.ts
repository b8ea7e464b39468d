import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** A TCP proxy in front of a server, which can do what networks do. */
export interface Proxy {
  readonly port: number
  /** How many connections were opened so far. */
  readonly opened: () => number
  /** What clients said to begin with, by connection. */
  readonly heard: () => readonly string[]
  /** The same database, by way of the proxy. */
  through(url: string): string
  /** From now on nothing is passed on over the connections that are open, as by a firewall that forgot them; new ones work. */
  swallow(): void
  /** From now on what the server says over the connections that are open is lost, and what it is told arrives. */
  swallowAnswers(): void
  /** Resets the connections that are open. */
  cut(): void
  /** `answer`: new connections work. `refuse`: they are reset. `hang`: they are taken and never answered. */
  newcomers(get: 'answer' | 'refuse' | 'hang'): void
  /** New connections go to another server, as when a name or an address moves. */
  retarget(url: string): void
  close(): Promise<void>
}

export async function startProxy(url: string): Promise<Proxy> {
  let { hostname, port } = new URL(url)
  const pairs = new Set<readonly Socket[]>()
  const heard: string[] = []
  let opened = 0
  let mode: 'answer' | 'refuse' | 'hang' = 'answer'

  const server = createServer((client) => {
    opened++
    client.on('error', () => client.destroy())
    if (mode === 'refuse') {
      client.resetAndDestroy()
      return
    }
    if (mode === 'hang') {
      client.resume()
      pairs.add([client])
      return
    }
    const upstream = dial(Number(port), hostname)
    const pair = [client, upstream]
    pairs.add(pair)
    const connection = heard.push('') - 1
    client.on('data', (bytes) => {
      if ((heard[connection]?.length ?? 0) < 4096) heard[connection] += bytes.toString('latin1')
    })
    client.pipe(upstream)
    upstream.pipe(client)
    for (const socket of pair) {
      socket.on('error', () => pair.map((s) => s.destroy()))
      socket.on('close', () => pairs.delete(pair))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0

  return {
    port: own,
    opened: () => opened,
    heard: () => heard,
    through(database) {
      const target = new URL(database)
      target.hostname = '127.0.0.1'
      target.port = String(own)
      return target.href
    },
    swallow() {
      for (const [client, upstream] of pairs) {
        if (client === undefined || upstream === undefined) continue
        client.unpipe(upstream)
        upstream.unpipe(client)
        client.resume()
      }
    },
    swallowAnswers() {
      for (const [client, upstream] of pairs) {
        if (client === undefined || upstream === undefined) continue
        upstream.unpipe(client)
        upstream.resume()
      }
    },
    cut() {
      for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy()
      pairs.clear()
    },
    newcomers(get) {
      mode = get
    },
    retarget(to) {
      ;({ hostname, port } = new URL(to))
    },
    async close() {
      server.close()
      for (const pair of pairs) for (const socket of pair) socket.destroy()
    },
  }
}
