import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedServer } from '../../src/testing/embedded-server.js'

/** A PostgreSQL whose TLS can be turned on and off, with a certificate for `localhost` from an authority of its own. */
export interface TlsServer {
  readonly port: number
  /** As the superuser, without TLS. */
  readonly url: string
  /** The authority's certificate, in PEM. */
  readonly ca: string
  /** Another authority's certificate. */
  readonly strangerCa: string
  /** Roles `plain_only` and `tls_only`, whom pg_hba.conf lets in only so, and `anyhow`; the password of each is `pw`. */
  setTls(on: boolean): Promise<void>
  stop(): Promise<void>
}

/** The certificates are made by the openssl command, which a small machine may lack. */
export const opensslIsThere = spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0

export async function startTlsServer(): Promise<TlsServer> {
  const server = await startEmbeddedServer()
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  const one = async (text: string) => String(Object.values((await admin.query(text)).rows[0])[0])

  const certificates = makeCertificates(statSync(await one('show data_directory')))
  const hba = await one('show hba_file')
  const host = (kind: string, role: string) => `${kind} all ${role} all scram-sha-256\n`
  writeFileSync(
    hba,
    `${host('hostnossl', 'plain_only')}hostssl all plain_only all reject\n${host('hostssl', 'tls_only')}` +
      `hostnossl all tls_only all reject\n${readFileSync(hba, 'utf8')}`,
  )
  await admin.query(`alter system set ssl_cert_file = '${certificates.cert}'`)
  await admin.query(`alter system set ssl_key_file = '${certificates.key}'`)
  for (const role of ['plain_only', 'tls_only', 'anyhow']) {
    await admin.query(`create role ${role} login password 'pw'`)
  }

  return {
    port: Number(new URL(server.url).port),
    url: server.url,
    ca: certificates.ca,
    strangerCa: certificates.strangerCa,
    async setTls(on) {
      await admin.query(`alter system set ssl = ${on ? 'on' : 'off'}`)
      await admin.query('select pg_reload_conf()')
      // The postmaster reads its files when the signal arrives, and a new backend shows what it read.
      while ((await sslOf(server.url)) !== (on ? 'on' : 'off'));
    },
    async stop() {
      await admin.end()
      await server.stop()
      rmSync(certificates.directory, { recursive: true, force: true })
    },
  }
}

async function sslOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ ssl: string }>('show ssl')
  await client.end()
  return rows[0]?.ssl ?? ''
}

function makeCertificates({ uid, gid }: { uid: number; gid: number }) {
  const directory = mkdtempSync(join(tmpdir(), 'finance-db-tls-'))
  chmodSync(directory, 0o711)
  const file = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
  for (const name of ['ca', 'stranger']) {
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
    )
  }
  openssl(
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'],
    ...['-keyout', file('server.key'), '-out', file('server.csr')],
  )
  writeFileSync(file('san'), 'subjectAltName=DNS:localhost')
  openssl(
    ...['x509', '-req', '-in', file('server.csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial'],
    ...['-days', '2', '-extfile', file('san'), '-out', file('server.crt')],
  )
  chmodSync(file('server.key'), 0o600)
  for (const name of ['server.key', 'server.crt']) chownSync(file(name), uid, gid)
  return {
    directory,
    cert: file('server.crt'),
    key: file('server.key'),
    ca: readFileSync(file('ca.crt'), 'utf8'),
    strangerCa: readFileSync(file('stranger.crt'), 'utf8'),
  }
}
