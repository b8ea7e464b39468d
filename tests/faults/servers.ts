import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { appendFile, chmod, chown, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { locateBinaries } from '../../src/testing/embedded-binaries.js'
import { findIdentity, freePort, type Identity, stopChild, usableBinaries } from '../../src/testing/embedded-server.js'
import { temporaryBase } from '../../src/testing/temporary-base.js'
import { answers } from '../answers.js'

const run = promisify(execFile)

/**
 * Commits are flushed before they are acknowledged, unlike on the server of the other tests. `fsync` is off: what a killed
 * process has written stays in the system's memory, and no test here cuts the power.
 */
const SETTINGS = `
fsync = off
synchronous_commit = on
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 16MB
max_connections = 60
dynamic_shared_memory_type = mmap # who is killed leaves nothing outside of its directory
wal_level = replica
hot_standby = on
max_wal_senders = 5
wal_retrieve_retry_interval = 100ms
`

/** A server that tests may kill. */
export interface Server extends AsyncDisposable {
  readonly url: string
  readonly directory: string
  /** As a power cut does to processes: the postmaster and every backend at once. */
  kill(): Promise<void>
  /** Ends it in order: `SIGTERM` waits for sessions, `SIGINT` ends them. */
  shutDown(signal: 'SIGINT' | 'SIGTERM'): Promise<void>
  /** Starts it again where it was. Resolves when it answers. */
  start(): Promise<void>
  execute<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]>
  /** A hot standby of it, made by `pg_basebackup` or, where that is not, as a copy while it stands still. */
  standby(settings?: string): Promise<Server>
}

const debian = (await readdir('/usr/lib/postgresql').catch(() => []))
  .map((version) => `/usr/lib/postgresql/${version}/bin`)
  .find((path) => existsSync(join(path, 'pg_basebackup')) && existsSync(join(path, 'initdb')))

interface Binaries {
  readonly postgres: string
  readonly initdb: string
  readonly basebackup: string | undefined
}

/** Debian's where there are any, since they bring `pg_basebackup`; else those from npm. */
async function binariesFor(
  directory: string,
  identity: Identity | undefined,
  prefer: 'debian' | 'npm',
): Promise<Binaries> {
  if (debian !== undefined && prefer === 'debian') {
    const at = (name: string) => join(debian, name)
    return { postgres: at('postgres'), initdb: at('initdb'), basebackup: at('pg_basebackup') }
  }
  const installed = await usableBinaries(await locateBinaries(), directory, identity)
  return { postgres: installed.postgres, initdb: installed.initdb, basebackup: undefined }
}

export async function startServer(settings = '', prefer: 'debian' | 'npm' = 'npm'): Promise<Server> {
  const identity = await findIdentity()
  const directory = await mkdtemp(join(await temporaryBase(identity !== undefined), 'finance-db-fault-'))
  await chmod(directory, 0o755)
  const binaries = await binariesFor(directory, identity, prefer)
  const data = await ownDirectory(join(directory, 'data'), identity)
  await run(
    binaries.initdb,
    ['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    { ...identity, cwd: directory },
  )
  await appendFile(join(data, 'postgresql.conf'), `${SETTINGS}${settings}`)
  return launch({ directory, data, binaries, identity })
}

export async function ownDirectory(path: string, identity: Identity | undefined): Promise<string> {
  await mkdir(path, { mode: 0o700, recursive: true })
  if (identity !== undefined) await chown(path, identity.uid, identity.gid)
  return path
}

interface Place {
  readonly directory: string
  readonly data: string
  readonly binaries: Binaries
  readonly identity: Identity | undefined
}

async function launch({ directory, data, binaries, identity }: Place): Promise<Server> {
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  let child: ChildProcess | undefined
  let log = ''

  async function start(): Promise<void> {
    for (const deadline = Date.now() + 30_000; ; await sleep(50)) {
      const spawned = spawn(binaries.postgres, ['-D', data, '-p', String(port)], {
        ...identity,
        cwd: data,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      child = spawned
      spawned.stderr.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-3000)
      })
      while (spawned.exitCode === null && spawned.signalCode === null) {
        if (await answers(url)) return
        await sleep(20)
      }
      // Backends of the killed postmaster may still be ending.
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not start:\n${log}`)
    }
  }

  async function execute<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
    await client.connect()
    try {
      return (await client.query<Row>(sql)).rows
    } finally {
      await client.end()
    }
  }

  const ended = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill(signal)
    await exited
  }

  const server: Server = {
    url,
    directory,
    start,
    execute,
    async kill() {
      // The postmaster first, so that it cannot tidy up; its backends have it as their parent.
      const backends = child?.pid === undefined ? [] : await childrenOf(child.pid)
      await ended('SIGKILL')
      for (const pid of backends) killed(pid)
    },
    shutDown: ended,
    async standby(settings = '') {
      const copy = join(directory, `standby-${port}`)
      if (binaries.basebackup !== undefined) {
        await ownDirectory(copy, identity)
        await run(binaries.basebackup, ['-D', copy, '-d', url, '--checkpoint=fast', '--no-sync', '-X', 'stream'], {
          ...identity,
          cwd: directory,
        })
      } else {
        await ended('SIGINT')
        await cp(data, copy, { recursive: true, preserveTimestamps: true })
        if (identity !== undefined) await run('chown', ['-R', `${identity.uid}:${identity.gid}`, copy])
        await chmod(copy, 0o700)
        await start()
      }
      await appendFile(join(copy, 'postgresql.conf'), `\nprimary_conninfo = '${conninfo(port)}'\n${settings}`)
      await writeFile(join(copy, 'standby.signal'), '')
      if (identity !== undefined) await chown(join(copy, 'standby.signal'), identity.uid, identity.gid)
      return launch({ directory: copy, data: copy, binaries, identity })
    },
    async [Symbol.asyncDispose]() {
      if (child !== undefined) await stopChild(child)
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await start()
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

const conninfo = (port: number) => `host=127.0.0.1 port=${port} user=postgres application_name=standby`

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-o', 'pid=', '--ppid', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]))
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
