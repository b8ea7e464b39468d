import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test } from 'vitest'
import { ConnectionError, UnsupportedError } from '../../src/errors.js'
import { readableByOthers } from '../../src/testing/embedded-binaries.js'
import { startTestServer } from '../../src/testing/index.js'
import { temporaryBase, temporaryBases } from '../../src/testing/temporary-base.js'
import { answers } from '../answers.js'

interface Ended {
  url: string
  describe: string
  pid: number
}

const canBecomeNobody = process.getuid?.() === 0 && (await readableByOthers(process.cwd()))

/** Runs server-process.ts to its end. */
async function runProcess(
  ending: 'crash' | 'forget' | 'stop',
  identity: { uid?: number; gid?: number } = {},
): Promise<Ended> {
  const script = fileURLToPath(new URL('server-process.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', script, ending], {
    ...identity,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, TSX_DISABLE_CACHE: '1' },
  })
  if (child.stdout === null || child.pid === undefined) throw new Error('The process did not start.')
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return { ...(JSON.parse(output) as Omit<Ended, 'pid'>), pid: child.pid }
}

/** Directories that the server of a process has left behind. */
async function filesOf(pid: number): Promise<string[]> {
  const names = await Promise.all((await temporaryBases(canBecomeNobody)).map((base) => readdir(base)))
  return names.flat().filter((name) => name.startsWith('finance-db-postgres-') && name.includes(`-${pid}-`))
}

describe('the embedded server', { timeout: 60_000 }, () => {
  test('answers until it is stopped, and leaves no files', async () => {
    const server = await startTestServer({ kind: 'embedded' })
    const directories = await filesOf(process.pid)
    expect(server).toMatchObject({
      kind: 'embedded',
      describe: expect.stringMatching(/^PostgreSQL \d+\.\d+ \(embedded/),
    })
    expect(server.describe).not.toContain(new URL(server.url).password)
    expect(await answers(server.url)).toBe(true)

    await server.stop()
    await server.stop()

    expect(await answers(server.url)).toBe(false)
    expect(directories).toHaveLength(1)
    expect(await filesOf(process.pid)).toEqual([])
  })

  test('ends with a process that forgets to stop it', async () => {
    const { url, pid } = await runProcess('forget')

    expect(await answers(url)).toBe(false)
    expect(await filesOf(pid)).toEqual([])
  })

  test('that a crash has left behind is ended and removed by the next one', async () => {
    const { url, pid } = await runProcess('crash')
    expect(await answers(url)).toBe(true)

    const next = await startTestServer({ kind: 'embedded' })
    await next.stop()

    expect(await answers(url)).toBe(false)
    expect(await filesOf(pid)).toEqual([])
  })

  test('is where `TMPDIR` says, else in memory where there is any', async () => {
    const bases = await temporaryBases(canBecomeNobody)

    expect(await temporaryBase(false, { TMPDIR: '/var/tmp' })).toBe(tmpdir())
    expect(bases).toContain(await temporaryBase(canBecomeNobody, {}))
  })

  // Needs root to become someone else, and a checkout that others may read.
  test.runIf(canBecomeNobody)('runs for an ordinary user too', async () => {
    const nobody = { uid: 65_534, gid: 65_534 }

    const { describe, pid } = await runProcess('stop', nobody)

    expect(describe).toMatch(/^PostgreSQL \d+\.\d+ \(embedded/)
    expect(await filesOf(pid)).toEqual([])
  })
})

describe('startTestServer', () => {
  test('takes the server of TEST_DATABASE_URL and leaves it running', async () => {
    const url = inject('databaseUrl')

    const server = await startTestServer({ env: { TEST_DATABASE_URL: url } })
    await server.stop()

    expect(server).toMatchObject({ url, kind: 'url', describe: expect.stringContaining('TEST_DATABASE_URL') })
    expect(await answers(url)).toBe(true)
  })

  test('says that the server of TEST_DATABASE_URL does not answer, without its password', async () => {
    const starting = startTestServer({ url: 'postgres://someone:s3cret@127.0.0.1:1/none' })

    await expect(starting).rejects.toThrow(ConnectionError)
    await expect(starting).rejects.not.toThrow(/s3cret/)
  })

  test('does not wait long for a Docker engine that accepts and says nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'finance-db-docker-'))
    const socket = join(directory, 'docker.sock')
    const mute = createServer().listen(socket)
    await once(mute, 'listening')
    const began = performance.now()

    const starting = startTestServer({ kind: 'docker', env: { DOCKER_HOST: `unix://${socket}` } })

    await expect(starting).rejects.toThrow(UnsupportedError)
    await expect(starting).rejects.toThrow(/no Docker engine answers/)
    expect(performance.now() - began).toBeLessThan(3_000)
    mute.close()
    await rm(directory, { recursive: true })
  })
})
