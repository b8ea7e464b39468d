import { type QueryExecutorProvider, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createFinanceDb, type ServerOptions } from '../../src/database.js'
import { ConnectionError } from '../../src/errors.js'
import { opensslIsThere, startTlsServer, type TlsServer } from './tls-server.js'

let server: TlsServer
beforeAll(async () => {
  if (opensslIsThere) server = await startTlsServer()
})
const title = (name: string) => (opensslIsThere ? name : `${name} (skipped: there is no openssl command)`)
afterAll(() => server?.stop())

/** By address, which the certificate does not name, or by name, which it does. */
function connect(options: ServerOptions & { host?: string; user?: string }) {
  const { host = '127.0.0.1', user = 'anyhow', ...rest } = options
  const db = createFinanceDb({ host, port: server.port, user, password: 'pw', database: 'postgres', ...rest }, {})
  onTestFinished(() => db.destroy())
  return db
}

async function usesTls(db: QueryExecutorProvider): Promise<boolean> {
  const { rows } = await sql<{ ssl: boolean }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db)
  return rows[0]?.ssl === true
}

const tls = async (options: Parameters<typeof connect>[0]) => usesTls(connect(options))

describe.skipIf(!opensslIsThere)(title('a server with TLS'), () => {
  beforeAll(() => server.setTls(true))

  test.each([
    ['disable', false],
    ['allow', false],
    ['prefer', true],
    ['require', true],
  ] as const)('%s: encrypted is %s', async (sslMode, expected) => {
    expect(await tls({ sslMode })).toBe(expected)
  })

  test('verify-ca checks the authority and not the name', async () => {
    expect(await tls({ sslMode: 'verify-ca', sslCa: server.ca })).toBe(true)
    await expect(tls({ sslMode: 'verify-ca', sslCa: server.strangerCa })).rejects.toThrow(ConnectionError)
  })

  test('verify-full checks the name too', async () => {
    expect(await tls({ sslMode: 'verify-full', sslCa: server.ca, host: 'localhost' })).toBe(true)
    await expect(tls({ sslMode: 'verify-full', sslCa: server.ca })).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/)
  })

  test('verify-full without a CA trusts the public authorities only', async () => {
    await expect(tls({ sslMode: 'verify-full', host: 'localhost' })).rejects.toThrow(/DATABASE_SSL_CA/)
  })

  test('require with a CA checks it, as libpq does', async () => {
    expect(await tls({ sslMode: 'require', sslCa: server.ca })).toBe(true)
    await expect(tls({ sslMode: 'require', sslCa: server.strangerCa })).rejects.toThrow(ConnectionError)
  })

  test('allow takes TLS when pg_hba.conf refuses plain', async () => {
    expect(await tls({ sslMode: 'allow', user: 'tls_only' })).toBe(true)
  })

  test('prefer goes plain when pg_hba.conf refuses TLS', async () => {
    expect(await tls({ sslMode: 'prefer', user: 'plain_only' })).toBe(false)
  })

  test('disable and require do not give in', async () => {
    await expect(tls({ sslMode: 'disable', user: 'tls_only' })).rejects.toThrow(/28000/)
    await expect(tls({ sslMode: 'require', user: 'plain_only' })).rejects.toThrow(/28000/)
  })

  test('sslmode of a connection string counts, also when a function gives the string', async () => {
    const connectionString = `postgresql+asyncpg://anyhow:pw@127.0.0.1:${server.port}/postgres?sslmode=disable`

    for (const source of [connectionString, async () => connectionString]) {
      const db = createFinanceDb({ connectionString: source }, { DATABASE_SSL_MODE: 'require' })
      onTestFinished(() => db.destroy())
      expect(await usesTls(db)).toBe(false)
    }
  })
})

describe.skipIf(!opensslIsThere)(title('a server without TLS'), () => {
  beforeAll(() => server.setTls(false))

  test.each(['disable', 'allow', 'prefer'] as const)('%s connects plain', async (sslMode) => {
    expect(await tls({ sslMode })).toBe(false)
  })

  test.each(['require', 'verify-ca', 'verify-full'] as const)('%s fails and says why', async (sslMode) => {
    await expect(tls({ sslMode, sslCa: server.ca })).rejects.toThrow(/has no TLS, which sslMode/)
  })

  test('prefer falls back on each of several connections that are made at once', async () => {
    const db = connect({ sslMode: 'prefer' })
    const several = () => Promise.all([1, 2, 3].map(() => sql`select pg_sleep(0.05)`.execute(db)))

    await expect(several()).resolves.toHaveLength(3)
  })

  test('the error of a refused login is that of the login, not of TLS', async () => {
    await expect(tls({ sslMode: 'prefer', user: 'tls_only' })).rejects.toThrow(/28000/)
    await expect(tls({ sslMode: 'allow', user: 'tls_only' })).rejects.toThrow(/28000/)
  })
})
