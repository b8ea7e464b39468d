import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/testing/embedded-server.js'

/** The path of the binary, which distributions put outside the PATH of ordinary users. */
export const pgbouncerBinary = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  .map((directory) => join(directory, 'pgbouncer'))
  .find((path) => existsSync(path))

/**
 * A PgBouncer in transaction mode before the server of `url`, with `poolSize` connections to each database for each role.
 * Roles log in as themselves, with the secrets that the server has of them; where it asks no password, all are that of `url`.
 */
export async function startPgBouncer(binary: string, url: string, poolSize: number, settings = '') {
  const server = new URL(url)
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'finance-db-pgbouncer-'))
  const config = join(directory, 'pgbouncer.ini')
  const user = decodeURIComponent(server.username)
  const password = decodeURIComponent(server.password)
  const users = join(directory, 'users.txt')
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  await writeFile(users, `${quoted(user)} ${quoted(password)}\n`, { mode: 0o600 })
  const [as, authentication] =
    password === ''
      ? [`user=${user}`, 'auth_type = any']
      : [`auth_user=${user}`, `auth_type = scram-sha-256\nauth_file = ${users}`]
  await writeFile(
    config,
    `[databases]
* = host=${server.hostname} port=${server.port || 5432} ${as}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
${authentication}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 1000
${settings}`,
    { mode: 0o600 },
  )

  const identity = notRoot()
  if (identity !== undefined) {
    await chown(directory, identity.uid, identity.gid)
    for (const file of [config, users]) await chown(file, identity.uid, identity.gid)
  }
  const child = spawn(binary, [config], { ...identity, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit')
      child.kill('SIGINT')
      await Promise.race([exited, sleep(2_000).then(() => child.kill('SIGKILL'))])
    }
    await rm(directory, { recursive: true, force: true })
  }

  for (const deadline = Date.now() + 5_000; !(await answers(port)); ) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await stop()
      throw new Error(`PgBouncer does not start:\n${log}`)
    }
    await sleep(50)
  }
  const through = (database: string) => {
    const target = new URL(database)
    target.hostname = '127.0.0.1'
    target.port = String(port)
    return target.href
  }
  return { through, [Symbol.asyncDispose]: stop }
}

/** PgBouncer refuses to be root. */
function notRoot(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody']).toString())
  return { uid: id('-u'), gid: id('-g') }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
