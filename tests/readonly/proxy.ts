import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Passes bytes between a server and its clients, until it is muted: then nothing passes, and nothing is closed. */
export async function muteableProxy(
  url: string,
): Promise<AsyncDisposable & { readonly url: string; mute(on: boolean): void }> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let muted = false
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => muted || to.write(chunk))
      from.on('error', () => {}).on('close', () => muted || to.destroy())
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    mute(on) {
      muted = on
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
