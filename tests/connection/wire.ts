import { once } from 'node:events'
import { createServer, connect as dial, type Socket } from 'node:net'

/** A statement as a client sends it. */
export interface SentStatement {
  /** Under which it is prepared; empty for one that is not kept. */
  readonly name: string
  readonly text: string
}

/** A proxy that reads along: what a pooler in front of the server would see. */
export interface Wire extends AsyncDisposable {
  readonly statements: readonly SentStatement[]
  /** The names of parameters that connections began with. */
  readonly startup: ReadonlySet<string>
  /** The same database by way of it, without TLS. */
  through(url: string): string
}

const protocol3 = 196_608

export async function startWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url)
  const statements: SentStatement[] = []
  const startup = new Set<string>()
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const upstream = dial(Number(port), hostname)
    const read = reader((type, body) => {
      if (type === '' && body.readInt32BE(0) === protocol3) {
        const words = texts(body.subarray(4))
        for (let i = 0; i + 1 < words.length; i += 2) if (words[i]) startup.add(words[i] ?? '')
      }
      const [first = '', second = ''] = type === 'P' || type === 'Q' ? texts(body) : []
      if (type === 'P') statements.push({ name: first, text: second })
      if (type === 'Q') statements.push({ name: '', text: first })
    })
    client.on('data', read)
    client.pipe(upstream)
    upstream.pipe(client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => [client, upstream].map((s) => s.destroy()))
      socket.on('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()

  return {
    statements,
    startup,
    through(database) {
      const target = new URL(database)
      target.host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
      target.searchParams.set('sslmode', 'disable')
      return target.href
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Calls back with each message of a client: its type, empty for the first one, and its body. */
function reader(onMessage: (type: string, body: Buffer) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0)
  let begun = false
  return (chunk) => {
    pending = Buffer.concat([pending, chunk])
    for (;;) {
      const offset = begun ? 1 : 0
      if (pending.length < offset + 4) return
      const end = offset + pending.readInt32BE(offset)
      if (pending.length < end) return
      onMessage(begun ? String.fromCharCode(pending[0] ?? 0) : '', pending.subarray(offset + 4, end))
      begun = true
      pending = pending.subarray(end)
    }
  }
}

function texts(body: Buffer): string[] {
  return body.toString('utf8').split('\0')
}
