import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createReadOnlyDb } from '../../src/readonly/index.js'
import { startProxy } from '../connection/proxy.js'
import { opensslIsThere, startTlsServer, type TlsServer } from '../connection/tls-server.js'

const title = `a cancel over TLS${opensslIsThere ? '' : ' (skipped: there is no openssl command)'}`
let server: TlsServer
let admin: pg.Client

async function sleepers(): Promise<number> {
  const { rows } = await admin.query(`select count(*)::int as n from pg_stat_activity
    where usename = 'tls_only' and state = 'active' and query like '%pg_sleep%'`)
  return rows[0].n
}

async function until(reached: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (await reached()) return
    await sleep(20)
  }
  throw new Error('It did not come to that.')
}

describe.skipIf(!opensslIsThere)(title, () => {
  beforeAll(async () => {
    server = await startTlsServer()
    await server.setTls(true)
    admin = new pg.Client({ connectionString: server.url })
    await admin.connect()
    await admin.query('revoke temporary on database postgres from public')
  })
  afterAll(async () => {
    await admin?.end()
    await server?.stop()
  })

  test.each([
    ['require', '127.0.0.1', undefined],
    ['verify-ca', '127.0.0.1', 'ca'],
    ['verify-full', 'localhost', 'ca'],
  ] as const)('ends what runs on the server, with sslMode %s', async (sslMode, host, authority) => {
    const proxy = await startProxy(server.url)
    onTestFinished(() => proxy.close())
    const login = { user: 'tls_only', password: 'pw', database: 'postgres', guard: 'off' } as const
    const sslCa = authority && server[authority]
    const door = createReadOnlyDb({ ...login, host, port: proxy.port, sslMode, sslCa }, {})
    onTestFinished(() => door.destroy())
    const stop = new AbortController()
    const outcome = door.query('select pg_sleep(25)', { signal: stop.signal }).catch((error: unknown) => error)
    await until(async () => (await sleepers()) === 1)

    stop.abort(new Error('enough'))

    expect(await outcome).toMatchObject({ message: 'enough' })
    // A connection that is merely closed leaves it asleep.
    await until(async () => (await sleepers()) === 0)
    expect(proxy.heard()).toHaveLength(2)
    for (const said of proxy.heard()) {
      // The request for TLS, 80877103, and a handshake: never a key that others could read and cancel with.
      expect(Buffer.from(said, 'latin1').toString('hex')).toMatch(/^0000000804d2162f1603/)
      expect(said.includes('localhost')).toBe(host === 'localhost')
    }
  })
})
