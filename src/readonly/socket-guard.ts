import type { Duplex } from 'node:stream'

/** Why a connection was cut. */
export type Trip = 'bytes' | 'message' | 'copy' | 'notices'

export interface SocketBudget {
  /** Bytes of all messages together. */
  readonly maxBytes: number
}

/** Watches what a server sends before the driver reads it. */
export interface SocketGuard {
  /** Counts from here. */
  start(budget: SocketBudget): void
  readonly bytes: number
  readonly tripped: Trip | undefined
}

const headerLength = 5
const maxNotices = 200
const [copyOut, copyBoth, notice, notification] = [0x48, 0x57, 0x4e, 0x41]

/**
 * Reads the headers of the messages (a type and a length) as they pass by, and destroys the socket when more comes than is
 * allowed, or is announced: the driver would collect a message of 600 MB and die of it, since no string of V8 is that long.
 * Has to be put on a connection that is ready for a query, where one message ends and the next begins.
 */
export function guardSocket(stream: Duplex): SocketGuard {
  const header = Buffer.alloc(headerLength)
  let held = 0
  let body = 0
  let maxBytes = Infinity
  let bytes = 0
  let notices = 0
  let tripped: Trip | undefined

  function trip(why: Trip): void {
    tripped ??= why
    stream.destroy()
  }

  function onMessage(type: number, length: number): void {
    if (type === copyOut || type === copyBoth) trip('copy')
    else if (length > maxBytes) trip('message')
    else if ((type === notice || type === notification) && ++notices > maxNotices) trip('notices')
  }

  stream.prependListener('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) trip('bytes')
    for (let at = 0; at < chunk.length && tripped === undefined; ) {
      if (body > 0) {
        const step = Math.min(body, chunk.length - at)
        body -= step
        at += step
        continue
      }
      const step = Math.min(headerLength - held, chunk.length - at)
      chunk.copy(header, held, at, at + step)
      held += step
      at += step
      if (held < headerLength) return
      held = 0
      body = header.readUInt32BE(1) - 4
      onMessage(header[0] as number, body)
    }
  })

  return {
    start(budget) {
      ;[maxBytes, bytes, notices] = [budget.maxBytes, 0, 0]
    },
    get bytes() {
      return bytes
    },
    get tripped() {
      return tripped
    },
  }
}
