import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/testing/embedded-server.js'

const bin = [18, 17, 16, 15]
  .map((major) => `/usr/lib/postgresql/${major}/bin`)
  .find((path) => existsSync(join(path, 'initdb')))

/** Where its programs are. */
export const debianPrograms = bin ?? ''

/** Whether this machine has a server of Debian's, whose pg_dump is of its own version. */
export const hasDebianServer = bin !== undefined

/** Use with `await using`: it runs in a temporary directory, on a free port of 127.0.0.1. */
export async function startDebianServer(): Promise<AsyncDisposable & { readonly url: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'finance-db-debian-'))
  const as = process.getuid?.() === 0 ? { uid: id('-u'), gid: id('-g') } : undefined
  if (as !== undefined) await chown(directory, as.uid, as.gid)
  const data = join(directory, 'data')
  const port = await freePort()
  const options = { ...as, cwd: directory, stdio: 'ignore' } as const
  execFileSync(join(bin ?? '', 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync'], options)
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`
  const control = join(bin ?? '', 'pg_ctl')
  execFileSync(control, ['-D', data, '-o', settings, '-l', join(directory, 'log'), '-w', 'start'], options)
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async [Symbol.asyncDispose]() {
      execFileSync(control, ['-D', data, '-m', 'immediate', '-w', 'stop'], options)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function id(flag: string): number {
  return Number(execFileSync('id', [flag, 'postgres']).toString())
}
