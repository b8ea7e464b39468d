import { connect as connectSocket, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

/** What is needed of a pg client to cancel what it runs. */
export interface Cancellable {
  readonly host: string
  readonly port: number
  readonly ssl: boolean | ConnectionOptions
  readonly processID: number | null
  readonly secretKey: number | null
}

const cancelCode = 80_877_102
const sslCode = 80_877_103
const limitMs = 5000

/**
 * Asks the server, over a connection of its own, to cancel what a session runs. Resolves when the request was delivered or
 * could not be: the server says nothing either way.
 *
 * @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
export function requestCancel({ host, port, ssl, processID, secretKey }: Cancellable): Promise<void> {
  if (processID === null || secretKey === null) return Promise.resolve()
  const request = message(cancelCode, processID, secretKey)
  return new Promise((resolve) => {
    const socket: Socket = host.startsWith('/') ? connectSocket(`${host}/.s.PGSQL.${port}`) : connectSocket(port, host)
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve()
    }
    const timer = setTimeout(done, limitMs)
    // The server closes, as it does for libpq: PgBouncer 1.18 ends itself over a client that leaves first.
    socket.once('error', done).once('close', done)
    socket.once('connect', () => {
      if (!ssl || host.startsWith('/')) {
        socket.write(request)
        return
      }
      socket.write(message(sslCode))
      socket.once('data', (answer) => {
        if (answer.toString('latin1') !== 'S') return done()
        // By name, so that a proxy that goes by it finds the server; an address is no name (RFC 6066).
        const options = { ...(ssl === true ? {} : ssl), host, socket, ...(isIP(host) === 0 && { servername: host }) }
        const secure = connectTls(options, () => secure.write(request))
        secure.once('error', done).once('close', done)
      })
    })
  })
}

function message(...numbers: number[]): Buffer {
  const buffer = Buffer.alloc(4 + numbers.length * 4)
  buffer.writeInt32BE(buffer.length, 0)
  for (const [i, number] of numbers.entries()) buffer.writeInt32BE(number, 4 + i * 4)
  return buffer
}
